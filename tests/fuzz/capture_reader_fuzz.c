/* SPDX-License-Identifier: Apache-2.0 */
/* Property: any bytes are refused, or are frames and then an end or damage that has a message; the
 * frames are within their bounds, any of them can be decoded, and they are the same however the
 * bytes are handed over. The first octet is the size of a chunk; then the file. */
#include "ingest/capture_reader.h"
#include "ingest/packet.h"

#include <stdlib.h>

#define FRAMES_MAX 100000u

struct reading {
    bool is_open;
    enum capture_result result;
    uint64_t frame_count;
    uint64_t hash;
};

static void require(bool is_true) {
    if (!is_true) {
        abort();
    }
}

static void add(struct reading *reading, uint64_t value) {
    reading->hash = (reading->hash ^ value) * UINT64_C(0x100000001B3);
}

static void check_frame(const struct capture_reader *reader, const struct capture_frame *frame,
                        struct reading *reading) {
    require(frame->data.size <= CAPTURE_FRAME_MAX);
    require(frame->interface < capture_reader_interface_count(reader));
    require(frame->number == reading->frame_count);
    struct packet packet;
    add(reading, packet_decode(frame->data, frame->wire_size, frame->link_type,
                               PACKET_TUNNELS_INNER, &packet));
    add(reading, frame->data.size);
    add(reading, frame->wire_size);
    add(reading, (uint64_t)frame->time_ns);
    for (size_t i = 0; i < frame->data.size; i += 1 + i / 16) { /* a sample: for time */
        add(reading, frame->data.data[i]);
    }
}

static struct reading read_file(struct bytes file, size_t chunk_size) {
    struct reading reading = { .hash = 1 };
    struct input *input;
    struct capture_reader *reader;
    struct error err = { 0 };
    require(input_open_chunks(&input, file, chunk_size, &err));
    reading.is_open = capture_reader_open(&reader, input, &err);
    require(reading.is_open || err.message[0] != '\0');
    if (!reading.is_open) {
        return reading;
    }
    struct capture_frame frame;
    while (reading.frame_count < FRAMES_MAX &&
           (reading.result = capture_reader_next(reader, &frame, &err)) == CAPTURE_FRAME) {
        reading.frame_count++;
        check_frame(reader, &frame, &reading);
    }
    require(reading.result != CAPTURE_DAMAGED || err.message[0] != '\0');
    require(capture_reader_interface_count(reader) <= CAPTURE_INTERFACES_MAX);
    for (uint32_t i = 0; i < capture_reader_interface_count(reader); i++) {
        add(&reading, capture_reader_interface(reader, i).size);
        add(&reading, capture_reader_dropped(reader, i));
    }
    capture_reader_close(reader);
    return reading;
}

static bool is_compressed(struct bytes file) {
    struct input *input;
    require(input_open_bytes(&input, file, NULL));
    bool is_plain = input_codec(input) == INPUT_PLAIN;
    input_close(input);
    return !is_plain;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    struct bytes file = bytes_of(data + 1, size - 1);
    struct reading some = read_file(file, (size_t)data[0] + 1);
    struct reading all = read_file(file, 65536);
    bool is_sound = all.is_open && all.result != CAPTURE_DAMAGED;
    require((some.is_open && some.result != CAPTURE_DAMAGED) == is_sound);
    /* How much comes out in front of damage to compressed bytes depends on how they come in. */
    require((!is_sound && is_compressed(file)) ||
            (some.is_open == all.is_open && some.result == all.result &&
             some.frame_count == all.frame_count && some.hash == all.hash));
    return 0;
}
