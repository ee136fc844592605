/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_CAPTURE_READER_H
#define WEIR_INGEST_CAPTURE_READER_H

#include "ingest/input.h"

/* The frames of a capture file in the order in which they lie there: pcap (libpcap,
 * pcap-savefile(5)) and pcapng (our own block reader, draft-ietf-opsawg-pcapng: a link type and a
 * clock an interface, which libpcap 1.10 refuses), told by the first four bytes, plain or
 * compressed. One thread at a time. */

/* The longest frame that is taken, as libpcap's MAXIMUM_SNAPLEN. */
#define CAPTURE_FRAME_MAX (256u * 1024)
#define CAPTURE_INTERFACES_MAX 4096u
/* Of a longer name of an interface (pcapng lets it have 64 KiB) the front is kept. */
#define CAPTURE_NAME_MAX 256u

struct capture_frame {
    struct bytes data; /* valid until the next call */
    uint32_t wire_size;
    uint32_t link_type; /* LINKTYPE_ */
    uint32_t interface; /* index, 0 in pcap */
    int64_t time_ns;    /* Unix, UTC, as the file's arithmetic says, whatever the year: seconds of
                           pcap are unsigned, a fraction of more than a second is added; of a block
                           without a time (a simple packet block) that of the frame before it, 0 at
                           the start */
    uint64_t number;    /* from 1, in the file */
};

struct capture_reader;

/* Whether the front of a file is that of a pcap or pcapng file. */
bool capture_recognise(struct bytes front);

/* Takes `input` (also on failure: it is closed). Errors: ERROR_FORMAT (not a capture, or its header
 * is invalid; the message says what and at which offset), ERROR_LIMIT. */
bool capture_reader_open(struct capture_reader **out, struct input *input, struct error *err);
void capture_reader_close(struct capture_reader *reader);

enum capture_result {
    CAPTURE_FRAME,
    CAPTURE_END,
    CAPTURE_DAMAGED, /* truncated or contradicting itself: `err` says how, with the offset in the
                        (decompressed) file; all frames in front of it were given; the last answer:
                        behind it, as behind the end, stands CAPTURE_END */
};
enum capture_result capture_reader_next(struct capture_reader *reader, struct capture_frame *frame,
                                        struct error *err);

/* Name of an interface as the file gives it (pcapng if_name), CAPTURE_NAME_MAX octets of it at
 * most; empty when it gives none. Valid until close. */
struct bytes capture_reader_interface(const struct capture_reader *reader, uint32_t interface);
/* Interfaces seen so far: 1 in pcap. In a pcapng file of several sections they are numbered on. */
uint32_t capture_reader_interface_count(const struct capture_reader *reader);
/* Frames that an interface and its system dropped, as far as the file has said by now (pcapng
 * interface statistics); 0 where it does not say. */
uint64_t capture_reader_dropped(const struct capture_reader *reader, uint32_t interface);

#endif
