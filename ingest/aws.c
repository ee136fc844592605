/* SPDX-License-Identifier: Apache-2.0 */
/* One object of an AWS flow log, from its input to batches: lines are cut out of pieces, go to the
 * fast parser as long as it takes them, else one by one to the plain one; what a line is decides
 * where it goes (rows, coverage, layout, rejects). Where batches end depends on the lines alone,
 * never on how the input came in pieces. */
#include "ingest/aws.h"

#include "ingest/aws_facts.h"
#include "ingest/aws_envelope.h"
#include "ingest/aws_fast.h"

#include <stdio.h>
#include <stdlib.h>

#define RECOGNISE_LINES 8

#define SKIPPED_SIZE_MAX (UINT32_C(1) << 30)

struct source {
    struct input *input;
    struct aws_envelope *envelope; /* NULL: plain text */
    struct aws_fast fast;
    struct aws_rows rows;
    struct bytes flow_log; /* owned */

    const uint8_t *at; /* what is not used yet of the piece */
    const uint8_t *end;
    bool is_input_end;
    bool is_skipping;      /* inside a line that is too long */
    uint64_t skipped_size; /* of it */
    bool must_forget; /* the table of points was full: the next batch starts with an empty one */
    bool is_damaged;
    bool has_warned;
    struct error damage;
    enum aws_layout_origin layout_origin;
    uint64_t line;         /* lines so far, blank ones too */
    uint32_t reject_count; /* that were given with their text */
};

enum step {
    STEP_ON,    /* go on */
    STEP_INPUT, /* no whole line is left */
    STEP_CUT,   /* the batch must end before this line */
    STEP_FAILED,
};

static void aws_close(struct source *source) {
    if (source != NULL) {
        aws_envelope_close(source->envelope);
        input_close(source->input);
        aws_rows_done(&source->rows);
        free((void *)(uintptr_t)source->flow_log.data);
        free(source);
    }
}

static bool set_up(struct source *source, struct bytes flow_log,
                   const struct source_options *options, enum cpu_width width, struct error *err) {
    uint8_t *name = malloc(flow_log.size + 1);
    if (name == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for an AWS flow log");
    }
    if (flow_log.size > 0) {
        memcpy(name, flow_log.data, flow_log.size);
    }
    source->flow_log = bytes_of(name, flow_log.size);
    source->fast = aws_fast_of(width);
    struct aws_layout layout;
    if (options->aws_format == NULL) {
        aws_layout_default(&layout);
        source->layout_origin = AWS_LAYOUT_ASSUMED;
    } else if (!aws_layout_parse(&layout, bytes_text(options->aws_format), err)) {
        return error_context(err, "the format of AWS flow logs");
    } else {
        source->layout_origin = AWS_LAYOUT_GIVEN;
    }
    if (aws_envelope_is(input_front(source->input)) &&
        !aws_envelope_open(&source->envelope, source->input, err)) {
        return false;
    }
    return aws_rows_init(&source->rows, options->inventory, err) &&
           aws_rows_set_layout(&source->rows, &layout, err);
}

bool aws_open_width(struct source **out, struct input *input, struct bytes flow_log,
                    const struct source_options *options, enum cpu_width width, struct error *err) {
    struct source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        input_close(input);
        return error_set(err, ERROR_LIMIT, "no memory for an AWS flow log");
    }
    source->input = input;
    if (!set_up(source, flow_log, options, width, err)) {
        aws_close(source);
        return false;
    }
    *out = source;
    return true;
}

static bool aws_open(struct source **out, struct input *input, struct bytes flow_log,
                     const struct source_options *options, struct error *err) {
    return aws_open_width(out, input, flow_log, options, cpu_width(), err);
}

static void reject(struct source *source, struct source_result *result, struct bytes line,
                   enum reject_reason reason) {
    result->counts.malformed++;
    result->counts.rejects[reason]++;
    if (source->reject_count == SOURCE_REJECTS_MAX) {
        return;
    }
    source->reject_count++;
    struct source_reject *kept = &result->rejects[result->reject_count++];
    kept->reason = reason;
    kept->line = source->line;
    size_t size = line.size < sizeof kept->excerpt - 1 ? line.size : sizeof kept->excerpt - 1;
    for (size_t i = 0; i < size; i++) {
        bool is_printable = line.data[i] >= ' ' && line.data[i] < 127;
        kept->excerpt[i] = (char)(is_printable ? line.data[i] : '?');
    }
    kept->excerpt[size] = '\0';
}

/* Says once an object what its layout leaves out. */
static void warn(struct source *source, struct source_result *result) {
    const struct aws_layout *layout = &source->rows.layout;
    if (source->has_warned || (layout->unknown[0] == '\0' && !layout->is_transit_gateway)) {
        return;
    }
    source->has_warned = true;
    if (layout->is_transit_gateway) {
        (void)snprintf(
            result->warning, sizeof result->warning,
            "a Transit Gateway's flow log: its records count for the gateway's interfaces, "
            "not for the nodes behind it");
    } else {
        (void)snprintf(result->warning, sizeof result->warning, "unknown fields are skipped: %s",
                       layout->unknown);
    }
}

/* A header that cannot be used leaves no layout: what follows it is not of the old one. */
static enum step take_header(struct source *source, struct source_result *result, struct bytes line,
                             struct error *err) {
    struct aws_layout layout;
    struct error reason;
    if (aws_layout_parse(&layout, aws_line_without_stamp(line), &reason)) {
        result->counts.headers++;
    } else {
        reject(source, result, line, REJECT_HEADER);
        layout = (struct aws_layout){ 0 };
    }
    source->layout_origin = AWS_LAYOUT_HEADER;
    if (!aws_rows_set_layout(&source->rows, &layout, err)) {
        return STEP_FAILED;
    }
    warn(source, result);
    return STEP_ON;
}

/* The table of points is full (or there is no memory for it). What is in the batch goes first; an
 * empty batch takes the line with an empty table. */
static enum step make_room(struct source *source, struct error *err) {
    struct aws_rows *rows = &source->rows;
    if (rows->count > 0 || rows->gap_count > 0) {
        source->must_forget = rows->gap_count < BATCH_COVERAGE_MAX;
        return STEP_CUT;
    }
    if (rows->points.count == 0) {
        (void)error_set(err, ERROR_LIMIT, "no memory for a flow log's interfaces");
        return STEP_FAILED;
    }
    aws_points_reset(&rows->points);
    return STEP_ON;
}

static enum step added(struct source *source, enum aws_added result, uint64_t *count,
                       struct error *err) {
    *count += result == AWS_ADDED;
    return result == AWS_ADDED  ? STEP_ON
           : result == AWS_FULL ? make_room(source, err)
                                : STEP_FAILED;
}

/* Takes one line, without its LF. `is_taken` says that the source may go on behind it. */
static enum step take_line(struct source *source, struct source_result *result, struct bytes line,
                           bool *is_taken, struct error *err) {
    static const uint8_t BYTE_ORDER_MARK[3] = { 0xef, 0xbb, 0xbf };
    struct bytes text = line;
    if (source->line == 0 && line.size >= 3 && memcmp(line.data, BYTE_ORDER_MARK, 3) == 0) {
        text = bytes_of(line.data + 3, line.size - 3);
    }
    struct source_counts *counts = &result->counts;
    struct aws_record record;
    enum reject_reason reason = REJECT_LINE_LENGTH;
    enum aws_line_kind kind = line.size > INPUT_LINE_MAX
                                  ? AWS_LINE_MALFORMED
                                  : aws_line_parse(&source->rows.layout, text, &record, &reason);
    uint64_t taken = 0;
    enum step step = STEP_ON;
    if (kind == AWS_LINE_RECORD) {
        step = added(source, aws_rows_add(&source->rows, &record), &taken, err);
        counts->records += taken;
    } else if (kind == AWS_LINE_NODATA || kind == AWS_LINE_SKIPDATA) {
        bool is_nodata = kind == AWS_LINE_NODATA;
        step = added(source,
                     aws_rows_add_gap(&source->rows, &record,
                                      is_nodata ? COVERAGE_NODATA : COVERAGE_SKIPPED, err),
                     &taken, err);
        *(is_nodata ? &counts->nodata : &counts->skipdata) += taken;
    } else {
        taken = 1;
    }
    *is_taken = taken == 1;
    source->line += taken;
    counts->lines += kind == AWS_LINE_BLANK ? 0 : taken;
    if (kind == AWS_LINE_MALFORMED) {
        reject(source, result, line, reason);
    } else if (kind == AWS_LINE_HEADER) {
        step = take_header(source, result, text, err);
    }
    return step;
}

/* The parser for the default layout, and for a line that it declines (IPv6, a short interface id)
 * the one for any layout, in turn: they mix in one log, and the plain parser costs five times as
 * much. */
static void take_default(struct source *source) {
    struct aws_rows *rows = &source->rows;
    uint32_t before;
    do {
        source->at = source->fast.default_lines(rows, source->at, source->end, SIZE_MAX);
        before = rows->count;
        if (before < rows->limit && source->fast.lines != NULL) {
            source->at = source->fast.lines(rows, source->at, source->end, 1);
        }
    } while (rows->count > before);
}

/* Fast lines, from the second line of the object on (the first may have a byte order mark). */
static void take_burst(struct source *source, struct source_result *result) {
    struct aws_rows *rows = &source->rows;
    if (source->line == 0 || !aws_layout_has_records(&rows->layout) ||
        rows->layout.is_transit_gateway) {
        return;
    }
    uint32_t before = rows->count;
    if (rows->layout.is_default && source->fast.default_lines != NULL) {
        take_default(source);
    } else if (source->fast.lines != NULL) {
        source->at = source->fast.lines(rows, source->at, source->end, SIZE_MAX);
    }
    uint32_t taken = rows->count - before;
    source->line += taken;
    result->counts.lines += taken;
    result->counts.records += taken;
}

/* The rest of a line that is too long. One without an end (a device of zeros, a small file that
 * grows without bound as it is decompressed) is given up: it costs a second, not for ever. */
static enum step skip_line(struct source *source) {
    size_t size = (size_t)(source->end - source->at);
    const uint8_t *feed = memchr(source->at, '\n', size);
    source->skipped_size += size;
    if (feed == NULL && source->skipped_size > SKIPPED_SIZE_MAX) {
        error_set(&source->damage, ERROR_FORMAT, "line %llu does not end within %u bytes: given up",
                  (unsigned long long)source->line, SKIPPED_SIZE_MAX);
        source->is_damaged = source->is_input_end = true;
    }
    source->at = feed == NULL ? source->end : feed + 1;
    source->is_skipping = feed == NULL;
    return feed == NULL ? STEP_INPUT : STEP_ON;
}

/* What stands behind the last LF: a line, if the input ends there as it should. */
static enum step take_rest(struct source *source, struct source_result *result, struct bytes rest,
                           struct error *err) {
    bool is_taken = true;
    enum step step = STEP_INPUT;
    if (source->is_damaged && rest.size > 0) {
        source->line++;
        result->counts.lines++;
        reject(source, result, rest, REJECT_FIELD_COUNT);
    } else if (rest.size > 0) {
        step = take_line(source, result, rest, &is_taken, err);
    }
    source->at = is_taken ? source->end : source->at;
    return step;
}

/* Takes what it can of the piece, at least one line. */
static enum step take_lines(struct source *source, struct source_result *result,
                            struct error *err) {
    if (source->at == source->end) {
        return STEP_INPUT;
    }
    if (source->is_skipping) {
        return skip_line(source);
    }
    take_burst(source, result);
    size_t size = (size_t)(source->end - source->at);
    if (source->rows.count == source->rows.limit || size == 0) {
        return STEP_ON;
    }
    const uint8_t *feed = memchr(source->at, '\n', size);
    if (feed != NULL) {
        bool is_taken = false;
        struct bytes line = bytes_of(source->at, (size_t)(feed - source->at));
        enum step step = take_line(source, result, line, &is_taken, err);
        source->at = is_taken ? feed + 1 : source->at;
        return step;
    }
    struct bytes rest = bytes_of(source->at, size);
    if (size > INPUT_LINE_MAX) {
        bool is_taken;
        source->is_skipping = true;
        source->skipped_size = 0;
        enum step step = take_line(source, result, rest, &is_taken, err);
        source->at = source->end;
        return step;
    }
    return source->is_input_end ? take_rest(source, result, rest, err) : STEP_INPUT;
}

/* The next lines out of an envelope, which are whole, so nothing is left of those before. */
static void unwrap(struct source *source, struct source_result *result) {
    struct aws_piece piece;
    if (!aws_envelope_next(source->envelope, &piece, &source->damage)) {
        source->is_damaged = true;
    }
    source->is_input_end = piece.is_end;
    source->at = piece.lines.data;
    source->end = piece.lines.size == 0 ? piece.lines.data : piece.lines.data + piece.lines.size;
    if (piece.is_broken) {
        source->line++;
        result->counts.lines++;
        reject(source, result, piece.broken, REJECT_ENVELOPE);
    }
}

static void read_on(struct source *source, struct source_result *result) {
    if (source->envelope != NULL) {
        unwrap(source, result);
        return;
    }
    struct bytes piece;
    size_t keep = (size_t)(source->end - source->at);
    if (!input_read(source->input, keep, &piece, &source->is_input_end, &source->damage)) {
        source->is_damaged = true;
        source->is_input_end = true;
    }
    source->at = piece.data;
    source->end = piece.size == 0 ? piece.data : piece.data + piece.size;
}

/* Fills rows until the batch is full or the object ends. */
static bool fill(struct source *source, struct source_result *result, struct error *err) {
    struct aws_rows *rows = &source->rows;
    for (;;) {
        if (rows->count == rows->limit && !aws_rows_code(rows, err)) {
            return false;
        }
        if (rows->count == rows->coded && !aws_rows_has_room(rows)) {
            return true;
        }
        enum step step = take_lines(source, result, err);
        if (step == STEP_FAILED) {
            return false;
        }
        if (step == STEP_CUT) {
            return true;
        }
        if (step == STEP_INPUT && source->is_input_end) {
            result->is_end = true;
            return true;
        }
        if (step == STEP_INPUT) {
            read_on(source, result);
        }
    }
}

static bool aws_next(struct source *source, struct batch *batch, struct source_result *result,
                     struct error *err) {
    struct aws_rows *rows = &source->rows;
    *result = (struct source_result){ 0 };
    batch_reset(batch);
    warn(source, result);
    if (source->must_forget) {
        aws_points_reset(&rows->points);
        source->must_forget = false;
    }
    aws_rows_begin(rows, batch);
    bool ok = fill(source, result, err) && aws_rows_code(rows, err) &&
              aws_rows_finish(rows, source->flow_log, &result->counts, err);
    aws_rows_end(rows);
    if (!ok) {
        return false;
    }
    if (result->is_end && source->is_damaged) {
        result->is_damaged = true;
        result->damage = source->damage;
    }
    return true;
}

static void aws_describe(const struct source *source, struct source_description *out) {
    aws_facts_describe(&source->rows.layout, source->layout_origin, source->envelope != NULL, out);
}

static bool aws_recognise(struct bytes front) {
    if (aws_envelope_is(front)) {
        return aws_envelope_recognise(front);
    }
    struct aws_layout layout;
    aws_layout_default(&layout);
    for (int i = 0; i < RECOGNISE_LINES && front.size > 0; i++) {
        const uint8_t *feed = memchr(front.data, '\n', front.size);
        size_t size = feed == NULL ? front.size : (size_t)(feed - front.data);
        struct aws_record record;
        enum reject_reason reason;
        enum aws_line_kind kind =
            aws_line_parse(&layout, bytes_of(front.data, size), &record, &reason);
        if (kind != AWS_LINE_BLANK && kind != AWS_LINE_MALFORMED) {
            return true;
        }
        size_t used = feed == NULL ? size : size + 1;
        front = bytes_of(front.data + used, front.size - used);
    }
    return false;
}

const struct source_ops aws_source = {
    .name = "aws",
    .origin = ORIGIN_AWS,
    .unit_ms = 1000,
    .reach_ms = 600000,
    .lateness_ms = 600000,
    .recognise = aws_recognise,
    .open = aws_open,
    .next = aws_next,
    .close = aws_close,
    .profile = &aws_profile,
    .describe = aws_describe,
};
