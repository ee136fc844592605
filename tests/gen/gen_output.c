/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gen/gen_output.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <unistd.h>

/* What a member may take beyond its text when nothing compresses: stored blocks of 64 KiB with 5
 * bytes each, header and trailer. */
#define GZIP_OVERHEAD(size) ((size) / 8192 + 512)

bool gen_output_open(const char *path, int *descriptor, struct error *err) {
    if (!file_make_folders(path, err)) {
        return false;
    }
    *descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return *descriptor >= 0 || error_system(err, errno, "%s", path);
}

bool gen_output_file(const char *path, struct bytes bytes, struct error *err) {
    int descriptor;
    if (!gen_output_open(path, &descriptor, err)) {
        return false;
    }
    bool is_written = file_write(descriptor, path, bytes, err);
    if (close(descriptor) != 0 && is_written) {
        return error_system(err, errno, "%s", path);
    }
    return is_written;
}

bool gen_output_gzip(struct buffer *out, struct bytes text, struct error *err) {
    if (text.size > UINT32_MAX) {
        return error_set(err, ERROR_LIMIT, "an object of %zu bytes, at most 4 GiB", text.size);
    }
    struct isal_zstream stream;
    isal_deflate_init(&stream);
    size_t room = text.size + GZIP_OVERHEAD(text.size);
    buffer_reset(out);
    uint8_t *to = buffer_reserve(out, room);
    uint8_t *level = malloc(ISAL_DEF_LVL1_DEFAULT);
    if (to == NULL || level == NULL) {
        free(level);
        return error_set(err, ERROR_LIMIT, "no memory to compress %zu bytes", text.size);
    }
    stream.level = 1;
    stream.level_buf = level;
    stream.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
    stream.gzip_flag = IGZIP_GZIP;
    stream.end_of_stream = 1;
    stream.flush = NO_FLUSH;
    stream.next_in = (uint8_t *)(uintptr_t)text.data;
    stream.avail_in = (uint32_t)text.size;
    stream.next_out = to;
    stream.avail_out = room > UINT32_MAX ? UINT32_MAX : (uint32_t)room;
    int result = isal_deflate(&stream);
    free(level);
    if (result != COMP_OK || stream.internal_state.state != ZSTATE_END) {
        return error_set(err, ERROR_LIMIT, "igzip: result %d after %u bytes", result,
                         stream.total_in);
    }
    out->size += stream.total_out;
    return true;
}
