/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_ZONE_RULE_H
#define WEIR_BASE_ZONE_RULE_H

#include "base/bytes.h"

/* The POSIX rule of a zone (the TZ variable; the footer of a TZif file): a standard offset and, if
 * there is one, daylight saving time between two days of each year. */

enum zone_day_kind {
    ZONE_DAY_MONTH,  /* Mm.w.d: week w (5: the last) of month m, weekday d */
    ZONE_DAY_JULIAN, /* Jn: day 1..365, 29 February never counted */
    ZONE_DAY_PLAIN,  /* n: day 0..365 */
};

struct zone_day {
    enum zone_day_kind kind;
    unsigned month;
    unsigned week;
    unsigned day;
    int32_t time_s; /* local, from midnight; -167 to 167 hours */
};

struct zone_rule {
    int32_t offset_s; /* standard time, east of UTC */
    bool has_saving;
    int32_t saving_offset_s;
    struct zone_day start; /* in standard time */
    struct zone_day end;   /* in saving time */
};

/* Reads the whole of `text`: "CET-1CEST,M3.5.0,M10.5.0/3", "<+0530>-5:30". Errors: ERROR_FORMAT. */
bool zone_rule_parse(struct bytes text, struct zone_rule *out, struct error *err);

int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t unix_s);

#endif
