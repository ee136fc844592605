/* SPDX-License-Identifier: Apache-2.0 */
/* Layout: pcap-savefile(5), little-endian. */
#include "tests/gen/gen_pcap.h"

#include "base/file.h"

#include <stdlib.h>

#define BLOCK_SIZE ((size_t)1 << 20)
#define FILE_HEADER_SIZE 24u
#define PACKET_HEADER_SIZE 16u
#define MAGIC_MICROSECONDS UINT32_C(0xa1b2c3d4)
#define LINK_ETHERNET 1u

bool gen_pcap_init(struct gen_pcap *pcap, int descriptor, const char *path, uint32_t snap_size,
                   struct error *err) {
    *pcap = (struct gen_pcap){ .descriptor = descriptor, .path = path };
    pcap->block = malloc(BLOCK_SIZE);
    if (pcap->block == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a block of packets");
    }
    memset(pcap->block, 0, FILE_HEADER_SIZE);
    put_u32(pcap->block, MAGIC_MICROSECONDS);
    put_u16(pcap->block + 4, 2);
    put_u16(pcap->block + 6, 4);
    put_u32(pcap->block + 16, snap_size);
    put_u32(pcap->block + 20, LINK_ETHERNET);
    pcap->size = FILE_HEADER_SIZE;
    return true;
}

static void flush(struct gen_pcap *pcap) {
    if (!pcap->is_failed) {
        pcap->is_failed = !file_write(pcap->descriptor, pcap->path,
                                      bytes_of(pcap->block, pcap->size), &pcap->failure);
    }
    pcap->size = 0;
}

void gen_pcap_put(struct gen_pcap *pcap, uint64_t time_us, struct bytes bytes, uint32_t wire_size) {
    if (BLOCK_SIZE - pcap->size < PACKET_HEADER_SIZE + bytes.size) {
        flush(pcap);
    }
    uint8_t *at = pcap->block + pcap->size;
    put_u32(at, (uint32_t)(time_us / 1000000));
    put_u32(at + 4, (uint32_t)(time_us % 1000000));
    put_u32(at + 8, (uint32_t)bytes.size);
    put_u32(at + 12, wire_size);
    memcpy(at + PACKET_HEADER_SIZE, bytes.data, bytes.size);
    pcap->size += PACKET_HEADER_SIZE + bytes.size;
    pcap->packets++;
    pcap->frame_bytes += wire_size;
}

bool gen_pcap_finish(struct gen_pcap *pcap, struct error *err) {
    flush(pcap);
    if (pcap->is_failed && err != NULL) {
        *err = pcap->failure;
    }
    return !pcap->is_failed;
}

void gen_pcap_done(struct gen_pcap *pcap) {
    free(pcap->block);
    *pcap = (struct gen_pcap){ 0 };
}
