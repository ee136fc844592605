/* SPDX-License-Identifier: Apache-2.0 */
/* `rules:` and `overrides:`. A rule's numbers stand under its name; the keys are those of the table
 * (detect/rule_param.h), so that a new number needs nothing here. */
#include "base/option.h"
#include "detect/rule.h"
#include "tools/config_reader.h"

#include <stdio.h>

#define NAME_SIZE 64

/* Numbers of one set while they are read. */
struct target {
    struct rule_params *params;
    bool is_override;
    const struct tree *seen[RULE_PARAM_COUNT];
};

/* The bit of a rule, 0 when it is none. */
static uint32_t rule_bit(struct bytes name) {
    enum rule rule = rule_find(name);
    return rule == RULE_COUNT ? 0 : UINT32_C(1) << rule;
}

/* Whether the name of a number begins with `group` and a dot; its rest then. */
static const char *rest_of(const char *name, struct bytes group) {
    bool is_in = strlen(name) > group.size && name[group.size] == '.' &&
                 bytes_equal(bytes_of(name, group.size), group);
    return is_in ? name + group.size + 1 : NULL;
}

static bool is_group(struct bytes group) {
    for (size_t i = 0; i < RULE_PARAM_COUNT; i++) {
        if (rest_of(rule_param_rows[i].name, group) != NULL) {
            return true;
        }
    }
    return rule_bit(group) != 0;
}

static bool fail_group(struct config_reader *reader, const struct tree *key) {
    char names[RULE_PARAM_COUNT][NAME_SIZE];
    const char *candidates[RULE_PARAM_COUNT];
    for (size_t i = 0; i < RULE_PARAM_COUNT; i++) {
        const char *name = rule_param_rows[i].name;
        snprintf(names[i], NAME_SIZE, "%.*s", (int)strcspn(name, "."), name);
        candidates[i] = names[i];
    }
    return config_fail_key(reader, key, candidates, RULE_PARAM_COUNT);
}

static bool fail_param(struct config_reader *reader, const struct tree *key, struct bytes group) {
    const char *candidates[RULE_PARAM_COUNT + 1];
    size_t count = 0;
    for (size_t i = 0; i < RULE_PARAM_COUNT; i++) {
        const char *rest = rest_of(rule_param_rows[i].name, group);
        if (rest != NULL) {
            candidates[count++] = rest;
        }
    }
    candidates[count++] = "enabled";
    return config_fail_key(reader, key, candidates, count);
}

static bool take_enabled(struct config_reader *reader, const struct tree *value, struct bytes group,
                         struct target *target) {
    bool is_on;
    uint32_t bit = rule_bit(group);
    if (bit == 0) {
        return config_fail(reader, value, "'%.*s' is no rule that could be on or off",
                           (int)group.size, (const char *)group.data);
    }
    if (!config_take_bool(reader, value, &is_on)) {
        return false;
    }
    target->params->rules_off = (target->params->rules_off & ~bit) | (is_on ? 0 : bit);
    return true;
}

static enum rule_param find_param(struct bytes group, struct bytes rest) {
    char name[NAME_SIZE];
    if (group.size + rest.size + 1 > sizeof name) {
        return RULE_PARAM_COUNT;
    }
    memcpy(name, group.data, group.size);
    name[group.size] = '.';
    if (rest.size > 0) {
        memcpy(name + group.size + 1, rest.data, rest.size);
    }
    return rule_param_find(bytes_of(name, group.size + rest.size + 1));
}

/* What is asked about the fleet as a whole is the same for all of it. */
static bool is_of_fleet(enum rule_param param) {
    return (param >= RULE_PARAM_REQ_FLOOD_FLEET_Z && param <= RULE_PARAM_REQ_FLOOD_FLEET_SHARE) ||
           (param >= RULE_PARAM_SECOND_CLASS_HOURS && param < RULE_PARAM_COUNT);
}

static bool take_param(struct config_reader *reader, const struct tree *value, struct bytes group,
                       struct target *target) {
    enum rule_param param = find_param(group, value->key->text);
    double number;
    if (param == RULE_PARAM_COUNT) {
        return fail_param(reader, value->key, group);
    }
    if (target->seen[param] != NULL) {
        return config_fail(reader, value->key, "'%s' was given already, at line %u",
                           rule_param_rows[param].name, target->seen[param]->line);
    }
    if (target->is_override && is_of_fleet(param)) {
        return config_fail(reader, value->key, "'%s' is of the whole fleet: it stands in 'rules'",
                           rule_param_rows[param].name);
    }
    target->seen[param] = value->key;
    if (!config_take_number(reader, value, rule_param_rows[param].unit, &number)) {
        return false;
    }
    target->params->values[param] = number;
    return rule_param_check(param, number, reader->err) || config_fail_with(reader, value);
}

/* `exfil: off`, or `exfil:` with its numbers. */
static bool take_rule(struct config_reader *reader, const struct tree *rule,
                      struct target *target) {
    struct bytes group = rule->key->text;
    const struct tree *enabled = NULL;
    if (!is_group(group)) {
        return fail_group(reader, rule->key);
    }
    if (rule->kind == TREE_TEXT && !tree_is_nothing(rule)) {
        return take_enabled(reader, rule, group, target);
    }
    if (rule->kind == TREE_LIST) {
        return config_fail(reader, rule, "'on', 'off' or a map of numbers is wanted here");
    }
    for (const struct tree *value = rule->first; value != NULL; value = value->next) {
        bool is_enabled = bytes_equal(value->key->text, bytes_text("enabled"));
        if (is_enabled && enabled != NULL) {
            return config_fail(reader, value->key, "'enabled' was given already, at line %u",
                               enabled->line);
        }
        enabled = is_enabled ? value->key : enabled;
        if (!(is_enabled ? take_enabled(reader, value, group, target)
                         : take_param(reader, value, group, target))) {
            return false;
        }
    }
    return true;
}

/* The group that stands in front of `rule` in the same map, or NULL: few of them, looked through.
 */
static const struct tree *find_twin(const struct tree *map, const struct tree *rule) {
    for (const struct tree *other = map->first; other != rule; other = other->next) {
        if (bytes_equal(other->key->text, rule->key->text)) {
            return other;
        }
    }
    return NULL;
}

static bool take_all(struct config_reader *reader, const struct tree *tree, struct target *target) {
    if (tree->kind != TREE_MAP && !tree_is_nothing(tree)) {
        return config_fail(reader, tree, "a map of rules is wanted here, not %s",
                           tree_kind_name(tree));
    }
    for (const struct tree *rule = tree->first; rule != NULL; rule = rule->next) {
        /* An unknown one is refused before there are many to look through. */
        if (!take_rule(reader, rule, target)) {
            return false;
        }
        const struct tree *twin = find_twin(tree, rule);
        if (twin != NULL) {
            return config_fail(reader, rule->key, "'%.*s' was given already, at line %u",
                               (int)rule->key->text.size, (const char *)rule->key->text.data,
                               twin->key->line);
        }
    }
    return true;
}

bool config_take_rules(struct config_reader *reader, const struct tree *tree,
                       struct rule_params *params) {
    struct target target = { .params = params };
    return take_all(reader, tree, &target);
}

static bool take_name(struct config_reader *reader, const struct tree *value, void *object) {
    return config_take_text(reader, value, &((struct say_set *)object)->name);
}

static bool take_nodes(struct config_reader *reader, const struct tree *value, void *object) {
    return config_take_globs(reader, value, &((struct say_set *)object)->scope.nodes);
}

static bool take_roles(struct config_reader *reader, const struct tree *value, void *object) {
    return config_take_globs(reader, value, &((struct say_set *)object)->scope.roles);
}

static bool take_set_rules(struct config_reader *reader, const struct tree *value, void *object) {
    struct target target = { .params = &((struct say_set *)object)->params, .is_override = true };
    return take_all(reader, value, &target);
}

bool config_take_override(struct config_reader *reader, const struct tree *tree) {
    static const struct config_row rows[] = {
        { "name", take_name, false },
        { "nodes", take_nodes, false },
        { "roles", take_roles, false },
        { "rules", take_set_rules, true },
    };
    /* What it does not say is as for all others. */
    struct say_set set = { .params = reader->config->detector.rules };
    if (!config_take_map(reader, tree, rows, sizeof rows / sizeof *rows, &set)) {
        return false;
    }
    if (set.scope.nodes.count == 0 && set.scope.roles.count == 0) {
        return config_fail(reader, tree, "for whom? 'nodes' or 'roles' is missing here");
    }
    return say_add_set(&reader->config->say, &set, reader->err) || config_fail_with(reader, tree);
}
