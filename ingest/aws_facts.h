/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_AWS_FACTS_H
#define WEIR_INGEST_AWS_FACTS_H

#include "ingest/aws_layout.h"
#include "ingest/source.h"

/* What a flow log's layout says of what can be seen in it: which fields are missing, and why one
 * would want them. Pure; any thread. */

enum aws_layout_origin {
    AWS_LAYOUT_ASSUMED, /* no header line: the default format */
    AWS_LAYOUT_GIVEN,   /* --aws-format */
    AWS_LAYOUT_HEADER,
};

extern const struct source_profile aws_profile;

/* Fills all of `out`. A layout without columns (its header cannot be used) has no facts.
 * `is_wrapped`: the lines stand in JSON (ingest/aws_envelope.h). */
void aws_facts_describe(const struct aws_layout *layout, enum aws_layout_origin origin,
                        bool is_wrapped, struct source_description *out);

#endif
