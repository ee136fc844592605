/* SPDX-License-Identifier: Apache-2.0 */
/* `weir rules`: the tables of rules and features as the program has them, so that documents need
 * not be believed: docs/DETECTION.md's are made of this. */
#include "detect/rule.h"
#include "tools/config_value.h"
#include "tools/console.h"
#include "tools/sheet.h"
#include "tools/weir.h"

#include <ctype.h>
#include <unistd.h>

enum { SHOW_RULES, SHOW_FEATURES };
static const char *const shows[] = { "rules", "features", NULL };
/* In the order of enum sheet_form. */
static const char *const outputs[] = { "table", "csv", "ndjson", "json", "markdown", NULL };

struct rules_options {
    int show;
    int output;
};

static const struct option_row rows[] = {
    { .name = "show",
      .kind = OPTION_CHOICE,
      .offset = offsetof(struct rules_options, show),
      .argument = "WHAT",
      .choices = shows,
      .help = "rules (default), or the features that they ask about" },
    { .name = "output",
      .letter = 'o',
      .kind = OPTION_CHOICE,
      .offset = offsetof(struct rules_options, output),
      .argument = "FORM",
      .choices = outputs,
      .help = "table (default), csv, ndjson, json or markdown" },
};

static const struct option_table table = {
    .program = "weir rules",
    .summary = "print the rules, what they ask, and what is measured",
    .usage = "[OPTION...]",
    .description =
        "Prints each rule with its class, severity, the most that it advises unasked, the numbers "
        "that it asks for with their defaults, how long its condition must hold, and ATT&CK's "
        "techniques. Rules come by priority. A number's name is the one of a configuration: "
        "`floor` of exfil is exfil.floor; `weir config defaults` has them with their bounds.\n\n"
        "Exit status: 0 done; 2 usage; 4 the answer could not be written.",
    .examples = "  weir rules\n"
                "  weir rules --show features -o csv",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static void put_text(struct buffer *out, const char *text) {
    buffer_put(out, text, strlen(text));
}

/* --- rules ------------------------------------------------------------------------------------ */

static const struct sheet_column rule_columns[] = {
    { "rule", SHEET_TEXT },        { "class", SHEET_TEXT },   { "severity", SHEET_TEXT },
    { "advice", SHEET_TEXT },      { "feature", SHEET_TEXT }, { "asks", SHEET_TEXT },
    { "persistence", SHEET_TEXT }, { "counts", SHEET_TEXT },  { "learned", SHEET_TEXT },
    { "attack", SHEET_TEXT },      { "means", SHEET_TEXT },
};

static bool is_own(const struct rule_row *rule, const char *name) {
    size_t size = strlen(rule->name);
    return strncmp(name, rule->name, size) == 0 && name[size] == '.';
}

/* "5 MB/min", "2 bits". */
static void put_value(struct buffer *out, const struct rule_param_row *param) {
    char value[CONFIG_VALUE_TEXT_SIZE];
    size_t size = config_value_format(param->initial, param->unit, value);
    buffer_put(out, value, size);
    if (size > 0 && isdigit((unsigned char)value[size - 1])) {
        buffer_put(out, " ", 1);
        put_text(out, param->unit);
    }
}

static void put_param(struct buffer *out, const struct rule_row *rule, size_t index) {
    const struct rule_param_row *param = &rule_param_rows[index];
    buffer_put(out, ", ", out->size > 0 ? 2 : 0);
    put_text(out, is_own(rule, param->name) ? strchr(param->name, '.') + 1 : param->name);
    buffer_put(out, " ", 1);
    put_value(out, param);
}

/* What the row names first, then what its condition asks besides. */
static void put_asks(struct buffer *out, const struct rule_row *rule) {
    const enum rule_param named[] = { rule->floor, rule->margin, rule->z, rule->record };
    const size_t named_count = sizeof named / sizeof *named;
    for (size_t i = 0; i < named_count; i++) {
        if (named[i] != RULE_PARAM_COUNT) {
            put_param(out, rule, named[i]);
        }
    }
    for (size_t i = 0; i < RULE_PARAM_COUNT; i++) {
        bool is_named = i == rule->persistence;
        for (size_t k = 0; k < named_count; k++) {
            is_named = is_named || named[k] == i;
        }
        if (!is_named && is_own(rule, rule_param_rows[i].name)) {
            put_param(out, rule, i);
        }
    }
}

static void put_advice(struct buffer *out, const struct rule_row *rule) {
    put_text(out, alert_advice_name(rule->advice));
    if (rule->needs_second) {
        put_text(out, ", with a second class");
    }
    if (rule->calendar_is_second) {
        put_text(out, " or no announced change");
    }
}

static void put_attack(struct buffer *out, const struct rule_row *rule) {
    for (size_t i = 0; i < 2; i++) {
        if (rule->attack[i] != NULL) {
            buffer_put(out, " ", i > 0);
            put_text(out, rule->attack[i]);
        }
    }
}

struct texts {
    struct buffer advice;
    struct buffer asks;
    struct buffer persistence;
    struct buffer attack;
};

static bool put_rule(struct sheet *sheet, enum rule rule, struct texts *texts, struct error *err) {
    const struct rule_row *row = &rule_rows[rule];
    buffer_reset(&texts->advice);
    buffer_reset(&texts->asks);
    buffer_reset(&texts->persistence);
    buffer_reset(&texts->attack);
    put_advice(&texts->advice, row);
    put_asks(&texts->asks, row);
    put_value(&texts->persistence, &rule_param_rows[row->persistence]);
    put_attack(&texts->attack, row);
    const struct sheet_cell cells[] = {
        { .text = bytes_text(row->name) },
        { .text = bytes_text(attack_class_name(row->class_)) },
        { .text = bytes_text(alert_severity_name(row->severity)) },
        { .text = buffer_bytes(&texts->advice) },
        { .text = bytes_text(feature_rows[row->feature].name) },
        { .text = buffer_bytes(&texts->asks) },
        { .text = buffer_bytes(&texts->persistence) },
        { .text = bytes_text(row->is_fast ? "windows" : "minutes") },
        { .text = bytes_text(row->never_learned ? "never" : "yes") },
        { .text = buffer_bytes(&texts->attack) },
        { .text = bytes_text(row->help) },
    };
    return sheet_row(sheet, cells, err);
}

static bool put_rules(struct sheet *sheet, struct error *err) {
    struct texts texts;
    bool ok = true;
    buffer_init(&texts.advice, 4096);
    buffer_init(&texts.asks, 4096);
    buffer_init(&texts.persistence, 4096);
    buffer_init(&texts.attack, 4096);
    for (uint32_t r = 0; r < RULE_COUNT && ok; r++) {
        ok = put_rule(sheet, (enum rule)r, &texts, err);
    }
    buffer_done(&texts.advice);
    buffer_done(&texts.asks);
    buffer_done(&texts.persistence);
    buffer_done(&texts.attack);
    return ok;
}

/* --- features --------------------------------------------------------------------------------- */

static const struct sheet_column feature_columns[] = {
    { "feature", SHEET_TEXT },   { "unit", SHEET_TEXT },  { "scale", SHEET_NUMBER },
    { "direction", SHEET_TEXT }, { "needs", SHEET_TEXT }, { "cold", SHEET_TEXT },
    { "means", SHEET_TEXT },
};

static bool put_features(struct sheet *sheet, struct error *err) {
    static const char *const needs[] = { "", "replies", "novelty", "replies, novelty" };
    for (uint32_t f = 0; f < FEATURE_COUNT; f++) {
        const struct feature_row *row = &feature_rows[f];
        bool is_scored = f < FEATURE_SCORED_COUNT;
        const char *cold = !is_scored                              ? ""
                           : row->cold == FEATURE_COLD_MAY_BE_ZERO ? "zero counts"
                                                                   : "above zero";
        const struct sheet_cell cells[] = {
            { .text = bytes_text(row->name) },
            { .text = bytes_text(row->unit) },
            { .number = (int64_t)row->scale, .is_none = !is_scored },
            { .text = bytes_text(alert_direction_name(row->direction)) },
            { .text = bytes_text(needs[row->needs]) },
            { .text = bytes_text(cold) },
            { .text = bytes_text(row->help) },
        };
        if (!sheet_row(sheet, cells, err)) {
            return false;
        }
    }
    return true;
}

static int print(const struct rules_options *options) {
    struct sheet sheet;
    struct error err = { 0 };
    bool has_rules = options->show == SHOW_RULES;
    sheet_begin(&sheet, (enum sheet_form)options->output,
                has_rules ? rule_columns : feature_columns,
                has_rules ? sizeof rule_columns / sizeof *rule_columns
                          : sizeof feature_columns / sizeof *feature_columns,
                stdout);
    sheet.is_human = console_is_terminal(STDOUT_FILENO);
    sheet.has_colour = console_has_colour();
    bool ok = has_rules ? put_rules(&sheet, &err) : put_features(&sheet, &err);
    ok = sheet_end(&sheet, ok ? &err : NULL) && ok;
    ok = ok && console_flush(&err);
    return ok ? EXIT_DONE : console_fail(table.program, &err, EXIT_WRITE);
}

static int run(int argc, char **argv) {
    struct rules_options options = { 0 };
    struct error err = { 0 };
    int first;
    int status;
    enum option_result parsed = option_parse(&table, argc, argv, &options, &first, &err);
    if (parsed == OPTION_RUN && first < argc) {
        parsed = OPTION_ERROR;
        error_set(&err, ERROR_ARGUMENT, "'%s': weir rules takes no operand", argv[first]);
    }
    return weir_should_run(&table, parsed, &err, &status) ? print(&options) : status;
}

const struct weir_command weir_rules = { .name = "rules", .options = &table, .run = run };
