/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_AWS_H
#define WEIR_INGEST_AWS_H

#include "ingest/source.h"

/* AWS flow logs of VPCs (versions 2 to 11) and Transit Gateways (version 6) as text
 * (docs/ARCHITECTURE.md, "AWS"): one record a line, fields by the layout that the header line,
 * `aws_format`, or else the default format gives. The lines may be wrapped in JSON
 * (ingest/aws_envelope.h). */
extern const struct source_ops aws_source;

#endif
