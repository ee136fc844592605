/* SPDX-License-Identifier: Apache-2.0 */
/* Histograms, since a percentile of what several workers saw cannot be made of their percentiles.
 * As bytes, only steps with a count:
 *
 *   hour          varint, + 1; 0: none, and nothing follows
 *   fleet         counts
 *   roles         varint count, then ascending by name: name string, first and last hour varint,
 *                 counts
 *
 *   counts        nodes varint; if any, for each feature: varint count of steps, then each: varint
 *                 step less (the one before + 1; the first: as it is), varint nodes, at least 1 */
#include "detect/prior_hour.h"

#include <stdlib.h>

#define HOUR_MAX UINT64_C(0xffffffff)

void prior_hour_init(struct prior_hour *prior) {
    *prior = (struct prior_hour){ .hour = -1 };
}

void prior_hour_done(struct prior_hour *prior) {
    free(prior->fleet.steps);
    for (uint32_t i = 0; i < prior->role_count; i++) {
        free(prior->roles[i].steps);
    }
    prior_hour_init(prior);
}

static struct bytes row_name(const struct prior_row *row) {
    return bytes_of(row->role, row->role_size);
}

void prior_hour_begin(struct prior_hour *prior, const struct prior_hour *before, int64_t hour) {
    prior_hour_done(prior);
    prior->hour = hour;
    for (uint32_t i = 0; i < before->role_count; i++) {
        if (before->roles[i].last_hour + PRIOR_HOURS >= hour) {
            struct prior_row *row = &prior->roles[prior->role_count++];
            *row = before->roles[i];
            row->nodes = 0;
            row->steps = NULL;
        }
    }
}

/* The first row whose name is not below `role`. */
static uint32_t row_place(const struct prior_hour *prior, struct bytes role) {
    uint32_t low = 0;
    uint32_t high = prior->role_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (bytes_compare(row_name(&prior->roles[middle]), role) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct prior_row *prior_hour_find(const struct prior_hour *prior, struct bytes role) {
    uint32_t at = row_place(prior, role);
    bool is_there = at < prior->role_count && bytes_equal(row_name(&prior->roles[at]), role);
    return is_there ? &prior->roles[at] : NULL;
}

/* The row of a role that was seen in the hours [first, last]; NULL where it has none. A role among
 * the smallest names of all that are seen is among those of any part of them: it is never dropped,
 * so that what its row holds is whole, whatever the order. */
static struct prior_row *row_join(struct prior_hour *prior, struct bytes role, int64_t first_hour,
                                  int64_t last_hour) {
    if (role.size == 0 || role.size > PRIOR_ROLE_SIZE_MAX) {
        return NULL;
    }
    uint32_t at = row_place(prior, role);
    struct prior_row *row = &prior->roles[at];
    if (at < prior->role_count && bytes_equal(row_name(row), role)) {
        row->first_hour = row->first_hour < first_hour ? row->first_hour : first_hour;
        row->last_hour = row->last_hour > last_hour ? row->last_hour : last_hour;
        return row;
    }
    if (at == PRIOR_ROLES_MAX) {
        return NULL;
    }
    if (prior->role_count == PRIOR_ROLES_MAX) {
        free(prior->roles[--prior->role_count].steps);
    }
    memmove(row + 1, row, (prior->role_count - at) * sizeof *row);
    prior->role_count++;
    *row = (struct prior_row){ .role_size = (uint32_t)role.size,
                               .first_hour = first_hour,
                               .last_hour = last_hour };
    memcpy(row->role, role.data, role.size);
    return row;
}

void prior_hour_see(struct prior_hour *prior, struct bytes role) {
    (void)row_join(prior, role, prior->hour, prior->hour); /* a role may have no row */
}

static bool row_make_steps(struct prior_row *row, struct error *err) {
    if (row->steps == NULL) {
        row->steps = calloc(1, sizeof *row->steps);
    }
    return row->steps != NULL ||
           error_set(err, ERROR_LIMIT, "no memory for what a role is used to");
}

static uint32_t sum_of(uint32_t a, uint32_t b) {
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

/* Products with a power of two and the conversion are exact, so that a step is the same everywhere.
 */
static uint32_t step_of(float bits) {
    float steps = bits * (float)PRIOR_STEPS_PER_BIT;
    if (!(steps < (float)(PRIOR_STEPS - 1))) {
        return PRIOR_STEPS - 1;
    }
    uint32_t step = (uint32_t)steps;
    return step + ((float)step < steps);
}

static void row_add(struct prior_row *row, const float records[PRIOR_FEATURES]) {
    row->nodes = sum_of(row->nodes, 1);
    for (uint32_t f = 0; f < PRIOR_FEATURES; f++) {
        if (records[f] >= 0) {
            uint32_t *count = &row->steps->counts[f][step_of(records[f])];
            *count = sum_of(*count, 1);
        }
    }
}

bool prior_hour_add(struct prior_hour *prior, struct bytes role,
                    const float records[PRIOR_FEATURES], struct error *err) {
    struct prior_row *row = row_join(prior, role, prior->hour, prior->hour);
    if (!row_make_steps(&prior->fleet, err) || (row != NULL && !row_make_steps(row, err))) {
        return false;
    }
    row_add(&prior->fleet, records);
    if (row != NULL) {
        row_add(row, records);
    }
    return true;
}

static bool row_merge(struct prior_row *into, const struct prior_row *from, struct error *err) {
    if (from->nodes == 0) {
        return true;
    }
    if (!row_make_steps(into, err)) {
        return false;
    }
    into->nodes = sum_of(into->nodes, from->nodes);
    for (uint32_t f = 0; f < PRIOR_FEATURES; f++) {
        for (uint32_t k = 0; k < PRIOR_STEPS; k++) {
            uint32_t *count = &into->steps->counts[f][k];
            *count = sum_of(*count, from->steps->counts[f][k]);
        }
    }
    return true;
}

bool prior_hour_merge(struct prior_hour *into, const struct prior_hour *from, struct error *err) {
    bool ok = row_merge(&into->fleet, &from->fleet, err);
    for (uint32_t i = 0; i < from->role_count && ok; i++) {
        const struct prior_row *other = &from->roles[i];
        struct prior_row *row =
            row_join(into, row_name(other), other->first_hour, other->last_hour);
        ok = row == NULL || row_merge(row, other, err);
    }
    return ok;
}

float prior_row_percentile(const struct prior_row *row, uint32_t feature) {
    if (row->nodes == 0) {
        return -1;
    }
    const uint32_t *counts = row->steps->counts[feature];
    uint64_t total = 0;
    for (uint32_t k = 0; k < PRIOR_STEPS; k++) {
        total += counts[k];
    }
    if (total < PRIOR_NODES_MIN) {
        return -1;
    }
    uint32_t step = 0;
    for (uint64_t below = counts[0]; below * 10 < total * 9; below += counts[step]) {
        step++;
    }
    return (float)step / (float)PRIOR_STEPS_PER_BIT;
}

/* --- state -------------------------------------------------------------------------------- */

static void put_steps(struct buffer *out, const struct prior_row *row) {
    buffer_varint(out, row->nodes);
    for (uint32_t f = 0; f < PRIOR_FEATURES && row->nodes > 0; f++) {
        const uint32_t *counts = row->steps->counts[f];
        uint32_t used = 0;
        for (uint32_t k = 0; k < PRIOR_STEPS; k++) {
            used += counts[k] != 0;
        }
        buffer_varint(out, used);
        uint32_t next = 0;
        for (uint32_t k = 0; k < PRIOR_STEPS; k++) {
            if (counts[k] != 0) {
                buffer_varint(out, k - next);
                buffer_varint(out, counts[k]);
                next = k + 1;
            }
        }
    }
}

void prior_hour_save(const struct prior_hour *prior, struct buffer *out) {
    buffer_varint(out, (uint64_t)(prior->hour + 1));
    if (prior->hour < 0) {
        return;
    }
    put_steps(out, &prior->fleet);
    buffer_varint(out, prior->role_count);
    for (uint32_t i = 0; i < prior->role_count; i++) {
        const struct prior_row *row = &prior->roles[i];
        buffer_string(out, row_name(row));
        buffer_varint(out, (uint64_t)row->first_hour);
        buffer_varint(out, (uint64_t)row->last_hour);
        put_steps(out, row);
    }
}

/* No more nodes tell a feature than there are. */
static void get_feature(struct cursor *cursor, uint32_t *counts, uint32_t nodes) {
    uint64_t used = cursor_varint(cursor);
    uint64_t step = 0;
    uint64_t total = 0;
    for (uint64_t i = 0; i < used && !cursor->failed; i++) {
        uint64_t gap = cursor_varint(cursor);
        uint64_t count = cursor_varint(cursor);
        if (gap >= PRIOR_STEPS - step || count == 0 || count > UINT32_MAX) {
            cursor->failed = true;
            return;
        }
        step += gap;
        counts[step++] = (uint32_t)count;
        total += count;
    }
    cursor->failed |= total > nodes && nodes != UINT32_MAX;
}

static void get_steps(struct cursor *cursor, struct prior_row *row) {
    uint64_t nodes = cursor_varint(cursor);
    if (nodes == 0 || nodes > UINT32_MAX) {
        cursor->failed |= nodes > UINT32_MAX;
        return;
    }
    if (!row_make_steps(row, NULL)) {
        cursor->failed = true;
        return;
    }
    row->nodes = (uint32_t)nodes;
    for (uint32_t f = 0; f < PRIOR_FEATURES && !cursor->failed; f++) {
        get_feature(cursor, row->steps->counts[f], row->nodes);
    }
}

static void get_role(struct cursor *cursor, struct prior_hour *prior) {
    struct bytes name = cursor_string(cursor);
    uint64_t first = cursor_varint(cursor);
    uint64_t last = cursor_varint(cursor);
    uint64_t hour = (uint64_t)prior->hour;
    bool is_next = prior->role_count == 0 ||
                   bytes_compare(row_name(&prior->roles[prior->role_count - 1]), name) < 0;
    cursor->failed |= name.size == 0 || name.size > PRIOR_ROLE_SIZE_MAX || !is_next ||
                      first > last || last > hour || hour - last > PRIOR_HOURS;
    if (!cursor->failed) {
        struct prior_row *row = row_join(prior, name, (int64_t)first, (int64_t)last);
        get_steps(cursor, row);
        cursor->failed |= row->nodes > 0 && last != hour;
    }
}

/* What the roles count, the fleet counts as well. */
static bool check_sums(const struct prior_hour *prior) {
    uint32_t nodes = 0;
    for (uint32_t i = 0; i < prior->role_count; i++) {
        nodes = sum_of(nodes, prior->roles[i].nodes);
    }
    if (nodes > prior->fleet.nodes) {
        return false;
    }
    for (uint32_t at = 0; at < PRIOR_FEATURES * PRIOR_STEPS && nodes > 0; at++) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < prior->role_count; i++) {
            const struct prior_steps *steps = prior->roles[i].steps;
            count = steps == NULL ? count : sum_of(count, (&steps->counts[0][0])[at]);
        }
        if (count > (&prior->fleet.steps->counts[0][0])[at]) {
            return false;
        }
    }
    return true;
}

void prior_hour_load(struct prior_hour *prior, struct cursor *cursor) {
    uint64_t hour = cursor_varint(cursor);
    if (cursor->failed || hour == 0 || hour > HOUR_MAX) {
        cursor->failed |= hour > HOUR_MAX;
        return;
    }
    prior->hour = (int64_t)hour - 1;
    get_steps(cursor, &prior->fleet);
    uint64_t count = cursor_varint(cursor);
    cursor->failed |= count > PRIOR_ROLES_MAX;
    for (uint64_t i = 0; i < count && !cursor->failed; i++) {
        get_role(cursor, prior);
    }
    cursor->failed |= !cursor->failed && !check_sums(prior);
    if (cursor->failed) {
        prior_hour_done(prior);
    }
}
