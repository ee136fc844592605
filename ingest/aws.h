/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_AWS_H
#define WEIR_INGEST_AWS_H

#include "ingest/source.h"

/* AWS VPC flow logs as text, versions 2 to 11 (docs/ARCHITECTURE.md, "AWS"): one record a line,
 * fields by the layout that the header line, `aws_format`, or else the default format gives. */
extern const struct source_ops aws_source;

#endif
