/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_ALERT_VIEW_H
#define WEIR_TOOLS_ALERT_VIEW_H

#include "detect/alert.h"

#include <stdio.h>

/* Alerts in words for a terminal: two lines each, what happened and who was on the other side; of a
 * fleet incident one more, the nodes. */
void alert_view_print(const struct alert *alert, bool has_colour, FILE *out);

#endif
