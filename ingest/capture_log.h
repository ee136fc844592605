/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_CAPTURE_LOG_H
#define WEIR_INGEST_CAPTURE_LOG_H

#include "ingest/capture_reader.h"
#include "ingest/flowtable.h"

/* The names of the flow logs that a capture's interfaces are: the feed's for an interface that was
 * alone when its first packet came, else "FEED/NAME", or "FEED/#N" for one without a name (N from
 * 0). Interfaces of one name are one log. Beyond FLOWTABLE_LOGS_MAX all further ones are the last
 * log. A function of the file; one thread at a time. */

struct capture_logs {
    struct bytes feed;                      /* owned */
    struct bytes names[FLOWTABLE_LOGS_MAX]; /* [count], owned */
    uint32_t count;
    uint8_t *by_interface; /* [CAPTURE_INTERFACES_MAX]: log + 1, 0: no packet yet */
};

/* Copies `feed`. Errors: ERROR_LIMIT. */
bool capture_logs_init(struct capture_logs *logs, struct bytes feed, struct error *err);
/* Accepts a zeroed or half built one. */
void capture_logs_done(struct capture_logs *logs);

/* The log of an interface at its first packet. Errors: ERROR_LIMIT. */
bool capture_logs_name(struct capture_logs *logs, const struct capture_reader *reader,
                       uint32_t interface, uint8_t *log, struct error *err);

/* The log of an interface. */
static inline bool capture_logs_find(struct capture_logs *logs, const struct capture_reader *reader,
                                     uint32_t interface, uint8_t *log, struct error *err) {
    uint32_t at = interface < CAPTURE_INTERFACES_MAX ? interface : CAPTURE_INTERFACES_MAX - 1;
    if (logs->by_interface[at] == 0) {
        return capture_logs_name(logs, reader, at, log, err);
    }
    *log = (uint8_t)(logs->by_interface[at] - 1);
    return true;
}

#endif
