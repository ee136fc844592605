/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_UNITS_H
#define WEIR_BASE_UNITS_H

#include "base/bytes.h"

/* Numbers with units, as people write and read them. Parsing takes the whole text, never rounds and
 * never wraps: a value that is not whole, or that does not fit, is an error. Errors are all
 * ERROR_ARGUMENT; their message quotes the text and says what is accepted. Any thread. */

/* Every text below fits, with its end. */
#define UNITS_TEXT_SIZE 48

/* "1500", "1.5k", "2M": decimal factors k M G T (either case), binary ones Ki Mi Gi Ti. */
bool units_parse_count(struct bytes text, uint64_t *out, struct error *err);

/* The same with an optional "B" behind: "64M", "1GiB", "10kB". In bytes. */
bool units_parse_size(struct bytes text, uint64_t *out_bytes, struct error *err);

/* "90s", "1h30m", "1.5h", "250ms", "7d", "1w"; a bare number is seconds. Units (w d h m s ms) stand
 * from large to small, each once. A day has 24 hours. Not negative. */
bool units_parse_duration(struct bytes text, int64_t *out_ms, struct error *err);

enum units_style {
    UNITS_SI,    /* factors of 1000: k M G T P E */
    UNITS_IEC,   /* factors of 1024: Ki Mi Gi Ti Pi Ei */
    UNITS_PLAIN, /* all digits, no factor and no unit: for programs */
};

/* "1.2 GB" for `unit` "B", "3.4 Mbit/s" for "bit/s", "1.2 M" for "": two digits below ten, else
 * whole ones, rounded half up. `unit` has at most 16 characters. Returns the length. */
size_t units_format(uint64_t value, const char *unit, enum units_style style,
                    char out[UNITS_TEXT_SIZE]);

static inline size_t units_format_bytes(uint64_t bytes, enum units_style style,
                                        char out[UNITS_TEXT_SIZE]) {
    return units_format(bytes, "B", style, out);
}

static inline size_t units_format_count(uint64_t count, char out[UNITS_TEXT_SIZE]) {
    return units_format(count, "", UNITS_SI, out);
}

static inline size_t units_format_rate(uint64_t bits_per_s, char out[UNITS_TEXT_SIZE]) {
    return units_format(bits_per_s, "bit/s", UNITS_SI, out);
}

/* "1h30m", "2d3h", "250ms", "0s": exact, so that units_parse_duration gives it back; days are the
 * largest unit. A negative one has "-" in front. Returns the length. */
size_t units_format_duration(int64_t ms, char out[UNITS_TEXT_SIZE]);

/* The same cut to its two largest units, for reading: "2d3h" for 2d3h59m. */
size_t units_format_duration_short(int64_t ms, char out[UNITS_TEXT_SIZE]);

#endif
