/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/doctor_view.h"

#include "base/time.h"
#include "base/units.h"
#include "tools/printable.h"

#include <stdarg.h>

#define BOLD "\033[1m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

/* Feeds that are shown one by one; -o json shows all. */
#define FEEDS_SHOWN_MAX 20u
#define LINE_SIZE_MAX ((size_t)64 << 10)

struct page {
    struct buffer raw;  /* a line, with what logs and paths hold */
    struct buffer line; /* the same, printable */
    const struct doctor_view *view;
    bool failed;
};

typedef unsigned long long number;

const char *doctor_codec_name(enum input_codec codec) {
    static const char *const NAMES[] = { "plain", "gzip", "zstd" };
    return NAMES[codec];
}

/* Appends to the line in hand. */
__attribute__((format(printf, 2, 3))) static void say(struct page *page, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    uint8_t *at = size < 0 ? NULL : buffer_reserve(&page->raw, (size_t)size + 1);
    if (at == NULL) {
        page->failed = true;
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf((char *)at, (size_t)size + 1, format, arguments); /* it fits */
    va_end(arguments);
    page->raw.size += (size_t)size;
}

/* Under the first word of what a finding says, and under a feed's lines. */
#define INDENT_FINDING 9
#define INDENT_FEED 4

/* The size of the longest front of `text` that is no wider than `width` and ends at a blank; the
 * first word's where even that is wider; all of it where it fits. */
static size_t fitting(struct bytes text, uint32_t width) {
    size_t fits = text.size <= width ? text.size : 0; /* no column has less than an octet */
    for (size_t at = fits; at < text.size;) {
        const uint8_t *blank = memchr(text.data + at + 1, ' ', text.size - at - 1);
        size_t end = blank == NULL ? text.size : (size_t)(blank - text.data);
        if (fits > 0 && printable_width(bytes_of(text.data, end)) > width) {
            return fits;
        }
        fits = at = end;
    }
    return fits;
}

/* Writes what is in `line`, broken to the width. `text` is what is left behind a coloured front of
 * `used` columns. */
static void write_broken(struct page *page, struct bytes text, uint32_t used, int indent) {
    FILE *out = page->view->out;
    uint32_t width = (uint32_t)page->view->width;
    while (text.size > 0) {
        size_t size = fitting(text, width > used ? width - used : 0);
        (void)fwrite(text.data, 1, size, out); /* console_flush looks */
        text = bytes_of(text.data + size, text.size - size);
        if (text.size > 0) {
            fprintf(out, "\n%*s", indent, "");
            text = bytes_of(text.data + 1, text.size - 1); /* the blank */
            used = (uint32_t)indent;
        }
    }
    fputc('\n', out);
}

/* Ends the line. Its first `coloured` octets, which are ours, get `colour`. */
static void end_line(struct page *page, const char *colour, size_t coloured, int indent) {
    bool has_colour = page->view->has_colour && colour != NULL;
    buffer_reset(&page->line);
    printable_put(&page->line, buffer_bytes(&page->raw));
    page->failed |= page->line.failed;
    struct bytes text = buffer_bytes(&page->line);
    size_t front = has_colour && text.size >= coloured ? coloured : 0;
    if (!page->line.failed) {
        if (front > 0) {
            fprintf(page->view->out, "%s%.*s%s", colour, (int)front, (const char *)text.data,
                    PLAIN);
            text = bytes_of(text.data + front, text.size - front);
        }
        write_broken(page, text, (uint32_t)front, indent);
    }
    buffer_reset(&page->raw);
}

static void print_finding(struct page *page, const struct finding *finding) {
    static const char *const COLOURS[] = { RED, YELLOW, BOLD, NULL };
    say(page, "%-8s %s", finding_severity_name(finding->severity), finding->what);
    if (finding->why != NULL) {
        say(page, "; %s", finding->why);
    }
    if (finding->advice != NULL) {
        say(page, " -> %s", finding->advice);
    }
    end_line(page, COLOURS[finding->severity], 8, INDENT_FINDING);
}

static void say_spread(struct page *page, const char *name, const struct survey_spread *spread) {
    const int64_t values[3] = { spread->p50_ms, spread->p99_ms, spread->max_ms };
    static const char *const NAMES[3] = { "half within", "99 % within", "all within" };
    say(page, "  %s:", name);
    for (int i = 0; i < 3; i++) {
        char text[UNITS_TEXT_SIZE];
        units_format_duration_short(values[i], text);
        say(page, "%s %s %s", i == 0 ? "" : ",", NAMES[i], text);
    }
    end_line(page, NULL, 0, INDENT_FEED);
}

static void print_heading(struct page *page, const struct exam_feed *feed) {
    char size[UNITS_TEXT_SIZE];
    char read[UNITS_TEXT_SIZE];
    units_format_bytes(feed->size, UNITS_SI, size);
    units_format_bytes(feed->read_size, UNITS_SI, read);
    say(page, "feed %s", feed->plan->name);
    end_line(page, BOLD, 5, INDENT_FEED);
    say(page, "  %s", feed->ops == NULL ? "no format was found" : feed->ops->name);
    if (feed->objects_assumed > 0 && !feed->has_format) {
        say(page, " (taken for it: nothing in it says so)");
    }
    for (unsigned codec = INPUT_PLAIN; codec <= INPUT_ZSTD; codec++) {
        if ((feed->codecs >> codec & 1) != 0) {
            say(page, ", %s", doctor_codec_name((enum input_codec)codec));
        }
    }
    say(page, "; %zu object%s of %s: %zu read whole, %zu in part, %s", feed->plan->count,
        feed->plan->count == 1 ? "" : "s", size, feed->objects_whole,
        feed->objects_read - feed->objects_whole, read);
    end_line(page, NULL, 0, INDENT_FEED);
    for (uint32_t i = 0; i < feed->layout_count; i++) {
        say(page, "  %s", feed->layouts[i].text);
        end_line(page, NULL, 0, INDENT_FEED);
    }
}

static void say_share(struct page *page, const char *name, uint64_t count, uint64_t of) {
    char share[FINDING_SHARE_SIZE];
    if (count > 0) {
        say(page, ", %llu %s (%s)", (number)count, name, finding_share(count, of, share));
    }
}

static void print_counts(struct page *page, const struct exam_feed *feed) {
    const struct source_counts *counts = &feed->counts;
    uint64_t frames = exam_frames(counts);
    say(page, " ");
    if (frames > 0) {
        say(page, " %llu frames: %llu IP", (number)frames, (number)counts->decoded);
        say_share(page, "others", counts->not_ip, frames);
        say_share(page, "malformed", counts->rejects[REJECT_FRAME], frames);
    }
    if (counts->lines > 0) {
        say(page, "%s %llu lines", frames > 0 ? ";" : "", (number)counts->lines);
        say_share(page, "malformed", counts->malformed - counts->rejects[REJECT_FRAME],
                  counts->lines);
        say_share(page, "NODATA", counts->nodata, counts->lines);
        say_share(page, "SKIPDATA", counts->skipdata, counts->lines);
    }
    say(page, ": %llu records", (number)counts->records);
    say_share(page, "of unknown direction", counts->direction_unknown, counts->records);
    say_share(page, "second records of two nodes", feed->twins, counts->records);
    say_share(page, "from the future", feed->future, counts->records);
    say_share(page, "late", feed->late, counts->records);
    end_line(page, NULL, 0, INDENT_FEED);
}

static void print_times(struct page *page, const struct exam_feed *feed) {
    if (feed->end_max_ms == INT64_MIN) {
        return;
    }
    char first[TIME_TEXT_SIZE];
    char last[TIME_TEXT_SIZE];
    time_format_seconds(feed->start_min_ms, NULL, first);
    time_format_seconds(feed->end_max_ms, NULL, last);
    say(page, "  %s to %s; %u node%s, %u interface%s", first, last, feed->seen.nodes,
        feed->seen.nodes == 1 ? "" : "s", feed->seen.interfaces,
        feed->seen.interfaces == 1 ? "" : "s");
    end_line(page, NULL, 0, INDENT_FEED);
    if (feed->duration.count > 0) {
        say_spread(page, "records last", &feed->duration);
    }
    if (feed->behind_newest.count > 0) {
        say_spread(page, "they end behind the newest end before them", &feed->behind_newest);
    }
    if (feed->behind_stamp.count > 0) {
        say_spread(page, "they end before the stamp of their object", &feed->behind_stamp);
    }
}

static void print_rejects(struct page *page, const struct exam_feed *feed) {
    for (int reason = 0; reason < REJECT_REASON_COUNT && feed->rejects != NULL; reason++) {
        const struct exam_reject *reject = &feed->rejects[reason];
        if (reject->count == 0) {
            continue;
        }
        say(page, "  not taken by %s: %llu", reject_reason_name((enum reject_reason)reason),
            (number)reject->count);
        if (reject->path != NULL) {
            say(page, ", the first at %s %s %llu: %s", reject->path,
                reason == REJECT_FRAME ? "frame" : "line", (number)reject->first.line,
                reject->first.excerpt);
        }
        end_line(page, NULL, 0, INDENT_FEED);
    }
}

static void print_feed(struct page *page, const struct exam_feed *feed) {
    end_line(page, NULL, 0, INDENT_FEED);
    print_heading(page, feed);
    if (feed->ops != NULL) {
        print_counts(page, feed);
        print_times(page, feed);
        print_rejects(page, feed);
    }
}

bool doctor_view_text(const struct findings *findings, const struct exam *exam,
                      const struct doctor_view *view, struct error *err) {
    struct page page = { .view = view };
    char size[UNITS_TEXT_SIZE];
    char read[UNITS_TEXT_SIZE];
    buffer_init(&page.raw, LINE_SIZE_MAX);
    buffer_init(&page.line, 4 * LINE_SIZE_MAX);
    units_format_bytes(exam->size, UNITS_SI, size);
    units_format_bytes(exam->read_size, UNITS_SI, read);
    say(&page, "%zu file%s in %zu feed%s, %s: read %s in %zu of them", exam->plan.object_count,
        exam->plan.object_count == 1 ? "" : "s", exam->plan.feed_count,
        exam->plan.feed_count == 1 ? "" : "s", size, read, exam->objects_read);
    end_line(&page, NULL, 0, INDENT_FEED);
    for (size_t i = 0; i < findings->count; i++) {
        print_finding(&page, &findings->rows[i]);
    }
    for (size_t i = 0; i < exam->plan.feed_count && i < FEEDS_SHOWN_MAX; i++) {
        print_feed(&page, &exam->feeds[i]);
    }
    if (exam->plan.feed_count > FEEDS_SHOWN_MAX) {
        say(&page, "and %zu more feeds (-o json shows all)",
            exam->plan.feed_count - FEEDS_SHOWN_MAX);
        end_line(&page, NULL, 0, INDENT_FEED);
    }
    bool ok = !page.failed || error_set(err, ERROR_LIMIT, "a line of the report is too long");
    buffer_done(&page.raw);
    buffer_done(&page.line);
    return ok;
}
