/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_CONFIG_VALUE_H
#define WEIR_TOOLS_CONFIG_VALUE_H

#include "base/bytes.h"

/* Numbers of a configuration with the unit that a table gives them ("bytes/min", "min", "share"),
 * as people write them: "5 MB", "5M", "80 Mbit/s", "90 s", "1h 30min", "50 %", 0.5. A number alone
 * is in the table's unit; what says another unit of the same kind is converted. Factors are
 * base/units.h's. Any thread. */

/* Reads the whole of `text`. Errors: ERROR_ARGUMENT (quotes the text, says what is accepted). */
bool config_value_parse(struct bytes text, const char *unit, double *out, struct error *err);

#define CONFIG_VALUE_TEXT_SIZE 64

/* The text that people would write, which config_value_parse reads back exactly. Returns its
 * length. */
size_t config_value_format(double value, const char *unit, char out[CONFIG_VALUE_TEXT_SIZE]);

#endif
