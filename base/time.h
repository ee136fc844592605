/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_TIME_H
#define WEIR_BASE_TIME_H

#include "base/zone.h"

/* Times are Unix milliseconds, UTC, proleptic Gregorian calendar, without leap seconds. No function
 * here reads a clock: "now" is the caller's. */

#define TIME_SECOND_MS INT64_C(1000)
#define TIME_MINUTE_MS INT64_C(60000)
#define TIME_HOUR_MS INT64_C(3600000)
#define TIME_DAY_MS INT64_C(86400000)

/* What time_parse takes and gives: the years 0 to 9999. */
#define TIME_MIN_MS (-INT64_C(62167219200000))
#define TIME_MAX_MS INT64_C(253402300799999)

/* Days since 1970-01-01 of a date; any year of 32 bits, month 1..12, day 1..31. */
int64_t time_days_from_date(int64_t year, unsigned month, unsigned day);

struct time_date {
    int64_t year;
    unsigned month; /* 1..12 */
    unsigned day;   /* 1..31 */
};

struct time_date time_date_from_days(int64_t days);

/* 28 to 31. */
unsigned time_days_of_month(int64_t year, unsigned month);

/* Every text below fits, with its end. */
#define TIME_TEXT_SIZE 40

/* "2026-11-24T10:30:00.000Z", with the zone's offset ("+05:30") for a zone other than UTC. Years
 * outside 0 to 9999 get a sign (ISO 8601's expanded form). An offset with seconds (local mean time
 * before the railways) is shown rounded to the minute, and the clock with it: the text still names
 * the instant exactly. Returns the length. */
size_t time_format(int64_t unix_ms, const struct zone *zone, char out[TIME_TEXT_SIZE]);

/* The same without the fraction (cut): "2026-11-24T10:30:00Z". */
size_t time_format_seconds(int64_t unix_ms, const struct zone *zone, char out[TIME_TEXT_SIZE]);

/* What relative times are relative to. */
struct time_context {
    int64_t now_ms;
    int64_t end_ms;          /* the newest time of the data, or TIME_UNKNOWN: "end" is an error */
    const struct zone *zone; /* of times without an offset, of days, of "today"; NULL: UTC */
};

#define TIME_UNKNOWN INT64_MIN

/* Reads the whole of `text`:
 *
 *     2026-11-24T10:30:00Z, 2026-11-24T10:30:00.5+05:30, 2026-11-24 10:30, 2026-11-24, 10:30
 * (today) now, end, today, yesterday; then any of +2h, -1h30m, /d (down to the minute m, hour h,
 * day d, or Monday w): now-1d/d, end-1h, today+8h; "-2h" alone is now-2h
 *     @1730000000 (Unix seconds; milliseconds from 100,000,000,000 on)
 *
 * Without an offset a time is in the context's zone (twice or never there: zone_to_unix_s). Digits
 * behind milliseconds are cut. Second 60 is the next minute's first. "1d" is 24 hours; "yesterday"
 * is the calendar day before.
 *
 * Errors: ERROR_ARGUMENT; the message quotes the text and says what is accepted, or what is wrong.
 */
bool time_parse(struct bytes text, const struct time_context *context, int64_t *out_ms,
                struct error *err);

#endif
