/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_ALERT_LINK_H
#define WEIR_DETECT_ALERT_LINK_H

#include "detect/alert.h"

/* A link from an alert to a page about it: a URL in which {node}, {cluster}, {class}, {id} and
 * {episode} stand for the alert's texts, percent-encoded (RFC 3986), and {from} and {to} for the
 * episode's start and the window's end in Unix milliseconds, as dashboards take them. */

struct alert_link {
    struct bytes url; /* borrowed */
};

/* Checks `text` and keeps it. Errors: ERROR_ARGUMENT: no http or https URL, a character that no URL
 * may hold, or an unknown name in braces (the message lists them). `link` is untouched then. */
bool alert_link_parse(struct alert_link *link, struct bytes text, struct error *err);

/* Appends the URL for one alert: a valid one whatever the node's name holds. */
void alert_link_put(const struct alert_link *link, const struct alert *alert, struct buffer *out);

/* Appends `text` with all but RFC 3986's unreserved characters as %XX. */
void alert_link_put_encoded(struct buffer *out, struct bytes text);

#endif
