/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/flowq_answer.h"

#include "base/option.h"
#include "base/time.h"
#include "base/units.h"
#include "flow/filter_parse.h"
#include "tools/console.h"

#include <stdlib.h>
#include <unistd.h>

#define MINUTE_MS INT64_C(60000)

/* The words of --by; a word with a bin is QUERY_TIME. */
static const struct key_row {
    const char *word;
    enum query_key key;
    const char *column;
    enum sheet_kind kind;
    int64_t bin_ms;
} key_rows[] = {
    { "src", QUERY_SRC, "src", SHEET_TEXT, 0 },
    { "dst", QUERY_DST, "dst", SHEET_TEXT, 0 },
    { "peer", QUERY_PEER, "peer", SHEET_TEXT, 0 },
    { "node", QUERY_NODE, "node", SHEET_TEXT, 0 },
    { "src_port", QUERY_SRC_PORT, "src_port", SHEET_NUMBER, 0 },
    { "dst_port", QUERY_DST_PORT, "dst_port", SHEET_NUMBER, 0 },
    { "port", QUERY_PORT, "port", SHEET_NUMBER, 0 },
    { "proto", QUERY_PROTOCOL, "protocol", SHEET_TEXT, 0 },
    { "protocol", QUERY_PROTOCOL, "protocol", SHEET_TEXT, 0 },
    { "action", QUERY_ACTION, "action", SHEET_TEXT, 0 },
    { "direction", QUERY_DIRECTION, "direction", SHEET_TEXT, 0 },
    { "flow_log", QUERY_FLOW_LOG, "flow_log", SHEET_TEXT, 0 },
    { "minute", QUERY_TIME, "time", SHEET_TIME, MINUTE_MS },
    { "5m", QUERY_TIME, "time", SHEET_TIME, 5 * MINUTE_MS },
    { "hour", QUERY_TIME, "time", SHEET_TIME, 60 * MINUTE_MS },
    { "day", QUERY_TIME, "time", SHEET_TIME, 1440 * MINUTE_MS },
};
#define KEY_ROW_COUNT (sizeof key_rows / sizeof *key_rows)

static const char *const directions[] = { "-", "in", "out" };
static const char *const actions[] = { "-", "accept", "reject" };

static const struct key_row *find_word(const char *word, size_t size) {
    for (size_t i = 0; i < KEY_ROW_COUNT; i++) {
        if (strlen(key_rows[i].word) == size && strncmp(key_rows[i].word, word, size) == 0) {
            return &key_rows[i];
        }
    }
    return NULL;
}

static bool unknown_word(const char *word, size_t size, struct error *err) {
    char copy[64];
    const char *words[KEY_ROW_COUNT];
    snprintf(copy, sizeof copy, "%.*s", (int)(size < 60 ? size : 60), word);
    for (size_t i = 0; i < KEY_ROW_COUNT; i++) {
        words[i] = key_rows[i].word;
    }
    const char *nearest = option_nearest(copy, words, KEY_ROW_COUNT);
    return error_set(err, ERROR_ARGUMENT, "--by: unknown key '%s'%s%s%s", copy,
                     nearest ? ": did you mean '" : "", nearest ? nearest : "",
                     nearest ? "'?" : " (see flowq --help)");
}

bool answer_parse_keys(const char *text, struct query *query, struct error *err) {
    for (const char *at = text;;) {
        size_t size = strcspn(at, ",");
        const struct key_row *row = find_word(at, size);
        if (row == NULL) {
            return unknown_word(at, size, err);
        }
        for (uint32_t i = 0; i < query->key_count; i++) {
            if (query->keys[i] == row->key) {
                return error_set(err, ERROR_ARGUMENT, "--by: '%s' stands twice", row->column);
            }
        }
        if (query->key_count == QUERY_KEYS_MAX) {
            return error_set(err, ERROR_ARGUMENT, "--by: at most %u keys", QUERY_KEYS_MAX);
        }
        query->keys[query->key_count++] = row->key;
        if (row->bin_ms > 0) {
            query->bin_ms = row->bin_ms;
        }
        if (at[size] == '\0') {
            return true;
        }
        at += size + 1;
    }
}

struct answer {
    const struct query *query;
    struct sheet sheet;
    struct sheet_column columns[SHEET_COLUMNS_MAX];
    uint32_t count;
};

static void add_column(struct answer *answer, const char *name, enum sheet_kind kind) {
    answer->columns[answer->count++] = (struct sheet_column){ name, kind };
}

static const struct key_row *row_of_key(enum query_key key) {
    for (size_t i = 0; i < KEY_ROW_COUNT; i++) {
        if (key_rows[i].key == key) {
            return &key_rows[i];
        }
    }
    abort(); /* every key has a row */
}

static void make_columns(struct answer *answer) {
    for (uint32_t i = 0; i < answer->query->key_count; i++) {
        const struct key_row *row = row_of_key(answer->query->keys[i]);
        add_column(answer, row->column, row->kind);
    }
    if (answer->query->key_count > 0) {
        add_column(answer, "bytes", SHEET_BYTES);
        add_column(answer, "packets", SHEET_COUNT);
        add_column(answer, "flows", SHEET_COUNT);
        add_column(answer, "first", SHEET_TIME);
        add_column(answer, "last", SHEET_TIME);
        return;
    }
    add_column(answer, "start", SHEET_TIME);
    add_column(answer, "end", SHEET_TIME);
    add_column(answer, "node", SHEET_TEXT);
    add_column(answer, "direction", SHEET_TEXT);
    add_column(answer, "src", SHEET_TEXT);
    add_column(answer, "src_port", SHEET_NUMBER);
    add_column(answer, "dst", SHEET_TEXT);
    add_column(answer, "dst_port", SHEET_NUMBER);
    add_column(answer, "protocol", SHEET_TEXT);
    add_column(answer, "flags", SHEET_TEXT);
    add_column(answer, "action", SHEET_TEXT);
    add_column(answer, "packets", SHEET_COUNT);
    add_column(answer, "bytes", SHEET_BYTES);
}

static struct bytes protocol_text(int64_t protocol, char scratch[16]) {
    const char *name = filter_protocol_name((uint16_t)protocol);
    return name != NULL
               ? bytes_text(name)
               : bytes_of(scratch, (size_t)snprintf(scratch, 16, "%lld", (long long)protocol));
}

/* tcpdump's letters, in the order of the header's bits. */
static struct bytes flags_text(uint8_t flags, char scratch[16]) {
    static const char letters[] = "FSRPAUEC";
    size_t size = 0;
    for (uint32_t bit = 0; bit < 8; bit++) {
        if (flags >> bit & 1) {
            scratch[size++] = letters[bit];
        }
    }
    return bytes_of(scratch, size);
}

/* A reader that left or a full disk ends the query at once. */
static bool give(struct answer *answer, const struct sheet_cell *cells, struct error *err) {
    return sheet_row(&answer->sheet, cells, err) && (!ferror(stdout) || console_flush(err));
}

static bool give_row(void *context, const struct query_row *row, struct error *err) {
    struct answer *answer = context;
    char src[ADDRESS_TEXT_SIZE];
    char dst[ADDRESS_TEXT_SIZE];
    char protocol[16];
    char flags[16];
    const struct sheet_cell cells[] = {
        { .number = row->start_ms },
        { .number = row->end_ms },
        { .text = row->node },
        { .text = bytes_text(directions[row->direction]) },
        { .text = bytes_of(src, address_format(row->src, src)) },
        { .number = row->src_port },
        { .text = bytes_of(dst, address_format(row->dst, dst)) },
        { .number = row->dst_port },
        { .text = protocol_text(row->protocol, protocol) },
        { .text = flags_text(row->tcp_flags, flags) },
        { .text = bytes_text(actions[row->action]) },
        { .number = (int64_t)row->packets },
        { .number = (int64_t)row->bytes },
    };
    return give(answer, cells, err);
}

static bool give_group(void *context, const struct query_group *group, struct error *err) {
    struct answer *answer = context;
    struct sheet_cell cells[SHEET_COLUMNS_MAX] = { 0 };
    char scratch[QUERY_KEYS_MAX][ADDRESS_TEXT_SIZE];
    uint32_t count = answer->query->key_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct query_value *value = &group->keys[i];
        switch (answer->query->keys[i]) {
        case QUERY_SRC:
        case QUERY_DST:
        case QUERY_PEER:
            cells[i].text = bytes_of(scratch[i], address_format(value->address, scratch[i]));
            break;
        case QUERY_NODE:
        case QUERY_FLOW_LOG: cells[i].text = value->text; break;
        case QUERY_PROTOCOL: cells[i].text = protocol_text(value->number, scratch[i]); break;
        case QUERY_ACTION: cells[i].text = bytes_text(actions[value->number]); break;
        case QUERY_DIRECTION: cells[i].text = bytes_text(directions[value->number]); break;
        case QUERY_SRC_PORT:
        case QUERY_DST_PORT:
        case QUERY_PORT:
        case QUERY_TIME:
        case QUERY_KEY_COUNT: cells[i].number = value->number; break;
        }
    }
    cells[count].number = (int64_t)group->sums[QUERY_BYTES];
    cells[count + 1].number = (int64_t)group->sums[QUERY_PACKETS];
    cells[count + 2].number = (int64_t)group->sums[QUERY_FLOWS];
    cells[count + 3].number = group->first_ms;
    cells[count + 4].number = group->last_ms;
    return give(answer, cells, err);
}

bool answer_run(const char *store, const struct query *query, enum sheet_form form,
                const struct zone *zone, struct query_stats *stats, struct error *err) {
    struct answer answer = { .query = query };
    struct query_sink sink = { .context = &answer, .row = give_row, .group = give_group };
    make_columns(&answer);
    sheet_begin(&answer.sheet, form, answer.columns, answer.count, stdout);
    answer.sheet.is_human = console_is_terminal(STDOUT_FILENO);
    answer.sheet.has_colour = console_has_colour();
    answer.sheet.zone = zone;
    bool ok = query_run(store, query, &sink, stats, err);
    ok = sheet_end(&answer.sheet, ok ? err : NULL) && ok;
    return console_flush(ok ? err : NULL) && ok;
}

void answer_print_stats(const struct query *query, const struct query_stats *stats) {
    char bytes[UNITS_TEXT_SIZE];
    char flows[UNITS_TEXT_SIZE];
    char read[UNITS_TEXT_SIZE];
    units_format_bytes(stats->sums[QUERY_BYTES], UNITS_SI, bytes);
    units_format_count(stats->sums[QUERY_FLOWS], flows);
    units_format_bytes(stats->bytes_read, UNITS_SI, read);
    fprintf(stderr, "%s in %s flows | read %llu of %llu frames, %s", bytes, flows,
            (unsigned long long)(stats->frames - stats->frames_skipped),
            (unsigned long long)stats->frames, read);
    if (stats->segments_skipped > 0) {
        fprintf(stderr, " (%llu of %llu segments passed over)",
                (unsigned long long)stats->segments_skipped, (unsigned long long)stats->segments);
    }
    if (stats->cut > 0) {
        fprintf(stderr, " | %llu more %s", (unsigned long long)stats->cut,
                query->key_count > 0 ? "groups" : "rows");
    }
    if (stats->partial > 0) {
        fprintf(stderr, " | %llu flows reach over the range's ends",
                (unsigned long long)stats->partial);
    }
    if (stats->skipped_intervals > 0) {
        fprintf(stderr, " | data is missing in %llu intervals (SKIPDATA)",
                (unsigned long long)stats->skipped_intervals);
    }
    fputc('\n', stderr);
}
