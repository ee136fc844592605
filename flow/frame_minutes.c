/* SPDX-License-Identifier: Apache-2.0 */
/* Per-minute totals, so that "by minute" reads no column: about 100 bytes a frame. */
#include "flow/frame_minutes.h"

#include "flow/spread.h"

#define MINUTE_MS INT64_C(60000)
/* Bounds the work of a batch of long flows: 32 minutes a record. */
#define TOUCHES_MAX (1u << 20)

/* The minutes that a flow touches, both included. */
struct touched {
    int64_t first;
    int64_t last;
};

static struct touched touched_of(struct spread spread) {
    return (struct touched){ .first = spread_window(spread.from_ms, MINUTE_MS),
                             .last = spread_window(spread.to_ms - 1, MINUTE_MS) };
}

static void add_flow(struct frame_minute *minutes, int64_t base, struct spread spread,
                     struct touched touched, uint64_t packets, uint64_t bytes) {
    uint64_t packets_before = 0;
    uint64_t bytes_before = 0;
    for (int64_t minute = touched.first; minute < touched.last; minute++) {
        int64_t end_ms = (minute + 1) * MINUTE_MS;
        uint64_t packets_until = spread_until(spread, packets, end_ms);
        uint64_t bytes_until = spread_until(spread, bytes, end_ms);
        minutes[minute - base].packets += packets_until - packets_before;
        minutes[minute - base].bytes += bytes_until - bytes_before;
        packets_before = packets_until;
        bytes_before = bytes_until;
    }
    struct frame_minute *last = &minutes[touched.last - base];
    last->flows++;
    last->packets += packets - packets_before;
    last->bytes += bytes - bytes_before;
}

static uint64_t minute_count(struct touched touched) {
    return (uint64_t)(touched.last - touched.first) + 1;
}

/* The minutes that the records touch, one by one; false when there are too many to sum. */
static bool find_span(const struct batch *batch, struct touched *span) {
    const struct batch_stamp *stamp = &batch->stamp;
    uint64_t touches = 0;
    *span = (struct touched){ .first = INT64_MAX, .last = INT64_MIN };
    for (uint32_t i = 0; i < batch->count; i++) {
        struct touched touched = touched_of(
            spread_of(batch->start_ms[i], batch->end_ms[i], stamp->unit_ms, stamp->reach_ms));
        span->first = touched.first < span->first ? touched.first : span->first;
        span->last = touched.last > span->last ? touched.last : span->last;
        touches += minute_count(touched);
    }
    return touches <= TOUCHES_MAX && minute_count(*span) <= FRAME_MINUTES_MAX;
}

/* floor(amount * part / whole), as spread_until has it, for amounts below 2^32 and times of at most
 * two minutes: the product is exact in a double, and a quotient of numbers whose sum is at most
 * 2^53 is never rounded up to the next whole number. A third of the time of a division of integers.
 */
static inline uint64_t short_share(uint64_t amount, uint32_t part, uint32_t whole) {
    return (uint64_t)(int64_t)((double)(int64_t)amount * part / whole);
}

/* Nearly every flow has at most two minutes. Which have two is as good as random, so there is no
 * branch for it: the share of the first of two is 0 where there is one, and then goes to the minute
 * behind, since adding twice in a row to one place is slow. */
static void add_flows(struct frame_minute *minutes, int64_t base, const struct batch *batch) {
    int64_t base_ms = base * MINUTE_MS;
    int64_t unit_ms = batch->stamp.unit_ms;
    int64_t reach_ms = batch->stamp.reach_ms;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct spread spread = spread_of(batch->start_ms[i], batch->end_ms[i], unit_ms, reach_ms);
        uint64_t packets = batch->packets[i];
        uint64_t bytes = batch->bytes[i];
        uint32_t from = (uint32_t)(spread.from_ms - base_ms);
        uint32_t to = (uint32_t)(spread.to_ms - base_ms);
        uint32_t first = from / (uint32_t)MINUTE_MS;
        uint32_t last = (to - 1) / (uint32_t)MINUTE_MS;
        uint32_t steps = last - first;
        if (__builtin_expect(steps > 1 || (packets | bytes) >> 32 != 0, 0)) {
            add_flow(minutes, base, spread, touched_of(spread), packets, bytes);
            continue;
        }
        uint32_t part = (last * (uint32_t)MINUTE_MS - from) & (0 - steps);
        uint64_t packets_before = short_share(packets, part, to - from);
        uint64_t bytes_before = short_share(bytes, part, to - from);
        struct frame_minute *before = &minutes[last + 1 - 2 * steps];
        before->packets += packets_before;
        before->bytes += bytes_before;
        minutes[last].flows++;
        minutes[last].packets += packets - packets_before;
        minutes[last].bytes += bytes - bytes_before;
    }
}

uint32_t frame_minutes_sum(struct frame_minute *minutes, const struct batch *batch,
                           int64_t start_low_ms, int64_t end_high_ms) {
    const struct batch_stamp *stamp = &batch->stamp;
    if (batch->count == 0 || stamp->unit_ms < 1 || stamp->reach_ms < stamp->unit_ms) {
        return 0;
    }
    /* At least what is touched, and mostly few enough to spare a look at each record. */
    struct touched span = touched_of(
        (struct spread){ .from_ms = start_low_ms, .to_ms = end_high_ms + stamp->unit_ms });
    if ((minute_count(span) > FRAME_MINUTES_MAX ||
         minute_count(span) * batch->count > TOUCHES_MAX) &&
        !find_span(batch, &span)) {
        return 0;
    }
    uint32_t count = (uint32_t)(span.last - span.first) + 1;
    for (uint32_t m = 0; m <= count; m++) {
        minutes[m] = (struct frame_minute){ .minute = span.first + m };
    }
    add_flows(minutes, span.first, batch);
    uint32_t kept = 0;
    for (uint32_t m = 0; m < count; m++) {
        if ((minutes[m].flows | minutes[m].packets | minutes[m].bytes) != 0) {
            minutes[kept++] = minutes[m];
        }
    }
    return kept;
}

void frame_minutes_write(const struct frame_minute *minutes, uint32_t count, struct buffer *out) {
    int64_t next = 0;
    for (uint32_t m = 0; m < count; m++) {
        buffer_varint(out, (uint64_t)(minutes[m].minute - next));
        buffer_varint(out, minutes[m].flows);
        buffer_varint(out, minutes[m].packets);
        buffer_varint(out, minutes[m].bytes);
        next = minutes[m].minute + 1;
    }
}

bool frame_minutes(struct bytes bytes, struct frame_minute *out, uint32_t *count, bool *has_totals,
                   struct error *err) {
    struct frame_view view;
    const struct frame_section *section;
    *count = 0;
    *has_totals = false;
    if (!frame_view_open(&view, bytes, err) ||
        !frame_view_section(&view, SECTION_MINUTES, &section, err)) {
        return false;
    }
    *has_totals = section != NULL || view.prologue.header.count == 0;
    if (section == NULL) {
        return true;
    }
    if (section->encoding != ENCODING_PLAIN || section->low > FRAME_MINUTES_MAX) {
        return frame_bad(err, SECTION_MINUTES, "encoding %u, %llu rows", section->encoding,
                         (unsigned long long)section->low);
    }
    struct cursor cursor = cursor_of(section->bytes);
    uint64_t next = 0;
    for (uint32_t m = 0; m < section->low; m++) {
        uint64_t distance = cursor_varint(&cursor);
        out[m].flows = cursor_varint(&cursor);
        out[m].packets = cursor_varint(&cursor);
        out[m].bytes = cursor_varint(&cursor);
        if (cursor.failed || distance > BATCH_TIME_MAX_MS - next) {
            return frame_bad(err, SECTION_MINUTES, "row %u is broken", m);
        }
        out[m].minute = (int64_t)(next + distance);
        next += distance + 1;
    }
    if (cursor_left(&cursor) > 0) {
        return frame_bad(err, SECTION_MINUTES, "%zu bytes too many", cursor_left(&cursor));
    }
    *count = (uint32_t)section->low;
    return true;
}
