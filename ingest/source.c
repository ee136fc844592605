/* SPDX-License-Identifier: Apache-2.0 */
/* What all sources share: the names of rejects, and sums of counts. */
#include "ingest/source.h"

#include <assert.h>

const char *reject_reason_name(enum reject_reason reason) {
    static const char *const NAMES[REJECT_REASON_COUNT] = {
        [REJECT_FIELD_COUNT] = "field_count",
        [REJECT_NUMBER] = "number",
        [REJECT_ADDRESS] = "address",
        [REJECT_PROTOCOL] = "protocol",
        [REJECT_PORT] = "port",
        [REJECT_TIME] = "time",
        [REJECT_WORD] = "word",
        [REJECT_LINE_LENGTH] = "line_length",
        [REJECT_HEADER] = "header",
        [REJECT_LAYOUT] = "layout",
        [REJECT_ENVELOPE] = "envelope",
        [REJECT_FRAME] = "frame",
    };
    assert((unsigned)reason < REJECT_REASON_COUNT);
    return NAMES[reason];
}

void source_counts_add(struct source_counts *sum, const struct source_counts *part) {
    sum->lines += part->lines;
    sum->headers += part->headers;
    sum->records += part->records;
    sum->nodata += part->nodata;
    sum->skipdata += part->skipdata;
    sum->malformed += part->malformed;
    for (int reason = 0; reason < REJECT_REASON_COUNT; reason++) {
        sum->rejects[reason] += part->rejects[reason];
    }
    sum->bytes += part->bytes;
    sum->packets += part->packets;
    sum->decoded += part->decoded;
    sum->not_ip += part->not_ip;
    sum->frame_bytes += part->frame_bytes;
    sum->direction_unknown += part->direction_unknown;
}
