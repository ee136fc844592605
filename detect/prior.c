/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/prior.h"

#include <assert.h>

void prior_init(struct prior *prior) {
    *prior = (struct prior){ 0 };
    prior_hour_init(&prior->running);
    prior_hour_init(&prior->waiting);
    prior_hour_init(&prior->asked);
}

void prior_done(struct prior *prior) {
    prior_hour_done(&prior->running);
    prior_hour_done(&prior->waiting);
    prior_hour_done(&prior->asked);
}

/* Percentiles are asked for many times in an hour, and change once. */
static void fill_values(struct prior *prior) {
    const struct prior_hour *asked = &prior->asked;
    for (uint32_t f = 0; f < PRIOR_FEATURES; f++) {
        prior->fleet[f] = prior_row_percentile(&asked->fleet, f);
        for (uint32_t i = 0; i < asked->role_count; i++) {
            float value = prior_row_percentile(&asked->roles[i], f);
            prior->roles[i][f] = value < 0 ? prior->fleet[f] : value;
        }
    }
}

/* `to` becomes what `from` was, and `from` none. */
static void move(struct prior_hour *to, struct prior_hour *from) {
    prior_hour_done(to);
    *to = *from;
    prior_hour_init(from);
}

void prior_enter(struct prior *prior, int64_t hour) {
    struct prior_hour *running = &prior->running;
    struct prior_hour *waiting = &prior->waiting;
    if (hour <= running->hour) {
        return;
    }
    bool is_due = waiting->hour >= 0; /* it is before the running hour, that before `hour` */
    if (is_due) {
        move(&prior->asked, waiting);
    }
    struct prior_hour next;
    prior_hour_init(&next);
    prior_hour_begin(&next, running, hour);
    if (running->hour >= 0) {
        bool is_old = running->hour <= hour - PRIOR_LAG_HOURS;
        move(is_old ? &prior->asked : waiting, running);
        is_due = is_due || is_old;
    }
    *running = next;
    if (is_due) {
        fill_values(prior);
    }
}

void prior_see(struct prior *prior, struct bytes role) {
    assert(prior->running.hour >= 0);
    prior_hour_see(&prior->running, role);
}

bool prior_add(struct prior *prior, struct bytes role, const float records[PRIOR_FEATURES],
               struct error *err) {
    assert(prior->running.hour >= 0);
    return prior_hour_add(&prior->running, role, records, err);
}

float prior_value(const struct prior *prior, struct bytes role, uint32_t feature) {
    assert(feature < PRIOR_FEATURES);
    if (prior->asked.hour < 0) {
        return -1;
    }
    const struct prior_row *row = prior_hour_find(&prior->asked, role);
    return row == NULL ? prior->fleet[feature] : prior->roles[row - prior->asked.roles][feature];
}

int64_t prior_role_hours(const struct prior *prior, struct bytes role) {
    const struct prior_row *row = prior_hour_find(&prior->asked, role);
    return row == NULL ? -1 : prior->running.hour - row->first_hour;
}

void prior_save(const struct prior *prior, struct buffer *out) {
    prior_hour_save(&prior->running, out);
    prior_hour_save(&prior->waiting, out);
    prior_hour_save(&prior->asked, out);
}

void prior_load(struct prior *prior, struct cursor *cursor) {
    prior_hour_load(&prior->running, cursor);
    const int64_t hour = prior->running.hour;
    prior_hour_load(&prior->waiting, cursor);
    prior_hour_load(&prior->asked, cursor);
    bool is_waiting = prior->waiting.hour >= 0;
    bool is_asked = prior->asked.hour >= 0;
    cursor->failed |= (is_waiting && prior->waiting.hour != hour - 1) ||
                      (is_asked && prior->asked.hour > hour - PRIOR_LAG_HOURS);
    if (cursor->failed) {
        prior_done(prior);
        return;
    }
    if (is_asked) {
        fill_values(prior);
    }
}
