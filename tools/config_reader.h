/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_CONFIG_READER_H
#define WEIR_TOOLS_CONFIG_READER_H

#include "tools/config_file.h"
#include "tools/yaml_tree.h"

/* What the sections of a configuration are read with (config_file.c, config_rules.c, config_say.c).
 */

struct config_reader {
    struct config *config;
    const char *name;   /* of the file */
    const char *folder; /* that its paths begin at; NULL: it may name no files */
    struct error *err;
};

/* Sets the error, with file, line and column of `tree` in front. Returns false. */
__attribute__((format(printf, 3, 4))) bool
config_fail(struct config_reader *reader, const struct tree *tree, const char *format, ...);
/* Puts the same in front of an error that is set; its code becomes ERROR_ARGUMENT unless it is of
 * memory or of a file. */
bool config_fail_with(struct config_reader *reader, const struct tree *tree);

/* One key of a map. */
struct config_row {
    const char *name;
    bool (*take)(struct config_reader *reader, const struct tree *value, void *object);
    bool is_needed;
};

#define CONFIG_ROWS_MAX 32

/* Takes each key's value, in the order of the rows. Nothing (`key:`) counts as an empty map. */
bool config_take_map(struct config_reader *reader, const struct tree *tree,
                     const struct config_row *rows, size_t count, void *object);
/* Takes each value of a list in the file's order; nothing counts as an empty one. */
bool config_take_list(struct config_reader *reader, const struct tree *tree,
                      bool (*take)(struct config_reader *reader, const struct tree *value));

/* Says that a key is unknown, with the one that may have been meant. Returns false. */
bool config_fail_key(struct config_reader *reader, const struct tree *key, const char *const *names,
                     size_t count);

/* Values. Texts are copied into the configuration. */
bool config_take_text(struct config_reader *reader, const struct tree *tree, struct bytes *out);
bool config_take_bool(struct config_reader *reader, const struct tree *tree, bool *out);
bool config_take_number(struct config_reader *reader, const struct tree *tree, const char *unit,
                        double *out);
bool config_take_duration(struct config_reader *reader, const struct tree *tree, int64_t *out_ms);
/* An absolute time: nothing is relative to a clock. UTC when it has no offset. */
bool config_take_time(struct config_reader *reader, const struct tree *tree, int64_t *out_ms);
/* The path of a file, on the heap. */
bool config_take_path(struct config_reader *reader, const struct tree *tree, char **out);
/* Shell patterns: a list of texts, or one text. */
bool config_take_globs(struct config_reader *reader, const struct tree *tree, struct say_list *out);

/* The sections of other files than config_file.c. */
bool config_take_rules(struct config_reader *reader, const struct tree *tree,
                       struct rule_params *params);
bool config_take_override(struct config_reader *reader, const struct tree *tree);
bool config_take_silence(struct config_reader *reader, const struct tree *tree);
bool config_take_allow(struct config_reader *reader, const struct tree *tree);
bool config_take_maintenance(struct config_reader *reader, const struct tree *tree);
bool config_take_change(struct config_reader *reader, const struct tree *tree);
bool config_take_exempt(struct config_reader *reader, const struct tree *tree);
bool config_take_ack(struct config_reader *reader, const struct tree *tree);
bool config_take_prefixes(struct config_reader *reader, const struct tree *tree);

#endif
