/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_FUZZ_FRAME_FUZZ_H
#define WEIR_TESTS_FUZZ_FRAME_FUZZ_H

#include "flow/frame_layout.h"

/* Makes the checksums, the size and the sections of a mutated frame agree again, so that a fuzzer
 * gets past them: the header's and the directory's are computed, each section that lies within the
 * bytes gets its own, and the last section takes what is left. `frame` is changed in place. */
static inline void repair_frame(uint8_t *frame, size_t size) {
    if (size < FRAME_HEADER_FIXED + FRAME_HEADER_CHECKSUM) {
        return;
    }
    size_t header_size = get_u16(frame + 6);
    size_t sections = get_u16(frame + 116);
    if (header_size < frame_header_size(0) || header_size > size || sections > FRAME_SECTIONS_MAX) {
        return;
    }
    size_t at = header_size + FRAME_DIRECTORY_ENTRY * sections;
    if (at + FRAME_SLACK > size) {
        return;
    }
    put_u32(frame, FRAME_MAGIC);
    put_u16(frame + 4, FRAME_VERSION);
    put_u32(frame + 8, (uint32_t)size);
    frame[119] = 0;
    for (size_t i = 0; i < sections; i++) {
        uint8_t *entry = frame + header_size + FRAME_DIRECTORY_ENTRY * i;
        size_t left = size - FRAME_SLACK - at;
        size_t section_size = get_u32(entry + 4);
        if (section_size > left || i + 1 == sections) {
            section_size = left;
            put_u32(entry + 4, (uint32_t)left);
        }
        put_u64(entry + 8, frame_checksum(bytes_of(frame + at, section_size)));
        at += section_size;
    }
    memset(frame + size - FRAME_SLACK, 0, FRAME_SLACK);
    size_t directory_size = FRAME_DIRECTORY_ENTRY * sections;
    put_u64(frame + 104, frame_checksum(bytes_of(frame + header_size, directory_size)));
    put_u64(frame + header_size - FRAME_HEADER_CHECKSUM,
            frame_checksum(bytes_of(frame, header_size - FRAME_HEADER_CHECKSUM)));
}

#endif
