/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_ZONE_H
#define WEIR_BASE_ZONE_H

#include "base/bytes.h"

/* A time zone: which offset from UTC holds at which instant. Read from the system's tz database by
 * our own reader (TZif of RFC 9636, versions 2 to 4, with the rule of its footer), since libc's is
 * one mutable zone for the whole process. A NULL zone is UTC. Immutable: any thread may read it. */
struct zone;

/* The longest name of a zone that is looked up, and its end. */
#define ZONE_NAME_SIZE 64

/* "UTC" (or "Z"), "+05:30", "-0800", "+01"; "local": what TZ says (an Area/City, perhaps behind
 * ':', or a rule as "CET-1CEST,M3.5.0,M10.5.0/3"), else /etc/localtime; or an Area/City of the
 * database. A name has only letters, digits and _ + - /, so it cannot leave the database's folder.
 *
 * `*out` is NULL for UTC. Errors: ERROR_ARGUMENT (no such zone; the message says what is accepted),
 * ERROR_FORMAT (a damaged file), ERROR_UNSUPPORTED (version 1, or with leap seconds), ERROR_LIMIT,
 * ERROR_IO. */
bool zone_open(const char *name, struct zone **out, struct error *err);

/* The same from the bytes of a TZif file, which are untrusted and only borrowed. */
bool zone_decode(struct bytes file, const char *name, struct zone **out, struct error *err);

/* Accepts NULL. */
void zone_close(struct zone *zone);

/* "UTC", "+05:30", "Europe/Berlin": as it was asked for. */
const char *zone_name(const struct zone *zone);

/* Seconds east of UTC at an instant (Unix seconds). */
int32_t zone_offset_s(const struct zone *zone, int64_t unix_s);

/* The instant of a local time, given as the Unix seconds that it would have in UTC. A time that
 * occurs twice is the first of the two; one that is skipped is read with the offset from before the
 * gap, so 02:30 in a gap from 02:00 to 03:00 is 03:30. (RFC 5545, 3.3.5 has the same rules.)
 * `local_s` is within 2^62 of 0. */
int64_t zone_to_unix_s(const struct zone *zone, int64_t local_s);

#endif
