/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/port_use.h"

#include <stdlib.h>

#define HALF_DAY_MS (INT64_C(12) * 3600 * 1000)

static uint32_t total_of(const struct port_use_row *row) {
    uint32_t total = 0;
    for (uint32_t h = 0; h < PORT_USE_HALF_DAYS; h++) {
        total += row->counts[h];
    }
    return total;
}

static void age_side(struct port_use *use, uint32_t side, uint64_t steps) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < use->row_count[side]; i++) {
        struct port_use_row row = { .port = use->rows[side][i].port };
        for (uint64_t h = steps; h < PORT_USE_HALF_DAYS; h++) {
            row.counts[h] = use->rows[side][i].counts[h - steps];
        }
        if (total_of(&row) > 0) {
            use->rows[side][kept++] = row;
        }
    }
    use->row_count[side] = kept;
}

void port_use_enter(struct port_use *use, int64_t time_ms) {
    int64_t half_day = time_ms / HALF_DAY_MS;
    if (half_day > use->half_day) {
        uint64_t steps = (uint64_t)(half_day - use->half_day);
        age_side(use, 0, steps);
        age_side(use, 1, steps);
        use->half_day = half_day;
    }
}

/* The index of the first row whose port is not below `port`. */
static uint32_t find_row(const struct port_use *use, uint32_t side, uint16_t port) {
    uint32_t low = 0;
    uint32_t high = use->row_count[side];
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (use->rows[side][middle].port < port) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool has_row(const struct port_use *use, uint32_t side, uint16_t port, uint32_t *index) {
    *index = find_row(use, side, port);
    return *index < use->row_count[side] && use->rows[side][*index].port == port;
}

uint32_t port_use_of(const struct port_use *use, uint32_t side, uint16_t port) {
    uint32_t index;
    return has_row(use, side, port, &index) ? total_of(&use->rows[side][index]) : 0;
}

/* By rank (port_use_add) first, then by port. */
static int compare_counts(const void *a, const void *b) {
    const struct port_use_count *one = a;
    const struct port_use_count *other = b;
    if (one->count != other->count) {
        return one->count > other->count ? -1 : 1;
    }
    return one->port - other->port;
}

static int compare_rows(const void *a, const void *b) {
    return ((const struct port_use_row *)a)->port - ((const struct port_use_row *)b)->port;
}

static uint16_t plus(uint16_t count, uint32_t more) {
    return more < (uint32_t)(UINT16_MAX - count) ? (uint16_t)(count + more) : UINT16_MAX;
}

void port_use_add(struct port_use *use, uint32_t side, struct port_use_count *counts,
                  uint32_t count) {
    bool is_touched[PORT_USE_ROWS_MAX] = { false };
    uint32_t new_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index;
        if (has_row(use, side, counts[i].port, &index)) {
            struct port_use_row *row = &use->rows[side][index];
            row->counts[0] = plus(row->counts[0], counts[i].count);
            is_touched[index] = true;
        } else {
            counts[new_count++] = counts[i];
        }
    }
    /* Ranks: twice the uses, and one more for a port of this window. */
    for (uint32_t i = 0; i < new_count; i++) {
        counts[i].count = 2 * (uint32_t)plus(0, counts[i].count) + 1;
    }
    uint32_t all_count = new_count;
    for (uint32_t i = 0; i < use->row_count[side]; i++) {
        const struct port_use_row *row = &use->rows[side][i];
        counts[all_count++] =
            (struct port_use_count){ row->port, 2 * total_of(row) + is_touched[i] };
    }
    if (all_count > PORT_USE_ROWS_MAX) {
        qsort(counts, all_count, sizeof *counts, compare_counts);
        all_count = PORT_USE_ROWS_MAX;
    }
    struct port_use_row rows[PORT_USE_ROWS_MAX];
    for (uint32_t i = 0; i < all_count; i++) {
        uint32_t index;
        rows[i] = has_row(use, side, counts[i].port, &index)
                      ? use->rows[side][index]
                      : (struct port_use_row){ .port = counts[i].port,
                                               .counts = { (uint16_t)(counts[i].count / 2) } };
    }
    qsort(rows, all_count, sizeof *rows, compare_rows);
    memcpy(use->rows[side], rows, all_count * sizeof *rows);
    use->row_count[side] = all_count;
}

void port_use_save(const struct port_use *use, struct buffer *out) {
    buffer_varint(out, (uint64_t)use->half_day);
    for (uint32_t side = 0; side < 2; side++) {
        buffer_u8(out, (uint8_t)use->row_count[side]);
        for (uint32_t i = 0; i < use->row_count[side]; i++) {
            buffer_u16(out, use->rows[side][i].port);
            for (uint32_t h = 0; h < PORT_USE_HALF_DAYS; h++) {
                buffer_varint(out, use->rows[side][i].counts[h]);
            }
        }
    }
}

static void load_side(struct port_use *use, uint32_t side, struct cursor *cursor) {
    uint32_t count = cursor_u8(cursor);
    if (count > PORT_USE_ROWS_MAX) {
        cursor->failed = true;
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct port_use_row *row = &use->rows[side][i];
        row->port = cursor_u16(cursor);
        for (uint32_t h = 0; h < PORT_USE_HALF_DAYS; h++) {
            uint64_t value = cursor_varint(cursor);
            cursor->failed |= value > UINT16_MAX;
            row->counts[h] = (uint16_t)value;
        }
        cursor->failed |= total_of(row) == 0 || (i > 0 && row->port <= row[-1].port);
    }
    use->row_count[side] = count;
}

void port_use_load(struct port_use *use, struct cursor *cursor) {
    *use = (struct port_use){ 0 };
    uint64_t half_day = cursor_varint(cursor);
    cursor->failed |= half_day > (uint64_t)(INT64_MAX / HALF_DAY_MS);
    use->half_day = (int64_t)half_day;
    for (uint32_t side = 0; side < 2 && !cursor->failed; side++) {
        load_side(use, side, cursor);
    }
    if (cursor->failed) {
        *use = (struct port_use){ 0 };
    }
}
