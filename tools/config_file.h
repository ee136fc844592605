/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_CONFIG_FILE_H
#define WEIR_TOOLS_CONFIG_FILE_H

#include "detect/config.h"
#include "detect/say.h"

/* The configuration as files: YAML, whose keys are docs/OPERATIONS.md's and whose numbers are those
 * of detect/config.h and of the table of the rules. Every message about a file begins with
 * FILE:LINE:COLUMN. An unknown key, a key given twice, a value of the wrong kind, without a unit of
 * its kind or out of its bounds is an error: nothing that was written is passed over.
 *
 * A program that runs on reads again by config_load into another struct config, and changes over
 * when that went well: a file with an error changes nothing. */

struct config {
    struct detector_config detector; /* its texts and its `say` are the other field's */
    struct say say;
};

/* Defaults, in a struct that stays where it is. `done` accepts a zeroed one. */
void config_init(struct config *config);
void config_done(struct config *config);

/* Into one that is as config_init left it: the file at `path` (NULL: none), then what the store in
 * folder `store` (NULL: none) holds of the operator, where there is such a file. On failure it is
 * to be given to config_done. Errors: ERROR_ARGUMENT, ERROR_IO, ERROR_DENIED, ERROR_LIMIT. */
bool config_load(struct config *config, const char *path, const char *store, struct error *err);

/* The same parts one by one, of bytes; say_finish is the caller's. `name` stands in messages;
 * relative paths in a file begin at `folder` (NULL: it may name no files). */
bool config_read(struct config *config, const char *name, const char *folder, struct bytes text,
                 struct error *err);
/* Only silences, allow-lists and acknowledgements. */
bool config_read_operator(struct config *config, const char *name, struct bytes text,
                          struct error *err);
/* The file at `path`; when it is not there, nothing. */
bool config_read_operator_file(struct config *config, const char *path, struct error *err);

/* The name of the operator's file in a store. */
#define CONFIG_OPERATOR_FILE "operator.yaml"

/* Prints a whole file, with comments, that is read as `config`'s numbers; of what else may stand in
 * a file it shows examples, commented out. */
void config_print(const struct config *config, struct buffer *out);

/* The examples alone, as a file. */
extern const char config_examples[];

#endif
