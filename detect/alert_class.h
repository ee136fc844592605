/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_ALERT_CLASS_H
#define WEIR_DETECT_ALERT_CLASS_H

/* What a class of alerts is called where people and other systems read it. */

/* How it was found, by OCSF's numbers (analytic.type_id). */
enum alert_analytic {
    ALERT_ANALYTIC_RULE = 1,        /* a fixed limit was passed */
    ALERT_ANALYTIC_BEHAVIORAL = 2,  /* what the node did, whatever its amount */
    ALERT_ANALYTIC_STATISTICAL = 3, /* an amount against the node's own baseline */
};

struct alert_class_row {
    const char *class_; /* "exfil.volume" */
    const char *title;  /* "Outbound traffic far above normal" */
    enum alert_analytic analytic;
};

/* The row of that class. For one that the table does not have, a row whose title says no more than
 * that: an alert is never lost for want of words. */
const struct alert_class_row *alert_class_row(const char *class_);

#endif
