/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_YAML_TREE_H
#define WEIR_TOOLS_YAML_TREE_H

#include "base/arena.h"

/* A YAML 1.1 document (libyaml) as a tree that knows of each value where it stands, so that what is
 * wrong with it is said as FILE:LINE:COLUMN. Of YAML only what a configuration needs: one document
 * of maps, lists and texts; no anchors and aliases (a small file could be a large tree), no tags.
 *
 * Not libcyaml: its schema is fixed tables and its errors name a place only for what the schema
 * says; our keys come from the tables of the rules, and bounds, units and filters are checked
 * later, where the place is still wanted. Nor does it refuse a key given twice. */

#define YAML_TREE_DEPTH_MAX 12u
#define YAML_TREE_SIZE_MAX ((size_t)4 << 20)

enum tree_kind { TREE_TEXT, TREE_LIST, TREE_MAP };

struct tree {
    enum tree_kind kind;
    bool is_quoted; /* of a text: "1" is quoted, 1 is not */
    uint32_t line;  /* from 1 */
    uint32_t column;
    struct bytes text;  /* of a text */
    struct tree *key;   /* in a map: the key, a text */
    struct tree *first; /* of a list or a map: its values, in the file's order */
    struct tree *next;
    size_t count; /* of a list or a map */
};

/* `name` stands in messages. An empty document is an empty map. The tree and its texts lie in
 * `arena`. Errors: ERROR_ARGUMENT (name, line, column, what is wrong), ERROR_LIMIT. */
bool yaml_tree_read(const struct tree **out, struct arena *arena, const char *name,
                    struct bytes text, struct error *err);

/* Appends `text` in double quotes, so that it is read as itself again; octets that are no UTF-8 are
 * read as U+FFFD, since YAML has no others. */
void yaml_put_text(struct buffer *out, struct bytes text);

/* "a map", "a list", "a text". */
const char *tree_kind_name(const struct tree *tree);

/* A value that was left out: `key:` and nothing behind it. */
static inline bool tree_is_nothing(const struct tree *tree) {
    return tree->kind == TREE_TEXT && !tree->is_quoted && tree->text.size == 0;
}

#endif
