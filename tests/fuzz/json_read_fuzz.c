/* SPDX-License-Identifier: Apache-2.0 */
/* Property: the pull reader takes what a plain recursive parser takes, gives the same tokens, and
 * does so however the text comes in pieces; a text is taken when it is skipped if and only if it is
 * taken when it is read, and its error is the same at the same place in all of these ways. The
 * first octet is the size of a piece. */
#include "tests/unit/json_reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true) {
    if (!is_true) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    size_t piece_size = data[0] == 0 ? SIZE_MAX : data[0];
    struct bytes text = bytes_of(data + 1, size - 1);
    struct buffer want;
    struct buffer got;
    struct error read_error = { 0 };
    struct error skip_error = { 0 };
    buffer_init(&want, SIZE_MAX / 4);
    buffer_init(&got, SIZE_MAX / 4);
    bool is_taken = reference_read(text, &want);
    require(pieces_read(text, piece_size, &got, &read_error) == is_taken);
    require(pieces_skip(text, piece_size, &skip_error) == is_taken);
    if (is_taken) {
        require(bytes_equal(buffer_bytes(&want), buffer_bytes(&got)));
    } else {
        require(read_error.message[0] != '\0');
        require(strcmp(read_error.message, skip_error.message) == 0);
        require(!pieces_skip(text, SIZE_MAX, &skip_error));
        require(strcmp(read_error.message, skip_error.message) == 0);
    }
    buffer_done(&want);
    buffer_done(&got);
    return 0;
}
