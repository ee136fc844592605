/* SPDX-License-Identifier: Apache-2.0 */
/* Three kinds of unit: times ("min", "hours", "days"), plain numbers ("bits", "share"), and amounts
 * ("bytes", "packets/s"), which take a factor and may be a rate. */
#include "tools/config_value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMBER_MAX 40

struct place {
    const uint8_t *at;
    const uint8_t *end;
};

struct unit_word {
    const char *name;
    double scale;
};

/* In milliseconds. */
static const struct unit_word times[] = {
    { "ms", 1 },        { "s", 1e3 },        { "sec", 1e3 },    { "second", 1e3 },
    { "seconds", 1e3 }, { "m", 6e4 },        { "min", 6e4 },    { "minute", 6e4 },
    { "minutes", 6e4 }, { "h", 36e5 },       { "hour", 36e5 },  { "hours", 36e5 },
    { "d", 864e5 },     { "day", 864e5 },    { "days", 864e5 }, { "w", 6048e5 },
    { "week", 6048e5 }, { "weeks", 6048e5 },
};
#define TIME_COUNT (sizeof times / sizeof *times)

/* In bytes. */
static const struct unit_word sizes[] = {
    { "B", 1 }, { "byte", 1 }, { "bytes", 1 }, { "bit", 0.125 }, { "bits", 0.125 },
};
#define SIZE_COUNT (sizeof sizes / sizeof *sizes)

static void skip_blanks(struct place *place) {
    while (place->at < place->end && *place->at == ' ') {
        place->at++;
    }
}

static bool is_digit(uint8_t byte) {
    return byte >= '0' && byte <= '9';
}

static size_t digits_at(const struct place *place, size_t offset) {
    size_t size = 0;
    while (place->at + offset + size < place->end && is_digit(place->at[offset + size])) {
        size++;
    }
    return size;
}

static bool byte_at(const struct place *place, size_t offset, const char *set) {
    const uint8_t *at = place->at + offset;
    return at < place->end && *at != '\0' && strchr(set, *at) != NULL;
}

/* Digits, a point, an exponent: never what else strtod takes (inf, hex, signs). */
static bool read_number(struct place *place, double *out) {
    size_t size = digits_at(place, 0);
    if (size == 0) {
        return false;
    }
    if (byte_at(place, size, ".") && digits_at(place, size + 1) > 0) {
        size += 1 + digits_at(place, size + 1);
    }
    if (byte_at(place, size, "eE")) {
        size_t sign = byte_at(place, size + 1, "+-");
        size_t digits = digits_at(place, size + 1 + sign);
        size += digits > 0 && digits <= 3 ? 1 + sign + digits : 0;
    }
    char text[NUMBER_MAX + 1];
    if (size > NUMBER_MAX) {
        return false;
    }
    memcpy(text, place->at, size);
    text[size] = '\0';
    *out = strtod(text, NULL);
    place->at += size;
    return isfinite(*out);
}

/* The run of letters here, moved behind it. */
static struct bytes read_word(struct place *place) {
    const uint8_t *first = place->at;
    while (place->at < place->end &&
           ((*place->at >= 'a' && *place->at <= 'z') || (*place->at >= 'A' && *place->at <= 'Z'))) {
        place->at++;
    }
    return bytes_of(first, (size_t)(place->at - first));
}

static const struct unit_word *find_word(const struct unit_word *words, size_t count,
                                         struct bytes name) {
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(name, bytes_text(words[i].name))) {
            return &words[i];
        }
    }
    return NULL;
}

/* The unit in front of the slash of a rate, and the time behind it (NULL: no rate). */
static struct bytes split_unit(const char *unit, const struct unit_word **per) {
    const char *slash = strchr(unit, '/');
    *per = slash == NULL ? NULL : find_word(times, TIME_COUNT, bytes_text(slash + 1));
    return slash == NULL ? bytes_text(unit) : bytes_of(unit, (size_t)(slash - unit));
}

static bool is_plain_unit(struct bytes unit) {
    static const char *const plain[] = { "bits", "deviations", "times", "share", "exponent" };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (bytes_equal(unit, bytes_text(plain[i]))) {
            return true;
        }
    }
    return false;
}

/* "90 s", "1h 30min", or a number in the unit itself. */
static bool parse_time(struct place place, const struct unit_word *unit, double *out) {
    double sum_ms = 0;
    bool is_alone = true;
    do {
        double number;
        skip_blanks(&place);
        if (!read_number(&place, &number)) {
            return false;
        }
        skip_blanks(&place);
        if (place.at == place.end && is_alone) {
            *out = number;
            return true;
        }
        const struct unit_word *word = find_word(times, TIME_COUNT, read_word(&place));
        if (word == NULL) {
            return false;
        }
        sum_ms += number * word->scale;
        is_alone = false;
    } while (place.at < place.end);
    *out = sum_ms / unit->scale;
    return true;
}

static bool parse_plain(struct place place, struct bytes unit, double *out) {
    if (!read_number(&place, out)) {
        return false;
    }
    skip_blanks(&place);
    if (place.end - place.at == 1 && *place.at == '%' && bytes_equal(unit, bytes_text("share"))) {
        *out /= 100;
        return true;
    }
    return place.at == place.end ||
           bytes_equal(bytes_of(place.at, (size_t)(place.end - place.at)), unit);
}

/* The factor in front of a word, moved behind it: the word "k" is one, "kpackets" begins with one.
 */
static double read_factor(struct place *place) {
    static const char letters[] = "kmgt";
    const char *letter =
        place->at < place->end && *place->at != 0 ? strchr(letters, *place->at | 32) : NULL;
    if (letter == NULL) {
        return 1;
    }
    place->at++;
    bool is_binary = place->at < place->end && *place->at == 'i';
    place->at += is_binary;
    double factor = 1;
    for (const char *p = letters; p <= letter; p++) {
        factor *= is_binary ? 1024 : 1000;
    }
    return factor;
}

static bool parse_amount(struct place place, struct bytes unit, const struct unit_word *per,
                         double *out) {
    double number;
    if (!read_number(&place, &number)) {
        return false;
    }
    skip_blanks(&place);
    number *= read_factor(&place);
    skip_blanks(&place);
    struct bytes name = read_word(&place);
    if (bytes_equal(unit, bytes_text("bytes"))) {
        const struct unit_word *word = find_word(sizes, SIZE_COUNT, name);
        if (word == NULL && name.size > 0) {
            return false;
        }
        number *= word != NULL ? word->scale : 1;
    } else if (name.size > 0 && !bytes_equal(name, unit)) {
        return false;
    }
    if (place.at < place.end && per != NULL && *place.at == '/') {
        place.at++;
        const struct unit_word *word = find_word(times, TIME_COUNT, read_word(&place));
        if (word == NULL) {
            return false;
        }
        number = number * per->scale / word->scale;
    }
    *out = number;
    return place.at == place.end;
}

bool config_value_parse(struct bytes text, const char *unit, double *out, struct error *err) {
    const struct unit_word *per;
    struct bytes what = split_unit(unit, &per);
    const struct unit_word *time = per == NULL ? find_word(times, TIME_COUNT, what) : NULL;
    const uint8_t *begin = text.size > 0 ? text.data : (const uint8_t *)"";
    const struct place place = { begin, begin + text.size };
    double value;
    bool ok = text.size > 0;
    ok = ok && (time != NULL          ? parse_time(place, time, &value)
                : is_plain_unit(what) ? parse_plain(place, what, &value)
                                      : parse_amount(place, what, per, &value));
    if (!ok || !isfinite(value)) {
        const char *example = time != NULL                             ? "30 min, 2 h"
                              : is_plain_unit(what)                    ? "2, 0.5"
                              : bytes_equal(what, bytes_text("bytes")) ? "5 MB, 80 Mbit, 4096"
                                                                       : "1500, 10k";
        return error_set(err, ERROR_ARGUMENT, "'%.*s' is no number of %s (like %s)",
                         (int)(text.size < NUMBER_MAX ? text.size : NUMBER_MAX),
                         text.size > 0 ? (const char *)text.data : "", unit, example);
    }
    *out = value;
    return true;
}

/* The shortest text that is read as this number again. */
static size_t format_shortest(double value, char out[CONFIG_VALUE_TEXT_SIZE]) {
    int length = 0;
    for (int digits = 1; digits <= 17; digits++) {
        length = snprintf(out, CONFIG_VALUE_TEXT_SIZE, "%.*g", digits, value);
        if (strtod(out, NULL) == value) {
            break;
        }
    }
    /* 1500, not 1.5e+03. */
    if (strchr(out, 'e') != NULL && value >= 1 && value <= 1e15 && value == floor(value)) {
        length = snprintf(out, CONFIG_VALUE_TEXT_SIZE, "%.0f", value);
    }
    return (size_t)length;
}

size_t config_value_format(double value, const char *unit, char out[CONFIG_VALUE_TEXT_SIZE]) {
    static const char *const factors[] = { " ", " k", " M", " G", " T" };
    const struct unit_word *per;
    struct bytes what = split_unit(unit, &per);
    const char *factor = "";
    const char *word = "";
    if (bytes_equal(what, bytes_text("bytes"))) {
        size_t i = 0;
        while (i + 1 < sizeof factors / sizeof *factors && value >= 1000 &&
               fmod(value, 1000) == 0) {
            value /= 1000;
            i++;
        }
        factor = factors[i];
        word = per == NULL ? "B" : "B/";
    } else if (per == NULL && find_word(times, TIME_COUNT, what) != NULL) {
        factor = " ";
        word = unit;
    }
    size_t length = format_shortest(value, out);
    bool is_rate = per != NULL && *word != '\0';
    return length + (size_t)snprintf(out + length, CONFIG_VALUE_TEXT_SIZE - length, "%s%s%s",
                                     factor, word, is_rate ? strchr(unit, '/') + 1 : "");
}
