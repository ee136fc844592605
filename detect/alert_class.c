/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/alert_class.h"

#include <string.h>

static const struct alert_class_row rows[] = {
    { "dos.volume", "Inbound traffic far above normal", ALERT_ANALYTIC_STATISTICAL },
    { "dos.syn_flood", "SYN flood", ALERT_ANALYTIC_STATISTICAL },
    { "dos.amplification", "Reflected traffic that nobody asked for", ALERT_ANALYTIC_STATISTICAL },
    { "dos.source", "The node floods others", ALERT_ANALYTIC_STATISTICAL },
    { "exfil.volume", "Outbound traffic far above normal", ALERT_ANALYTIC_STATISTICAL },
    { "exfil.slow", "Outbound data over hours to a rare peer", ALERT_ANALYTIC_STATISTICAL },
    { "exfil.dns", "Data in DNS queries", ALERT_ANALYTIC_STATISTICAL },
    { "spam", "The node sends mail to many", ALERT_ANALYTIC_STATISTICAL },
    { "scan", "The node scans others", ALERT_ANALYTIC_BEHAVIORAL },
    { "beacon", "Calls to a peer in a steady rhythm", ALERT_ANALYTIC_BEHAVIORAL },
    { "drift", "Traffic that rises above its normal over days", ALERT_ANALYTIC_STATISTICAL },
};

static const struct alert_class_row unknown = { "", "Traffic that is not normal",
                                                ALERT_ANALYTIC_STATISTICAL };

const struct alert_class_row *alert_class_row(const char *class_) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].class_, class_) == 0) {
            return &rows[i];
        }
    }
    return &unknown;
}
