/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/yaml_tree.h"

#include "base/utf8.h"

#include <stdio.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    struct arena *arena;
    const char *name;
    struct error *err;
};

static bool fail_at(struct reader *reader, yaml_mark_t mark, const char *what) {
    return error_set(reader->err, ERROR_ARGUMENT, "%s:%zu:%zu: %s", reader->name, mark.line + 1,
                     mark.column + 1, what);
}

static bool next_event(struct reader *reader, yaml_event_t *event) {
    yaml_parser_t *parser = &reader->parser;
    if (yaml_parser_parse(parser, event)) {
        return true;
    }
    if (parser->error == YAML_MEMORY_ERROR) {
        return error_set(reader->err, ERROR_LIMIT, "%s: no memory to read it", reader->name);
    }
    if (parser->error == YAML_READER_ERROR) {
        return error_set(reader->err, ERROR_ARGUMENT, "%s: %s, at byte %zu", reader->name,
                         parser->problem, parser->problem_offset);
    }
    return fail_at(reader, parser->problem_mark,
                   parser->problem != NULL ? parser->problem : "not YAML");
}

static struct tree *tree_new(struct reader *reader, const yaml_event_t *event) {
    struct tree *tree = arena_take_zeroed(reader->arena, 1, sizeof *tree);
    if (tree == NULL) {
        (void)error_set(reader->err, ERROR_LIMIT, "%s: too large", reader->name);
        return NULL;
    }
    tree->line = (uint32_t)event->start_mark.line + 1;
    tree->column = (uint32_t)event->start_mark.column + 1;
    return tree;
}

static bool take_text(struct reader *reader, const yaml_event_t *event, struct tree *tree) {
    bool failed = false;
    tree->kind = TREE_TEXT;
    tree->is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    tree->text = arena_copy(reader->arena,
                            bytes_of(event->data.scalar.value, event->data.scalar.length), &failed);
    return !failed || error_set(reader->err, ERROR_LIMIT, "%s: too large", reader->name);
}

/* Whether an event begins a value of ours. */
static bool check_event(struct reader *reader, const yaml_event_t *event) {
    const char *what = NULL;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        what = event->data.scalar.anchor != NULL ? "an anchor"
               : event->data.scalar.tag != NULL  ? "a tag"
                                                 : NULL;
        break;
    case YAML_SEQUENCE_START_EVENT:
        what = event->data.sequence_start.anchor != NULL ? "an anchor"
               : event->data.sequence_start.tag != NULL  ? "a tag"
                                                         : NULL;
        break;
    case YAML_MAPPING_START_EVENT:
        what = event->data.mapping_start.anchor != NULL ? "an anchor"
               : event->data.mapping_start.tag != NULL  ? "a tag"
                                                        : NULL;
        break;
    case YAML_ALIAS_EVENT: what = "an alias"; break;
    default: break;
    }
    char text[64];
    snprintf(text, sizeof text, "%s may not stand here", what != NULL ? what : "");
    return what == NULL || fail_at(reader, event->start_mark, text);
}

static bool read_value(struct reader *reader, yaml_event_t *event, struct tree **out,
                       uint32_t depth);

/* The value behind the key that `event` is, which is deleted. */
static bool read_pair(struct reader *reader, yaml_event_t *event, struct tree **out,
                      uint32_t depth) {
    if (event->type != YAML_SCALAR_EVENT) {
        bool ok = fail_at(reader, event->start_mark, "a key must be a text");
        yaml_event_delete(event);
        return ok;
    }
    struct tree *key;
    if (!read_value(reader, event, &key, depth) || !next_event(reader, event) ||
        !read_value(reader, event, out, depth)) {
        return false;
    }
    (*out)->key = key;
    return true;
}

static bool read_children(struct reader *reader, struct tree *tree, uint32_t depth) {
    struct tree **link = &tree->first;
    for (;;) {
        yaml_event_t event;
        struct tree *child;
        if (!next_event(reader, &event)) {
            return false;
        }
        if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return true;
        }
        bool ok = tree->kind == TREE_MAP ? read_pair(reader, &event, &child, depth)
                                         : read_value(reader, &event, &child, depth);
        if (!ok) {
            return false;
        }
        *link = child;
        link = &child->next;
        tree->count++;
    }
}

/* The value that `event` begins; deletes the event. The recursion is bounded by the depth. */
static bool read_value(struct reader *reader, yaml_event_t *event, struct tree **out,
                       uint32_t depth) {
    struct tree *tree = check_event(reader, event) ? tree_new(reader, event) : NULL;
    bool ok = tree != NULL;
    bool is_text = event->type == YAML_SCALAR_EVENT;
    if (ok && is_text) {
        ok = take_text(reader, event, tree);
    } else if (ok) {
        tree->kind = event->type == YAML_MAPPING_START_EVENT ? TREE_MAP : TREE_LIST;
        ok = depth < YAML_TREE_DEPTH_MAX || fail_at(reader, event->start_mark, "nested too deep");
    }
    yaml_event_delete(event);
    *out = tree;
    return ok && (is_text || read_children(reader, tree, depth + 1));
}

/* The next event, which must be of that type. */
static bool skip_event(struct reader *reader, yaml_event_type_t type) {
    yaml_event_t event;
    if (!next_event(reader, &event)) {
        return false;
    }
    bool ok = event.type == type || fail_at(reader, event.start_mark, "a second document");
    yaml_event_delete(&event);
    return ok;
}

static bool read_document(struct reader *reader, struct tree **out) {
    yaml_event_t event;
    if (!skip_event(reader, YAML_STREAM_START_EVENT) || !next_event(reader, &event)) {
        return false;
    }
    if (event.type == YAML_STREAM_END_EVENT) {
        struct tree *tree = tree_new(reader, &event);
        yaml_event_delete(&event);
        if (tree != NULL) {
            tree->kind = TREE_MAP;
        }
        *out = tree;
        return tree != NULL;
    }
    yaml_event_delete(&event);
    return next_event(reader, &event) && read_value(reader, &event, out, 0) &&
           skip_event(reader, YAML_DOCUMENT_END_EVENT) && skip_event(reader, YAML_STREAM_END_EVENT);
}

bool yaml_tree_read(const struct tree **out, struct arena *arena, const char *name,
                    struct bytes text, struct error *err) {
    struct reader reader = { .arena = arena, .name = name, .err = err };
    struct tree *root = NULL;
    *out = NULL;
    if (text.size > YAML_TREE_SIZE_MAX) {
        return error_set(err, ERROR_LIMIT, "%s: more than %zu bytes", name, YAML_TREE_SIZE_MAX);
    }
    if (!yaml_parser_initialize(&reader.parser)) {
        return error_set(err, ERROR_LIMIT, "%s: no memory to read it", name);
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, text.size > 0 ? text.data : (const uint8_t *)"",
                                 text.size);
    bool ok = read_document(&reader, &root);
    yaml_parser_delete(&reader.parser);
    *out = ok ? root : NULL;
    return ok;
}

/* The number of a character that utf8_size has measured. */
static uint32_t code_of(const uint8_t *text, size_t size) {
    uint32_t code = size == 1 ? text[0] : text[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        code = code << 6 | (text[i] & 0x3f);
    }
    return code;
}

/* YAML's printable characters, less those that end a line or begin an escape. */
static bool is_plain(uint32_t code) {
    return code < 0x7f ? code >= 0x20 && code != '"' && code != '\\'
                       : code >= 0xa0 && code != 0x2028 && code != 0x2029 && code != 0xfeff &&
                             code < 0xfffe;
}

void yaml_put_text(struct buffer *out, struct bytes text) {
    buffer_u8(out, '"');
    for (size_t i = 0; i < text.size;) {
        size_t size = utf8_size(text.data + i, text.size - i);
        uint32_t code = size == 0 ? 0xfffd : code_of(text.data + i, size);
        if (size > 0 && is_plain(code)) {
            buffer_put(out, text.data + i, size);
        } else {
            char escape[16];
            int length = snprintf(escape, sizeof escape, "\\U%08x", code);
            buffer_put(out, escape, (size_t)length);
        }
        i += size == 0 ? 1 : size;
    }
    buffer_u8(out, '"');
}

const char *tree_kind_name(const struct tree *tree) {
    static const char *const names[] = { "a text", "a list", "a map" };
    return names[tree->kind];
}
