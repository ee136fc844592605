/* SPDX-License-Identifier: Apache-2.0 */
/* Adding is order-free, so frames come as they lie; what of them falls into closed windows is
 * passed over by the detector itself. */
#include "tools/restore.h"

#include "base/file.h"
#include "store/segment.h"

#include <stdlib.h>

struct restore {
    struct detector *detector;
    struct frame_decoder *decoder;
    struct batch batch;
    int64_t open_ms;
};

/* An end stands for its whole unit, of at most a second: one window more is looked at, at no harm.
 */
static bool reaches(const struct restore *restore, int64_t max_ms) {
    return max_ms >= restore->open_ms - 1000;
}

static bool add_segment(struct restore *restore, const char *path, struct error *err) {
    struct segment *segment;
    if (!segment_open(&segment, path, err)) {
        return false;
    }
    bool ok = true;
    for (uint32_t i = 0; ok && i < segment_count(segment); i++) {
        const struct segment_entry *entry = segment_entry(segment, i);
        if ((entry->flags & (BATCH_LATE | BATCH_FUTURE)) != 0 || !reaches(restore, entry->max_ms)) {
            continue;
        }
        ok = frame_decode(restore->decoder, &restore->batch, segment_frame(segment, i), FRAME_ALL,
                          err) ||
             error_context(err, "%s: frame %u", path, i);
        ok = ok && detector_add(restore->detector, &restore->batch, err);
    }
    segment_close(segment);
    return ok;
}

bool restore_open(const char *directory, const struct manifest *manifest, struct detector *detector,
                  struct error *err) {
    struct restore restore = { .detector = detector, .open_ms = detector_open_ms(detector) };
    bool ok = batch_init(&restore.batch, err) && (restore.decoder = frame_decoder_new(err)) != NULL;
    for (size_t i = 0; ok && i < manifest_segment_count(manifest); i++) {
        const struct manifest_segment *about = manifest_segment(manifest, i);
        if (about->is_future || !reaches(&restore, about->max_ms)) {
            continue;
        }
        char *path = file_join(directory, about->path);
        ok = path != NULL ? add_segment(&restore, path, err)
                          : error_set(err, ERROR_LIMIT, "no memory for a path");
        free(path);
    }
    frame_decoder_free(restore.decoder);
    batch_done(&restore.batch);
    return ok;
}
