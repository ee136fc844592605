/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_QUERY_GROUP_H
#define WEIR_QUERY_GROUP_H

#include "query/scan.h"

/* The answer as groups of records with the same keys. Errors: as query_run. */
bool group_run(const char *directory, const struct query *query, const struct query_sink *sink,
               struct query_stats *stats, struct error *err);

#endif
