/* SPDX-License-Identifier: Apache-2.0 */
/* The calendar: days from a date and back, and the printed form. The arithmetic starts the year in
 * March, so that the leap day is the last of a year, and counts eras of 400 years (146,097 days),
 * which repeat exactly. */
#include "base/time.h"

#include <stdio.h>

#define DAYS_OF_ERA 146097
/* From 0000-03-01, where era 0 begins, to 1970-01-01. */
#define DAYS_TO_1970 719468

static int64_t floor_divide(int64_t value, int64_t divisor) {
    return value / divisor - (value % divisor < 0);
}

int64_t time_days_from_date(int64_t year, unsigned month, unsigned day) {
    year -= month <= 2;
    int64_t era = floor_divide(year, 400);
    int64_t year_of_era = year - era * 400;
    /* 153 days in each five months from March on: 31 30 31 30 31. */
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_OF_ERA + day_of_era - DAYS_TO_1970;
}

struct time_date time_date_from_days(int64_t days) {
    /* The split comes before the addition: no day count overflows. */
    int64_t era = floor_divide(days, DAYS_OF_ERA);
    int64_t day_of_era = days - era * DAYS_OF_ERA + DAYS_TO_1970;
    era += day_of_era / DAYS_OF_ERA;
    day_of_era %= DAYS_OF_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* 0 is March */
    return (struct time_date){
        .year = era * 400 + year_of_era + (month >= 10),
        .month = (unsigned)(month < 10 ? month + 3 : month - 9),
        .day = (unsigned)(day_of_year - (153 * month + 2) / 5 + 1),
    };
}

unsigned time_days_of_month(int64_t year, unsigned month) {
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && is_leap ? 1u : 0u);
}

static size_t format(int64_t unix_ms, const struct zone *zone, bool has_fraction,
                     char out[TIME_TEXT_SIZE]) {
    int64_t unix_s = floor_divide(unix_ms, TIME_SECOND_MS);
    int64_t ms = (unix_ms % TIME_SECOND_MS + TIME_SECOND_MS) % TIME_SECOND_MS;
    int64_t offset_min = floor_divide(zone_offset_s(zone, unix_s) + 30, 60);
    int64_t local_s = unix_s + offset_min * 60;
    int64_t days = floor_divide(local_s, 86400);
    int64_t clock = local_s - days * 86400;
    struct time_date date = time_date_from_days(days);
    bool is_plain = date.year >= 0 && date.year <= 9999;
    int size = snprintf(out, TIME_TEXT_SIZE,
                        is_plain ? "%04ld-%02u-%02uT%02ld:%02ld:%02ld"
                                 : "%+05ld-%02u-%02uT%02ld:%02ld:%02ld",
                        date.year, date.month, date.day, clock / 3600, clock / 60 % 60, clock % 60);
    if (has_fraction) {
        size += snprintf(out + size, TIME_TEXT_SIZE - (size_t)size, ".%03ld", ms);
    }
    if (zone == NULL) {
        size += snprintf(out + size, TIME_TEXT_SIZE - (size_t)size, "Z");
    } else {
        int64_t minutes = offset_min < 0 ? -offset_min : offset_min;
        size += snprintf(out + size, TIME_TEXT_SIZE - (size_t)size, "%c%02ld:%02ld",
                         offset_min < 0 ? '-' : '+', minutes / 60, minutes % 60);
    }
    return (size_t)size;
}

size_t time_format(int64_t unix_ms, const struct zone *zone, char out[TIME_TEXT_SIZE]) {
    return format(unix_ms, zone, true, out);
}

size_t time_format_seconds(int64_t unix_ms, const struct zone *zone, char out[TIME_TEXT_SIZE]) {
    return format(unix_ms, zone, false, out);
}
