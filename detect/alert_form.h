/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_ALERT_FORM_H
#define WEIR_DETECT_ALERT_FORM_H

#include "detect/alert_field.h"

/* The alert in the words of other systems. The native form is the contract; the others are made of
 * the same struct by one table (docs/FORMATS.md, "Other forms of the alert", shows it), whose
 * rows say which field stands where in which form. So a new field is a new row, and a form is a
 * column. Like the native form they are the same bytes on every machine. One thread. */

/* The versions that the forms name in themselves. */
#define ALERT_FORM_OCSF_VERSION "1.5.0"
#define ALERT_FORM_ECS_VERSION "8.11.0"
#define ALERT_FORM_CLOUDEVENTS_VERSION "1.0"

/* The name on the command line: "native", "alertmanager", ... */
const char *alert_form_name(enum alert_form form);

#define ALERT_FORM_KEY_MAX 32 /* characters of a name in `places` */

struct alert_form_row {
    const char *field; /* as the native form calls it ("node_ref.identity"); or what it is */
    alert_field_get *get;
    /* The names on the way to it, with points between: "finding_info.uid". NULL: nowhere. */
    const char *places[ALERT_FORM_COUNT];
};

/* Row by row; NULL behind the last. */
const struct alert_form_row *alert_form_row(size_t index);

/* Writes alerts in one form. */
struct alert_form_writer {
    enum alert_form form;
    const struct alert_link *link; /* NULL: none */
    uint64_t count;                /* of alerts written */
};

/* Appends one alert to `out`, and what stands in front of the first one; then what stands behind
 * the last one (without any alert: all that stands around them). A form of one object a line has
 * nothing there; Alertmanager's is one JSON array, the body of a POST to /api/v2/alerts, an alert a
 * line: one that was not ended is no JSON, and refused whole. Errors are latched in `out`. */
void alert_form_put(struct alert_form_writer *writer, const struct alert *alert,
                    struct buffer *out);
void alert_form_end(struct alert_form_writer *writer, struct buffer *out);

#endif
