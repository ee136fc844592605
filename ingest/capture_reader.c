/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the two formats apart, and counts frames; capture_pcap.c and capture_pcapng.c read them. */
#include "ingest/capture_reader.h"

#include "ingest/capture_pcap.h"
#include "ingest/capture_pcapng.h"

#include <assert.h>
#include <stdlib.h>

struct capture_reader {
    struct capture_stream stream;
    struct capture_pcap *pcap; /* one of the two */
    struct capture_pcapng *pcapng;
    uint64_t frame_count;
    bool is_done;
};

bool capture_recognise(struct bytes front) {
    return capture_pcap_recognise(front) || capture_pcapng_recognise(front);
}

static bool format_open(struct capture_reader *reader, struct error *err) {
    struct capture_stream *stream = &reader->stream;
    (void)capture_stream_has(stream, 12); /* a shorter one is told by what there is of it */
    if (capture_pcap_recognise(stream->view)) {
        return capture_pcap_open(&reader->pcap, stream, err);
    }
    if (capture_pcapng_recognise(stream->view)) {
        return capture_pcapng_open(&reader->pcapng, stream, err);
    }
    if (capture_stream_is_damaged(stream, err)) {
        return false;
    }
    return error_set(err, ERROR_FORMAT, "not a pcap or pcapng file: offset 0 has neither's magic");
}

bool capture_reader_open(struct capture_reader **out, struct input *input, struct error *err) {
    struct capture_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        input_close(input);
        return error_set(err, ERROR_LIMIT, "no memory to read a capture");
    }
    capture_stream_init(&reader->stream, input);
    if (!format_open(reader, err)) {
        capture_reader_close(reader);
        return false;
    }
    *out = reader;
    return true;
}

void capture_reader_close(struct capture_reader *reader) {
    if (reader == NULL) {
        return;
    }
    capture_pcap_close(reader->pcap);
    capture_pcapng_close(reader->pcapng);
    capture_stream_done(&reader->stream);
    free(reader);
}

enum capture_result capture_reader_next(struct capture_reader *reader, struct capture_frame *frame,
                                        struct error *err) {
    if (reader->is_done) {
        return CAPTURE_END;
    }
    enum capture_result result = reader->pcap != NULL
                                     ? capture_pcap_next(reader->pcap, frame, err)
                                     : capture_pcapng_next(reader->pcapng, frame, err);
    if (result == CAPTURE_FRAME) {
        frame->number = ++reader->frame_count;
    } else {
        reader->is_done = true;
    }
    return result;
}

struct bytes capture_reader_interface(const struct capture_reader *reader, uint32_t interface) {
    assert(interface < capture_reader_interface_count(reader));
    return reader->pcapng != NULL ? capture_pcapng_interface(reader->pcapng, interface)
                                  : bytes_of(NULL, 0);
}

uint32_t capture_reader_interface_count(const struct capture_reader *reader) {
    return reader->pcapng != NULL ? capture_pcapng_interface_count(reader->pcapng) : 1;
}

uint64_t capture_reader_dropped(const struct capture_reader *reader, uint32_t interface) {
    assert(interface < capture_reader_interface_count(reader));
    return reader->pcapng != NULL ? capture_pcapng_dropped(reader->pcapng, interface) : 0;
}
