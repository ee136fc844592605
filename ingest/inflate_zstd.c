/* SPDX-License-Identifier: Apache-2.0 */
/* zstd by libzstd's streaming decoder. A frame says how large a window it needs; the bound on it is
 * what keeps a hostile frame of a few bytes from asking for gigabytes. */
#include "ingest/inflate.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

struct zstd {
    ZSTD_DCtx *context;
    uint64_t frame_count; /* that have ended */
    bool is_inside;       /* a frame */
};

static void zstd_close(void *state) {
    struct zstd *zstd = state;
    if (zstd != NULL) {
        (void)ZSTD_freeDCtx(zstd->context); /* always 0; takes NULL */
        free(zstd);
    }
}

static void *zstd_open(void) {
    struct zstd *zstd = calloc(1, sizeof *zstd);
    if (zstd == NULL) {
        return NULL;
    }
    zstd->context = ZSTD_createDCtx();
    if (zstd->context == NULL ||
        ZSTD_isError(
            ZSTD_DCtx_setParameter(zstd->context, ZSTD_d_windowLogMax, INFLATE_WINDOW_BITS_MAX))) {
        zstd_close(zstd);
        return NULL;
    }
    return zstd;
}

static bool fault_set(const struct raw *raw, size_t fault, struct error *err) {
    enum error_code code = ERROR_FORMAT;
    if (ZSTD_getErrorCode(fault) == ZSTD_error_memory_allocation) {
        code = ERROR_LIMIT;
    } else if (ZSTD_getErrorCode(fault) == ZSTD_error_frameParameter_windowTooLarge) {
        return error_set(err, ERROR_FORMAT, "zstd: a window of more than %u MiB at offset %llu",
                         (1u << INFLATE_WINDOW_BITS_MAX) >> 20, (unsigned long long)raw_tell(raw));
    }
    return error_set(err, code, "zstd: %s at offset %llu", ZSTD_getErrorName(fault),
                     (unsigned long long)raw_tell(raw));
}

/* One call of the decoder, inside a frame. */
static bool frame_read(struct zstd *zstd, struct raw *raw, ZSTD_outBuffer *out, struct error *err) {
    size_t out_before = out->pos;
    ZSTD_inBuffer in = { .src = raw->chunk.data, .size = raw->chunk.size };
    size_t left = ZSTD_decompressStream(zstd->context, out, &in);
    raw_use(raw, in.pos);
    if (ZSTD_isError(left)) {
        return fault_set(raw, left, err);
    }
    if (left == 0) {
        zstd->is_inside = false;
        zstd->frame_count++;
    } else if (in.pos == 0 && out->pos == out_before) {
        return error_set(err, ERROR_FORMAT, "zstd: %s at offset %llu",
                         in.size == 0 ? "truncated" : "damaged", (unsigned long long)raw_tell(raw));
    }
    return true;
}

static bool zstd_read(void *state, struct raw *raw, uint8_t *bytes, size_t capacity, size_t *size,
                      bool *is_end, struct error *err) {
    struct zstd *zstd = state;
    ZSTD_outBuffer out = { .dst = bytes, .size = capacity };
    bool ok = true;
    *is_end = false;
    while (ok && !*is_end && out.pos < capacity) {
        ok = raw_fill(raw, err);
        if (ok && !zstd->is_inside) {
            if (raw->chunk.size > 0 && raw->chunk.data[0] == 0 && zstd->frame_count > 0) {
                ok =
                    raw_skip_padding(raw, err) || error_context(err, "zstd: behind the last frame");
            }
            *is_end = raw->chunk.size == 0;
            zstd->is_inside = !*is_end;
        }
        ok = ok && (*is_end || frame_read(zstd, raw, &out, err));
    }
    *size = out.pos;
    return ok;
}

const struct inflate_ops inflate_zstd = {
    .name = "zstd",
    .open = zstd_open,
    .close = zstd_close,
    .read = zstd_read,
};
