/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_JSON_TEXT_H
#define WEIR_BASE_JSON_TEXT_H

#include "base/json_read.h"

/* Inside the JSON reader: tokens that have a text. Each begins at the reader's place, and leaves it
 * behind the token; false is a failure, which the reader keeps. */

/* At the opening quote. token->kind says whether it is a key. The text is put together only if
 * `is_kept`; it is checked in any case. */
bool json_read_string(struct json_reader *reader, bool is_kept, struct json_token *token);

/* At a digit or a minus. */
bool json_read_number(struct json_reader *reader, struct json_token *token);

/* At the first letter of "true", "false" or "null". */
bool json_read_word(struct json_reader *reader, const char *word);

#endif
