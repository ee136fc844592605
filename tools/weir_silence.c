/* SPDX-License-Identifier: Apache-2.0 */
/* `weir silence`: what is not to be told for a while, in the operator's file. */
#include "tools/console.h"
#include "tools/operator_file.h"
#include "tools/sheet.h"
#include "tools/weir.h"
#include "tools/yaml_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct silence_options {
    const char *store;
    const char *file;
    const char *until;
    const char *from;
    struct option_list nodes;
    struct option_list roles;
    struct option_list classes;
    struct option_list rules;
    const char *comment;
    bool is_allowed;
    int output;
};

static const char *const outputs[] = { "table", "csv", "ndjson", "json", NULL };

#define OPTION(field) offsetof(struct silence_options, field)

static const struct option_row rows[] = {
    { .name = "store",
      .kind = OPTION_TEXT,
      .offset = OPTION(store),
      .argument = "DIR",
      .help = "silences of the store in DIR, which weir replay --store DIR reads" },
    { .name = "file",
      .kind = OPTION_TEXT,
      .offset = OPTION(file),
      .argument = "FILE",
      .help = "silences in FILE, which a configuration names as operator_file" },
    { .name = "until",
      .kind = OPTION_TEXT,
      .offset = OPTION(until),
      .argument = "TIME",
      .help = "add: when it ends, by the times of flows (2026-11-24T10:30:00Z; now+7d)" },
    { .name = "from",
      .kind = OPTION_TEXT,
      .offset = OPTION(from),
      .argument = "TIME",
      .help = "add: when it begins (default: ever)" },
    { .name = "node",
      .kind = OPTION_LIST,
      .offset = OPTION(nodes),
      .argument = "NAME",
      .help = "add: only of this node (a name, an identity, or a pattern); may be repeated" },
    { .name = "role",
      .kind = OPTION_LIST,
      .offset = OPTION(roles),
      .argument = "NAME",
      .help = "add: only of nodes of this role; may be repeated" },
    { .name = "class",
      .kind = OPTION_LIST,
      .offset = OPTION(classes),
      .argument = "CLASS",
      .help = "add: only alerts of this class; may be repeated" },
    { .name = "rule",
      .kind = OPTION_LIST,
      .offset = OPTION(rules),
      .argument = "RULE",
      .help = "add: only alerts of this rule; may be repeated" },
    { .name = "comment",
      .kind = OPTION_TEXT,
      .offset = OPTION(comment),
      .argument = "TEXT",
      .help = "add: why, for people" },
    { .name = "allow",
      .kind = OPTION_FLAG,
      .offset = OPTION(is_allowed),
      .help = "add: the traffic is legitimate, not only unwanted in alerts" },
    { .name = "output",
      .letter = 'o',
      .kind = OPTION_CHOICE,
      .offset = OPTION(output),
      .argument = "FORM",
      .choices = outputs,
      .help = "list: table (default), csv, ndjson or json" },
};

static const struct option_table table = {
    .program = "weir silence",
    .summary = "say which alerts are not to be told for a while",
    .usage = "add --until TIME [OPTION...] [FILTER] | list | drop ID...",
    .description =
        "Changes the operator's file of a store, or a file of its own. A silence holds for an "
        "alert within its time when each conversation of the alert's evidence matches FILTER "
        "(weir-filter(7)); without a FILTER it must say a node, role, class or rule. Such alerts "
        "are counted and not told; the detector judges and learns as ever. add prints the id by "
        "which drop takes it back.\n\n"
        "Exit status: 0 done; 2 usage; 4 the file could not be written.",
    .examples =
        "  weir silence add --store store --until now+7d --node web-1 'dst net 203.0.113.0/24'\n"
        "  weir silence add --store store --until 2026-12-24 --class scan --role crawler\n"
        "  weir silence list --store store\n"
        "  weir silence drop --store store 6f1c09aa",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

/* What is to be added, as a file would say it: so the same checks are made. */
struct addition {
    struct buffer text;
    char id[9];
};

static void put(struct buffer *out, const char *text) {
    buffer_put(out, text, strlen(text));
}

static void put_list(struct buffer *out, const char *key, const struct option_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        put(out, i == 0 ? key : ", ");
        yaml_put_text(out, bytes_text(list->values[i]));
    }
    put(out, list->count > 0 ? "]\n" : "");
}

/* Relative to now, which stands in the file as a time. */
static bool put_time(struct buffer *out, const char *option, const char *key, const char *text,
                     struct error *err) {
    const struct time_context context = { .now_ms = console_now_ms(), .end_ms = TIME_UNKNOWN };
    char absolute[TIME_TEXT_SIZE];
    int64_t ms;
    if (!time_parse(bytes_text(text), &context, &ms, err)) {
        return error_context(err, "%s", option);
    }
    operator_time_format(ms - ms % 1000, absolute);
    put(out, key);
    put(out, absolute);
    put(out, "\n");
    return true;
}

/* The filter's words joined by blanks; compiled here, so that its error stands alone. */
static bool put_filter(struct buffer *out, char **words, int count, struct error *err) {
    struct buffer text;
    struct filter *filter = NULL;
    buffer_init(&text, (size_t)1 << 16);
    for (int i = 0; i < count; i++) {
        buffer_put(&text, " ", i > 0);
        buffer_put(&text, words[i], strlen(words[i]));
    }
    bool ok = buffer_check(&text, "the filter", err) &&
              (count == 0 || filter_compile(&filter, buffer_bytes(&text), err));
    if (ok && count > 0) {
        put(out, "  filter: ");
        yaml_put_text(out, buffer_bytes(&text));
        put(out, "\n");
    }
    filter_free(filter);
    buffer_done(&text);
    return ok;
}

static bool make_addition(struct buffer *out, const struct silence_options *options, char **words,
                          int count, struct error *err) {
    put(out, options->is_allowed ? "allow:\n- " : "silences:\n- ");
    if (!put_time(out, "--until", "until: ", options->until, err) ||
        (options->from != NULL && !put_time(out, "--from", "  from: ", options->from, err)) ||
        !put_filter(out, words, count, err)) {
        return false;
    }
    put_list(out, "  nodes: [", &options->nodes);
    put_list(out, "  roles: [", &options->roles);
    put_list(out, "  classes: [", &options->classes);
    put_list(out, "  rules: [", &options->rules);
    if (options->comment != NULL) {
        put(out, "  comment: ");
        yaml_put_text(out, bytes_text(options->comment));
        put(out, "\n");
    }
    return buffer_check(out, "the silence", err);
}

static bool add_to(void *context, struct config *config, struct error *err) {
    struct addition *addition = context;
    static const char name[] = "weir";
    if (!config_read_operator(config, name, buffer_bytes(&addition->text), err)) {
        /* Line and column of what nobody has seen say nothing. */
        size_t at = sizeof name - 1;
        at += strspn(err->message + at, ":0123456789 ");
        memmove(err->message, err->message + at, strlen(err->message + at) + 1);
        return false;
    }
    memcpy(addition->id, config->say.silences[config->say.silence_count - 1].id,
           sizeof addition->id);
    return true;
}

static bool add(const struct silence_options *options, const char *path, char **words, int count,
                struct error *err) {
    struct addition addition = { 0 };
    if (options->until == NULL) {
        return error_set(err, ERROR_ARGUMENT, "--until TIME is missing: when does it end?");
    }
    buffer_init(&addition.text, (size_t)1 << 20);
    bool ok = make_addition(&addition.text, options, words, count, err) &&
              operator_file_edit(path, add_to, &addition, err);
    buffer_done(&addition.text);
    if (ok) {
        printf("%s\n", addition.id);
    }
    return ok;
}

struct ids {
    char **ids;
    int count;
};

static bool drop_one(struct say *say, const char *id, struct error *err) {
    for (size_t i = 0; i < say->silence_count; i++) {
        if (strcmp(say->silences[i].id, id) == 0) {
            filter_free(say->silences[i].filter);
            say->silence_count--;
            memmove(&say->silences[i], &say->silences[i + 1],
                    (say->silence_count - i) * sizeof *say->silences);
            return true;
        }
    }
    return error_set(err, ERROR_ARGUMENT, "there is no silence %s (see weir silence list)", id);
}

static bool drop_from(void *context, struct config *config, struct error *err) {
    const struct ids *ids = context;
    for (int i = 0; i < ids->count; i++) {
        if (!drop_one(&config->say, ids->ids[i], err)) {
            return false;
        }
    }
    return true;
}

static bool drop(const char *path, char **words, int count, struct error *err) {
    struct ids ids = { words, count };
    return (count > 0 || error_set(err, ERROR_ARGUMENT, "drop which? an ID is missing")) &&
           operator_file_edit(path, drop_from, &ids, err);
}

static void join(struct buffer *out, const char *name, const struct say_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        put(out, i > 0 ? "," : out->size > 0 ? " " : "");
        put(out, i == 0 ? name : "");
        buffer_put(out, list->globs[i].data, list->globs[i].size);
    }
}

static struct sheet_cell text_cell(struct bytes text) {
    return (struct sheet_cell){ .text = text };
}

static bool list_row(struct sheet *sheet, const struct say_silence *silence, struct error *err) {
    char until[TIME_TEXT_SIZE];
    char from[TIME_TEXT_SIZE] = "";
    struct buffer scope;
    buffer_init(&scope, (size_t)1 << 20);
    join(&scope, "node=", &silence->scope.nodes);
    join(&scope, "role=", &silence->scope.roles);
    join(&scope, "class=", &silence->scope.classes);
    join(&scope, "rule=", &silence->scope.rules);
    operator_time_format(silence->span.until_ms, until);
    if (silence->span.from_ms != INT64_MIN) {
        operator_time_format(silence->span.from_ms, from);
    }
    const struct sheet_cell cells[] = {
        text_cell(bytes_text(silence->id)),
        text_cell(bytes_text(silence->is_allowed ? "allow" : "silence")),
        text_cell(bytes_text(from)),
        text_cell(bytes_text(until)),
        text_cell(buffer_bytes(&scope)),
        text_cell(silence->filter_text),
        text_cell(silence->comment),
    };
    bool ok = buffer_check(&scope, "a silence", err) && sheet_row(sheet, cells, err);
    buffer_done(&scope);
    return ok;
}

static bool list(const struct silence_options *options, const char *path, int count,
                 struct error *err) {
    static const struct sheet_column columns[] = {
        { "id", SHEET_TEXT },      { "kind", SHEET_TEXT },  { "from", SHEET_TEXT },
        { "until", SHEET_TEXT },   { "about", SHEET_TEXT }, { "filter", SHEET_TEXT },
        { "comment", SHEET_TEXT },
    };
    static const enum sheet_form forms[] = { SHEET_TABLE, SHEET_CSV, SHEET_NDJSON, SHEET_JSON };
    struct config config;
    struct sheet sheet;
    if (count > 0) {
        return error_set(err, ERROR_ARGUMENT, "list takes no more words");
    }
    config_init(&config);
    bool ok = operator_file_read(&config, path, err);
    if (ok) {
        sheet_begin(&sheet, forms[options->output], columns, sizeof columns / sizeof *columns,
                    stdout);
        sheet.is_human = console_is_terminal(STDOUT_FILENO);
        for (size_t i = 0; ok && i < config.say.silence_count; i++) {
            ok = list_row(&sheet, &config.say.silences[i], err);
        }
        ok = sheet_end(&sheet, ok ? err : NULL) && ok;
    }
    config_done(&config);
    return ok;
}

static bool act(const struct silence_options *options, char **words, int count, struct error *err) {
    const char *verb = count > 0 ? words[0] : "";
    char *path = operator_file_path(options->file, options->store, err);
    if (path == NULL) {
        return false;
    }
    bool ok = strcmp(verb, "add") == 0    ? add(options, path, words + 1, count - 1, err)
              : strcmp(verb, "list") == 0 ? list(options, path, count - 1, err)
              : strcmp(verb, "drop") == 0
                  ? drop(path, words + 1, count - 1, err)
                  : error_set(err, ERROR_ARGUMENT, "'%s' is not one of add, list, drop", verb);
    free(path);
    return ok && console_flush(err);
}

static int run(int argc, char **argv) {
    struct silence_options options = { 0 };
    struct error err = { 0 };
    int first;
    int status;
    enum option_result parsed = option_parse(&table, argc, argv, &options, &first, &err);
    if (!weir_should_run(&table, parsed, &err, &status)) {
        return status;
    }
    return act(&options, argv + first, argc - first, &err)
               ? EXIT_DONE
               : console_fail(table.program, &err, EXIT_WRITE);
}

const struct weir_command weir_silence = { .name = "silence", .options = &table, .run = run };
