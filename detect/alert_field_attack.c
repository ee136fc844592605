/* SPDX-License-Identifier: Apache-2.0 */
/* ATT&CK as forms want it: the ids as the rule names them, or what they stand for. ECS wants lists
 * of techniques, sub-techniques and tactics side by side, each name once. */
#include "detect/alert_field.h"
#include "detect/attack.h"

#define ATTACK_MAX (sizeof((struct alert *)0)->attack / sizeof((struct alert *)0)->attack[0])

/* One word of each technique of an alert: NULL where it has none. */
typedef const char *attack_word(const char *id, char scratch[ATTACK_ID_SIZE]);

static const char *word_id(const char *id, char scratch[ATTACK_ID_SIZE]) {
    (void)scratch;
    return id;
}

static const char *word_technique(const char *id, char scratch[ATTACK_ID_SIZE]) {
    attack_technique(id, scratch);
    return scratch;
}

static const char *word_technique_name(const char *id, char scratch[ATTACK_ID_SIZE]) {
    attack_technique(id, scratch);
    const struct attack_row *row = attack_find(scratch);
    return row == NULL ? NULL : row->name;
}

static const char *word_subtechnique(const char *id, char scratch[ATTACK_ID_SIZE]) {
    (void)scratch;
    return strchr(id, '.') == NULL ? NULL : id;
}

static const char *word_subtechnique_name(const char *id, char scratch[ATTACK_ID_SIZE]) {
    (void)scratch;
    const struct attack_row *row = strchr(id, '.') == NULL ? NULL : attack_find(id);
    return row == NULL ? NULL : row->name;
}

static const char *word_tactic(const char *id, char scratch[ATTACK_ID_SIZE]) {
    (void)scratch;
    const struct attack_row *row = attack_find(id);
    return row == NULL ? NULL : row->tactic_id;
}

static const char *word_tactic_name(const char *id, char scratch[ATTACK_ID_SIZE]) {
    (void)scratch;
    const struct attack_row *row = attack_find(id);
    return row == NULL ? NULL : row->tactic;
}

static bool has_word(const struct alert *alert, attack_word *word) {
    char scratch[ATTACK_ID_SIZE];
    for (size_t i = 0; i < ATTACK_MAX && alert->attack[i] != NULL; i++) {
        if (word(alert->attack[i], scratch) != NULL) {
            return true;
        }
    }
    return false;
}

static bool is_said(const struct alert *alert, size_t end, attack_word *word, const char *text) {
    char scratch[ATTACK_ID_SIZE];
    for (size_t i = 0; i < end; i++) {
        const char *before = word(alert->attack[i], scratch);
        if (before != NULL && strcmp(before, text) == 0) {
            return true;
        }
    }
    return false;
}

static void write_words(const struct alert_field *field, struct json_writer *json,
                        attack_word *word) {
    const struct alert *alert = field->alert;
    struct alert_value_list list;
    alert_value_list_begin(&list, field, json);
    for (size_t i = 0; i < ATTACK_MAX && alert->attack[i] != NULL; i++) {
        char scratch[ATTACK_ID_SIZE];
        const char *text = word(alert->attack[i], scratch);
        if (text != NULL && !is_said(alert, i, word, text)) {
            alert_value_list_add(&list, bytes_text(text));
        }
    }
    alert_value_list_end(&list);
}

#define LIST_OF(field_name, word)                                                                  \
    static void write_##field_name(const struct alert_field *field, struct json_writer *json) {    \
        write_words(field, json, word);                                                            \
    }                                                                                              \
    struct alert_value alert_field_##field_name(const struct alert_field *field) {                 \
        return alert_value_written(has_word(field->alert, word), write_##field_name);              \
    }

LIST_OF(attack, word_id)
LIST_OF(technique_ids, word_technique)
LIST_OF(technique_names, word_technique_name)
LIST_OF(subtechnique_ids, word_subtechnique)
LIST_OF(subtechnique_names, word_subtechnique_name)
LIST_OF(tactic_ids, word_tactic)
LIST_OF(tactic_names, word_tactic_name)

struct alert_value alert_field_framework(const struct alert_field *field) {
    return alert_value_string(field->alert->attack[0] == NULL ? NULL : "MITRE ATT&CK");
}

static void named(struct json_writer *json, const char *key, const char *uid, const char *name) {
    json_key(json, key);
    json_begin_object(json);
    json_key(json, "uid");
    json_string(json, uid);
    if (name != NULL) {
        json_key(json, "name");
        json_string(json, name);
    }
    json_end_object(json);
}

/* OCSF: one object a technique, with its tactic. */
static void write_attacks(const struct alert_field *field, struct json_writer *json) {
    const struct alert *alert = field->alert;
    json_begin_array(json);
    for (size_t i = 0; i < ATTACK_MAX && alert->attack[i] != NULL; i++) {
        const char *id = alert->attack[i];
        char scratch[ATTACK_ID_SIZE];
        json_begin_object(json);
        if (word_tactic(id, scratch) != NULL) {
            named(json, "tactic", word_tactic(id, scratch), word_tactic_name(id, scratch));
        }
        attack_technique(id, scratch);
        const struct attack_row *technique = attack_find(scratch);
        named(json, "technique", scratch, technique == NULL ? NULL : technique->name);
        if (word_subtechnique(id, scratch) != NULL) {
            named(json, "sub_technique", id, word_subtechnique_name(id, scratch));
        }
        json_end_object(json);
    }
    json_end_array(json);
}

struct alert_value alert_field_attacks(const struct alert_field *field) {
    return alert_value_written(field->alert->attack[0] != NULL, write_attacks);
}
