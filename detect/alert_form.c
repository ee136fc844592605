/* SPDX-License-Identifier: Apache-2.0 */
/* From the table of places to nested objects. A form's places are a tree; its members are written
 * in the order in which they first appear in the table. Finding them again for each object costs
 * some tens of microseconds an alert, and alerts are rare. */
#include "detect/alert_form.h"

#include <assert.h>

#define ROWS_MAX 160

const char *alert_form_name(enum alert_form form) {
    static const char *const names[] = {
        [ALERT_FORM_NATIVE] = "native",
        [ALERT_FORM_ALERTMANAGER] = "alertmanager",
        [ALERT_FORM_OCSF] = "ocsf",
        [ALERT_FORM_ECS] = "ecs",
        [ALERT_FORM_CLOUDEVENTS] = "cloudevents",
    };
    return (unsigned)form < ALERT_FORM_COUNT ? names[form] : "unknown";
}

/* --- values -------------------------------------------------------------------------------- */

static void put_plain(struct json_writer *json, const struct alert_field *field,
                      const struct alert_value *value) {
    switch (value->kind) {
    case ALERT_VALUE_NONE: break;
    case ALERT_VALUE_TEXT: json_text(json, value->text); break;
    case ALERT_VALUE_COUNT: json_u64(json, alert_value_bounded(value->count)); break;
    case ALERT_VALUE_NUMBER: json_decimal(json, value->number, value->decimals); break;
    case ALERT_VALUE_BOOL: json_bool(json, value->is_true); break;
    case ALERT_VALUE_WRITTEN: value->write(field, json); break;
    case ALERT_VALUE_TIME:
        if (field->form == ALERT_FORM_OCSF) {
            json_i64(json, value->time_ms);
        } else {
            alert_value_put_time(json, value->time_ms);
        }
        break;
    }
}

/* Alertmanager's labels and annotations are texts. */
static void put_value(struct json_writer *json, const struct alert_field *field,
                      const struct alert_value *value) {
    bool is_quoted = value->kind == ALERT_VALUE_COUNT || value->kind == ALERT_VALUE_NUMBER ||
                     value->kind == ALERT_VALUE_BOOL;
    if (field->form != ALERT_FORM_ALERTMANAGER || !is_quoted) {
        put_plain(json, field, value);
        return;
    }
    struct buffer text;
    struct json_writer plain;
    buffer_init(&text, 64);
    json_init(&plain, &text);
    put_plain(&plain, field, value);
    alert_value_put_built(json, &text);
}

/* --- the tree ------------------------------------------------------------------------------ */

struct form_tree {
    struct alert_field field;
    struct json_writer json;
    struct alert_value values[ROWS_MAX];
};

/* The place of a row that has something to say below `front`, a place's first characters. */
static const char *place_below(const struct form_tree *tree, size_t row, const char *front,
                               size_t front_size) {
    const char *place = alert_form_row(row)->places[tree->field.form];
    bool is_said = place != NULL && tree->values[row].kind != ALERT_VALUE_NONE;
    return is_said && strncmp(place, front, front_size) == 0 ? place : NULL;
}

/* Whether an object that begins with `front` was written before `row`'s turn came. */
static bool is_written(const struct form_tree *tree, size_t row, const char *front,
                       size_t front_size) {
    for (size_t i = 0; i < row; i++) {
        if (place_below(tree, i, front, front_size) != NULL) {
            return true;
        }
    }
    return false;
}

static void put_key(struct json_writer *json, const char *name, size_t size) {
    char key[ALERT_FORM_KEY_MAX + 1];
    assert(size <= ALERT_FORM_KEY_MAX);
    memcpy(key, name, size);
    key[size] = '\0';
    json_key(json, key);
}

/* The members of the object whose places begin with `front` ("", or names and their points). */
static void put_members(struct form_tree *tree, const char *front, size_t front_size) {
    json_begin_object(&tree->json);
    for (size_t row = 0; alert_form_row(row) != NULL; row++) {
        const char *place = place_below(tree, row, front, front_size);
        if (place == NULL) {
            continue;
        }
        size_t name_size = strcspn(place + front_size, ".");
        size_t size = front_size + name_size;
        if (place[size] == '\0') {
            put_key(&tree->json, place + front_size, name_size);
            put_value(&tree->json, &tree->field, &tree->values[row]);
        } else if (!is_written(tree, row, place, size + 1)) {
            put_key(&tree->json, place + front_size, name_size);
            put_members(tree, place, size + 1);
        }
    }
    json_end_object(&tree->json);
}

static void put_alert(const struct alert_form_writer *writer, const struct alert *alert,
                      struct buffer *out) {
    struct form_tree tree = {
        .field = { .alert = alert, .form = writer->form, .link = writer->link },
    };
    json_init(&tree.json, out);
    for (size_t row = 0; alert_form_row(row) != NULL; row++) {
        assert(row < ROWS_MAX);
        tree.values[row] = alert_form_row(row)->get(&tree.field);
    }
    put_members(&tree, "", 0);
}

/* --- lines --------------------------------------------------------------------------------- */

static void begin(struct alert_form_writer *writer, struct buffer *out) {
    if (writer->form == ALERT_FORM_ALERTMANAGER && writer->count == 0) {
        buffer_put(out, "[\n", 2);
    }
}

/* The comma in front, so that each line is whole when it is written. */
void alert_form_put(struct alert_form_writer *writer, const struct alert *alert,
                    struct buffer *out) {
    if (writer->form == ALERT_FORM_NATIVE) {
        alert_write_json(alert, out);
        return;
    }
    begin(writer, out);
    if (writer->form == ALERT_FORM_ALERTMANAGER && writer->count > 0) {
        buffer_u8(out, ',');
    }
    put_alert(writer, alert, out);
    buffer_u8(out, '\n');
    writer->count++;
}

void alert_form_end(struct alert_form_writer *writer, struct buffer *out) {
    if (writer->form == ALERT_FORM_ALERTMANAGER) {
        begin(writer, out);
        buffer_put(out, "]\n", 2);
    }
}
