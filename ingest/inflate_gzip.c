/* SPDX-License-Identifier: Apache-2.0 */
/* gzip by ISA-L. It stops behind each member and has to be reset for the next one, which clears the
 * input pointers as well: they are set anew before every call. What it takes from the input but has
 * not decoded yet lies in its own state, so `avail_in` alone says what was eaten. Its counters of
 * 32 bits are never read: a member may be larger than 4 GiB. Headers are read here: 2.30.0 checks
 * the checksum of a header (FHCRC) that comes in two chunks over the wrong bytes.
 *
 *      1f 8b 08 flags time(4) xfl os | extra: size(2) bytes | name 0 | comment 0 | crc16(2)
 *                                       flags & 4             & 8      & 16        & 2        */
#include "ingest/inflate.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

enum header_flags {
    HEADER_CRC = 1 << 1,
    HEADER_EXTRA = 1 << 2,
    HEADER_NAME = 1 << 3,
    HEADER_COMMENT = 1 << 4,
    HEADER_RESERVED = 0xe0,
};
#define HEADER_FIXED_SIZE 10u

struct gzip {
    struct inflate_state state;
    uint32_t header_crc;
    uint64_t member_count; /* that have ended */
    bool is_inside;        /* a member */
};

static void *gzip_open(void) {
    struct gzip *gzip = calloc(1, sizeof *gzip);
    if (gzip != NULL) {
        isal_inflate_init(&gzip->state);
    }
    return gzip;
}

static void gzip_close(void *state) {
    free(state);
}

static const char *fault_text(int fault) {
    switch (fault) {
    case ISAL_INCORRECT_CHECKSUM: return "a wrong checksum";
    default: return "damaged";
    }
}

static bool fault_set(const struct raw *raw, const char *what, struct error *err) {
    return error_set(err, ERROR_FORMAT, "gzip: %s at offset %llu", what,
                     (unsigned long long)raw_tell(raw));
}

/* The next `size` bytes of a header; they count for its checksum. */
static bool header_take(struct gzip *gzip, struct raw *raw, uint8_t *out, size_t size,
                        struct error *err) {
    for (size_t i = 0; i < size; i++) {
        if (!raw_fill(raw, err)) {
            return false;
        }
        if (raw->chunk.size == 0) {
            return fault_set(raw, "truncated", err);
        }
        out[i] = raw->chunk.data[0];
        raw_use(raw, 1);
    }
    gzip->header_crc = crc32_gzip_refl(gzip->header_crc, out, size);
    return true;
}

static bool header_skip(struct gzip *gzip, struct raw *raw, size_t size, struct error *err) {
    uint8_t byte;
    while (size > 0 && header_take(gzip, raw, &byte, 1, err)) {
        size--;
    }
    return size == 0;
}

static bool header_skip_text(struct gzip *gzip, struct raw *raw, struct error *err) {
    uint8_t byte;
    do {
        if (!header_take(gzip, raw, &byte, 1, err)) {
            return false;
        }
    } while (byte != 0);
    return true;
}

static bool header_check_crc(struct gzip *gzip, struct raw *raw, struct error *err) {
    uint16_t want = (uint16_t)gzip->header_crc;
    uint8_t got[2];
    return header_take(gzip, raw, got, sizeof got, err) &&
           (get_u16(got) == want || fault_set(raw, "a wrong header checksum", err));
}

static bool header_read(struct gzip *gzip, struct raw *raw, struct error *err) {
    uint8_t fixed[HEADER_FIXED_SIZE];
    gzip->header_crc = 0;
    if (!header_take(gzip, raw, fixed, sizeof fixed, err)) {
        return false;
    }
    uint8_t flags = fixed[3];
    if (fixed[0] != 0x1f || fixed[1] != 0x8b) {
        return fault_set(raw, "no gzip header", err);
    }
    if (fixed[2] != 8 || (flags & HEADER_RESERVED) != 0) {
        return fault_set(raw, "an unknown compression method", err);
    }
    if ((flags & HEADER_EXTRA) != 0) {
        uint8_t size[2];
        if (!header_take(gzip, raw, size, sizeof size, err) ||
            !header_skip(gzip, raw, get_u16(size), err)) {
            return false;
        }
    }
    return ((flags & HEADER_NAME) == 0 || header_skip_text(gzip, raw, err)) &&
           ((flags & HEADER_COMMENT) == 0 || header_skip_text(gzip, raw, err)) &&
           ((flags & HEADER_CRC) == 0 || header_check_crc(gzip, raw, err));
}

/* Between members: the next one, or the end of the file. */
static bool member_begin(struct gzip *gzip, struct raw *raw, bool *is_end, struct error *err) {
    if (!raw_fill(raw, err)) {
        return false;
    }
    if (raw->chunk.size > 0 && raw->chunk.data[0] == 0 && gzip->member_count > 0 &&
        !raw_skip_padding(raw, err)) {
        return error_context(err, "gzip: behind the last member");
    }
    *is_end = raw->chunk.size == 0;
    if (*is_end) {
        return true;
    }
    if (!header_read(gzip, raw, err)) {
        return false;
    }
    isal_inflate_reset(&gzip->state);
    gzip->state.crc_flag = ISAL_GZIP_NO_HDR_VER; /* the trailer is checked */
    gzip->is_inside = true;
    return true;
}

/* One call of the decoder. At the end of the file it is called once more with nothing, since it may
 * still hold output. */
static bool member_read(struct gzip *gzip, struct raw *raw, uint8_t *out, size_t capacity,
                        size_t *size, struct error *err) {
    struct inflate_state *state = &gzip->state;
    *size = 0;
    if (!raw_fill(raw, err)) {
        return false;
    }
    uint32_t given = raw->chunk.size > UINT32_MAX ? UINT32_MAX : (uint32_t)raw->chunk.size;
    uint32_t room = capacity > INT32_MAX ? INT32_MAX : (uint32_t)capacity;
    state->next_in = (uint8_t *)(uintptr_t)raw->chunk.data; /* only read, but not declared so */
    state->avail_in = given;
    state->next_out = out;
    state->avail_out = room;
    int fault = isal_inflate(state);
    *size = room - state->avail_out;
    if (state->avail_in > given) { /* 2.30.0 counts one below zero on some invalid distances */
        fault = fault == ISAL_DECOMP_OK ? ISAL_INVALID_BLOCK : fault;
        state->avail_in = 0;
    }
    uint32_t eaten = given - state->avail_in;
    raw_use(raw, eaten);
    if (fault != ISAL_DECOMP_OK) {
        return fault_set(raw, fault_text(fault), err);
    }
    if (state->block_state == ISAL_BLOCK_FINISH) {
        gzip->is_inside = false;
        gzip->member_count++;
    } else if (eaten == 0 && *size == 0) {
        /* Damaged data must not hang: some versions neither eat nor give then. */
        return fault_set(raw, given == 0 ? "truncated" : "damaged", err);
    }
    return true;
}

static bool gzip_read(void *state, struct raw *raw, uint8_t *out, size_t capacity, size_t *size,
                      bool *is_end, struct error *err) {
    struct gzip *gzip = state;
    *size = 0;
    *is_end = false;
    while (*size < capacity) {
        if (!gzip->is_inside) {
            if (!member_begin(gzip, raw, is_end, err)) {
                return false;
            }
            if (*is_end) {
                return true;
            }
        }
        size_t got;
        bool ok = member_read(gzip, raw, out + *size, capacity - *size, &got, err);
        *size += got;
        if (!ok) {
            return false;
        }
    }
    return true;
}

const struct inflate_ops inflate_gzip = {
    .name = "gzip",
    .open = gzip_open,
    .close = gzip_close,
    .read = gzip_read,
};
