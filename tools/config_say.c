/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of what the operator says: silences, allow-lists, maintenance, changes, who is never
 * recycled, and acknowledgements. */
#include "detect/rule.h"
#include "tools/config_reader.h"

/* Any row of the lists while it is read: what it has not stays empty. */
struct row {
    struct bytes name;
    struct say_scope scope;
    struct say_span span;
    struct bytes filter_text;
    const struct tree *filter;
    struct bytes comment;
    uint16_t *ports;
    size_t port_count;
    char episode[33];
    enum say_verdict verdict;
};

static bool take_name(struct config_reader *reader, const struct tree *value, void *object) {
    struct bytes *name = &((struct row *)object)->name;
    return config_take_text(reader, value, name) &&
           ((name->size > 0 && name->size <= 255) ||
            config_fail(reader, value, "a name of 1 to 255 bytes is wanted here"));
}

static bool take_comment(struct config_reader *reader, const struct tree *value, void *object) {
    return config_take_text(reader, value, &((struct row *)object)->comment);
}

static bool take_nodes(struct config_reader *reader, const struct tree *value, void *object) {
    return config_take_globs(reader, value, &((struct row *)object)->scope.nodes);
}

static bool take_roles(struct config_reader *reader, const struct tree *value, void *object) {
    return config_take_globs(reader, value, &((struct row *)object)->scope.roles);
}

/* A pattern that no name matches would never do anything: a slip of the pen. */
static bool check_known(struct config_reader *reader, const struct tree *tree,
                        const struct say_list *list, const char *const *names, size_t count) {
    const struct tree *value = tree->kind == TREE_LIST ? tree->first : tree;
    for (size_t i = 0; i < list->count; i++, value = value->next) {
        const struct say_list one = { .globs = &list->globs[i], .count = 1 };
        bool is_known = false;
        for (size_t k = 0; k < count; k++) {
            is_known |= say_list_has(&one, bytes_text(names[k]));
        }
        if (!is_known) {
            return config_fail(reader, value, "there is none of that name: '%.*s'",
                               (int)(list->globs[i].size < 40 ? list->globs[i].size : 40),
                               (const char *)list->globs[i].data);
        }
    }
    return true;
}

static bool take_classes(struct config_reader *reader, const struct tree *value, void *object) {
    const char *names[CLASS_COUNT];
    struct say_list *list = &((struct row *)object)->scope.classes;
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        names[i] = attack_class_name((enum attack_class)i);
    }
    return config_take_globs(reader, value, list) &&
           check_known(reader, value, list, names, CLASS_COUNT);
}

static bool take_rules(struct config_reader *reader, const struct tree *value, void *object) {
    /* Behind those of nodes the ones of fleet incidents. */
    const char *names[RULE_COUNT + 2] = { [RULE_COUNT] = "fleet_peer", "fleet_inbound" };
    struct say_list *list = &((struct row *)object)->scope.rules;
    for (size_t i = 0; i < RULE_COUNT; i++) {
        names[i] = rule_rows[i].name;
    }
    return config_take_globs(reader, value, list) &&
           check_known(reader, value, list, names, sizeof names / sizeof *names);
}

static bool take_from(struct config_reader *reader, const struct tree *value, void *object) {
    return config_take_time(reader, value, &((struct row *)object)->span.from_ms);
}

static bool take_until(struct config_reader *reader, const struct tree *value, void *object) {
    struct say_span *span = &((struct row *)object)->span;
    return config_take_time(reader, value, &span->until_ms) &&
           (span->from_ms < span->until_ms ||
            config_fail(reader, value, "'until' must be later than 'from'"));
}

static bool take_every(struct config_reader *reader, const struct tree *value, void *object) {
    struct say_span *span = &((struct row *)object)->span;
    return config_take_duration(reader, value, &span->every_ms) &&
           (span->every_ms >= span->until_ms - span->from_ms ||
            config_fail(reader, value, "'every' is shorter than the time from 'from' to 'until'"));
}

static bool take_filter(struct config_reader *reader, const struct tree *value, void *object) {
    struct row *row = object;
    row->filter = value;
    return config_take_text(reader, value, &row->filter_text);
}

/* `ports: [25, 465]`, or one port. */
static bool take_ports(struct config_reader *reader, const struct tree *value, void *object) {
    struct row *row = object;
    size_t count = value->kind == TREE_LIST ? value->count : 1;
    const struct tree *one = value->kind == TREE_LIST ? value->first : value;
    row->ports = arena_take_zeroed(&reader->config->say.arena, count + 1, sizeof *row->ports);
    if (row->ports == NULL) {
        (void)error_set(reader->err, ERROR_LIMIT, "no memory for the ports of a configuration");
        return config_fail_with(reader, value);
    }
    for (; one != NULL && row->port_count < count; one = one->next) {
        double number;
        if (!config_take_number(reader, one, "ports", &number)) {
            return false;
        }
        if (number > UINT16_MAX || number != (double)(uint16_t)number) {
            return config_fail(reader, one, "a port is a whole number up to 65535");
        }
        row->ports[row->port_count++] = (uint16_t)number;
    }
    return count > 0 || config_fail(reader, value, "a port, or a list of them, is wanted here");
}

static bool take_silence(struct config_reader *reader, const struct tree *tree, bool is_allowed) {
    /* In this order: `from` before `until`, and the filter last, since it is to be freed. */
    static const struct config_row rows[] = {
        { "from", take_from, false },       { "until", take_until, true },
        { "nodes", take_nodes, false },     { "roles", take_roles, false },
        { "classes", take_classes, false }, { "rules", take_rules, false },
        { "comment", take_comment, false }, { "filter", take_filter, false },
    };
    struct row row = { .span.from_ms = INT64_MIN };
    if (!config_take_map(reader, tree, rows, sizeof rows / sizeof *rows, &row)) {
        return false;
    }
    const struct say_scope *scope = &row.scope;
    if (row.filter_text.size == 0 && scope->nodes.count + scope->roles.count == 0 &&
        scope->classes.count + scope->rules.count == 0) {
        return config_fail(reader, tree,
                           "this is about everything: say 'filter', or nodes: '*' if it is meant");
    }
    struct say_silence silence = { .scope = row.scope,
                                   .span = row.span,
                                   .filter_text = row.filter_text,
                                   .comment = row.comment,
                                   .is_allowed = is_allowed };
    if (row.filter_text.size > 0 &&
        !filter_compile(&silence.filter, row.filter_text, reader->err)) {
        return config_fail_with(reader, row.filter);
    }
    return say_add_silence(&reader->config->say, &silence, reader->err) ||
           config_fail_with(reader, tree);
}

bool config_take_silence(struct config_reader *reader, const struct tree *tree) {
    return take_silence(reader, tree, false);
}

bool config_take_allow(struct config_reader *reader, const struct tree *tree) {
    return take_silence(reader, tree, true);
}

static bool add_plan(struct config_reader *reader, const struct tree *tree, const struct row *row,
                     bool is_change) {
    const struct say_plan plan = {
        .name = row->name, .scope = row->scope, .span = row->span, .is_change = is_change
    };
    return say_add_plan(&reader->config->say, &plan, reader->err) || config_fail_with(reader, tree);
}

bool config_take_maintenance(struct config_reader *reader, const struct tree *tree) {
    static const struct config_row rows[] = {
        { "name", take_name, true },    { "from", take_from, true },
        { "until", take_until, true },  { "every", take_every, false },
        { "nodes", take_nodes, false }, { "roles", take_roles, false },
    };
    struct row row = { 0 };
    return config_take_map(reader, tree, rows, sizeof rows / sizeof *rows, &row) &&
           add_plan(reader, tree, &row, false);
}

/* A change says which classes it will look like: else it would excuse everything. */
bool config_take_change(struct config_reader *reader, const struct tree *tree) {
    static const struct config_row rows[] = {
        { "name", take_name, true },       { "from", take_from, true },
        { "until", take_until, true },     { "every", take_every, false },
        { "nodes", take_nodes, false },    { "roles", take_roles, false },
        { "classes", take_classes, true },
    };
    struct row row = { 0 };
    return config_take_map(reader, tree, rows, sizeof rows / sizeof *rows, &row) &&
           add_plan(reader, tree, &row, true);
}

bool config_take_exempt(struct config_reader *reader, const struct tree *tree) {
    static const struct config_row rows[] = {
        { "name", take_name, true },    { "nodes", take_nodes, false },
        { "roles", take_roles, false }, { "classes", take_classes, false },
        { "rules", take_rules, false }, { "ports", take_ports, false },
    };
    struct row row = { 0 };
    if (!config_take_map(reader, tree, rows, sizeof rows / sizeof *rows, &row)) {
        return false;
    }
    if (row.scope.nodes.count == 0 && row.scope.roles.count == 0 && row.port_count == 0) {
        return config_fail(reader, tree, "whom? 'nodes', 'roles' or 'ports' is missing here");
    }
    const struct say_exempt exempt = {
        .name = row.name, .scope = row.scope, .ports = row.ports, .port_count = row.port_count
    };
    return say_add_exempt(&reader->config->say, &exempt, reader->err) ||
           config_fail_with(reader, tree);
}

static bool take_episode(struct config_reader *reader, const struct tree *value, void *object) {
    struct row *row = object;
    bool is_id = value->kind == TREE_TEXT && value->text.size == 32;
    for (size_t i = 0; is_id && i < 32; i++) {
        uint8_t byte = value->text.data[i];
        is_id = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
    }
    if (!is_id) {
        return config_fail(reader, value, "an episode is 32 hex digits, as in alerts");
    }
    memcpy(row->episode, value->text.data, 32);
    return true;
}

static bool take_verdict(struct config_reader *reader, const struct tree *value, void *object) {
    struct row *row = object;
    for (int i = SAY_BENIGN; value->kind == TREE_TEXT && i <= SAY_MALICIOUS; i++) {
        if (bytes_equal(value->text, bytes_text(say_verdict_name((enum say_verdict)i)))) {
            row->verdict = (enum say_verdict)i;
            return true;
        }
    }
    return config_fail(reader, value, "'benign' or 'malicious' is wanted here");
}

bool config_take_ack(struct config_reader *reader, const struct tree *tree) {
    static const struct config_row rows[] = {
        { "episode", take_episode, true },
        { "verdict", take_verdict, true },
        { "comment", take_comment, false },
    };
    struct row row = { 0 };
    if (!config_take_map(reader, tree, rows, sizeof rows / sizeof *rows, &row)) {
        return false;
    }
    struct say_ack ack = { .verdict = row.verdict, .comment = row.comment };
    memcpy(ack.episode, row.episode, sizeof ack.episode);
    return say_add_ack(&reader->config->say, &ack, reader->err) || config_fail_with(reader, tree);
}
