/* SPDX-License-Identifier: Apache-2.0 */
/* libpcap reads a FILE; glibc makes one of our stream (fopencookie), so that compressed files and
 * pipes work as everywhere, in the same fixed memory. The FILE is not locked for each read, since
 * one thread has it: 96-octet frames cost 41 to 61 ns each this way, where libpcap on a file of its
 * own needs 50 to 89 (the same runs, over 333 MB).
 *
 * libpcap scales the fraction of a second to nanoseconds without a look at it. So does this: a
 * fraction of a second or more, which some writers leave, is added as the arithmetic says. Seconds
 * and fraction are unsigned (draft-ietf-opsawg-pcap, 5), where libpcap's are not: its sign is taken
 * off again, so that files go on until 2106. */
#include "ingest/capture_pcap.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>

#define NS_PER_S INT64_C(1000000000)
#define MAGIC_NANOSECOND 0xA1B23C4Du
#define FILE_HEADER_SIZE 24u
#define LINK_TYPE_MASK 0x03FFFFFFu /* above: how long the frames' check sequence is */
#define FILE_BUFFER_SIZE (64u * 1024)

struct capture_pcap {
    struct capture_stream *stream; /* borrowed */
    FILE *file;                    /* closed with `pcap` */
    pcap_t *pcap;
    uint32_t link_type;
    int64_t fraction_wrap_ns; /* what libpcap's sign takes off a fraction */
    char buffer[FILE_BUFFER_SIZE];
};

static const uint32_t magics[] = {
    0xA1B2C3D4,                   /* microseconds */
    MAGIC_NANOSECOND, 0xA1B2CD34, /* a patched libpcap's, with more in front of each frame */
};

bool capture_pcap_recognise(struct bytes front) {
    if (front.size < 4) {
        return false;
    }
    uint32_t magic = get_u32(front.data);
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        if (magic == magics[i] || magic == __builtin_bswap32(magics[i])) {
            return true;
        }
    }
    return false;
}

static ssize_t cookie_read(void *cookie, char *out, size_t size) {
    struct capture_stream *stream = ((struct capture_pcap *)cookie)->stream;
    if (!capture_stream_has(stream, 1)) {
        return stream->damage.code == ERROR_NONE ? 0 : -1;
    }
    size_t taken = size < stream->view.size ? size : stream->view.size;
    memcpy(out, stream->view.data, taken);
    capture_stream_use(stream, taken);
    return (ssize_t)taken;
}

/* Where the reading stands, which ftello asks: nothing can be sought. */
static int cookie_seek(void *cookie, off64_t *offset, int whence) {
    if (whence != SEEK_CUR || *offset != 0) {
        return -1;
    }
    *offset = (off64_t)((struct capture_pcap *)cookie)->stream->offset;
    return 0;
}

/* The link type as the file has it (libpcap tells its own numbers), and the unit of time. */
static bool header_peek(struct capture_pcap *pcap, struct error *err) {
    if (!capture_stream_has(pcap->stream, FILE_HEADER_SIZE)) {
        if (capture_stream_is_damaged(pcap->stream, err)) {
            return false;
        }
        return error_set(err, ERROR_FORMAT, "pcap file header: it ends at offset %zu, %u expected",
                         pcap->stream->view.size, FILE_HEADER_SIZE);
    }
    const uint8_t *header = pcap->stream->view.data;
    uint32_t magic = get_u32(header);
    uint32_t link_type = get_u32(header + 20);
    if (magic >> 24 != 0xA1) {
        magic = __builtin_bswap32(magic);
        link_type = __builtin_bswap32(link_type);
    }
    pcap->link_type = link_type & LINK_TYPE_MASK;
    pcap->fraction_wrap_ns = (INT64_C(1) << 32) * (magic == MAGIC_NANOSECOND ? 1 : 1000);
    return true;
}

static bool file_open(struct capture_pcap *pcap, struct error *err) {
    cookie_io_functions_t functions = { .read = cookie_read, .seek = cookie_seek };
    pcap->file = fopencookie(pcap, "r", functions);
    if (pcap->file == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to read a pcap file");
    }
    (void)setvbuf(pcap->file, pcap->buffer, _IOFBF, sizeof pcap->buffer); /* else its own */
    (void)__fsetlocking(pcap->file, FSETLOCKING_BYCALLER);
    char message[PCAP_ERRBUF_SIZE] = "";
    pcap->pcap =
        pcap_fopen_offline_with_tstamp_precision(pcap->file, PCAP_TSTAMP_PRECISION_NANO, message);
    if (pcap->pcap == NULL) {
        return error_set(err, ERROR_FORMAT, "pcap file header at offset 0: %s", message);
    }
    return true;
}

bool capture_pcap_open(struct capture_pcap **out, struct capture_stream *stream,
                       struct error *err) {
    struct capture_pcap *pcap = malloc(sizeof *pcap);
    if (pcap == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to read a pcap file");
    }
    pcap->stream = stream;
    pcap->file = NULL;
    pcap->pcap = NULL;
    if (!header_peek(pcap, err) || !file_open(pcap, err)) {
        capture_pcap_close(pcap);
        return false;
    }
    *out = pcap;
    return true;
}

void capture_pcap_close(struct capture_pcap *pcap) {
    if (pcap == NULL) {
        return;
    }
    if (pcap->pcap != NULL) {
        pcap_close(pcap->pcap); /* and its FILE */
    } else if (pcap->file != NULL) {
        (void)fclose(pcap->file); /* of a file that was read */
    }
    free(pcap);
}

static enum capture_result damaged(struct capture_pcap *pcap, const char *what, struct error *err) {
    if (!capture_stream_is_damaged(pcap->stream, err)) {
        error_set(err, ERROR_FORMAT, "pcap record in front of offset %lld: %s",
                  (long long)ftello(pcap->file), what);
    }
    return CAPTURE_DAMAGED;
}

enum capture_result capture_pcap_next(struct capture_pcap *pcap, struct capture_frame *frame,
                                      struct error *err) {
    struct pcap_pkthdr *header;
    const u_char *data;
    int status = pcap_next_ex(pcap->pcap, &header, &data);
    if (status == PCAP_ERROR_BREAK) {
        return CAPTURE_END;
    }
    if (status != 1) {
        return damaged(pcap, pcap_geterr(pcap->pcap), err);
    }
    if (header->caplen > CAPTURE_FRAME_MAX) { /* libpcap knows link types with longer ones */
        return damaged(pcap, "a frame longer than 256 KiB", err);
    }
    int64_t fraction_ns = header->ts.tv_usec;
    fraction_ns += fraction_ns < 0 ? pcap->fraction_wrap_ns : 0;
    frame->data = bytes_of(data, header->caplen);
    frame->wire_size = header->len;
    frame->link_type = pcap->link_type;
    frame->interface = 0;
    frame->time_ns = (int64_t)(uint32_t)header->ts.tv_sec * NS_PER_S + fraction_ns;
    return CAPTURE_FRAME;
}
