/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FRAME_TABLES_H
#define WEIR_FLOW_FRAME_TABLES_H

#include "flow/frame_rows.h"

/* The tables that stand beside a frame's columns, each as plain bytes (compressing them is the
 * caller's): nodes, flow logs, strings, labels, coverage rows, services. Layouts: docs/FORMATS.md.
 *
 * Writers append to `out`, whose failure latches, and return the number of rows. Readers take
 * untrusted bytes and the row count that the directory claims; their errors are ERROR_FORMAT and
 * ERROR_LIMIT (memory). */

/* Which texts of a node equal its name, and are left out. */
enum { FRAME_NODE_IDENTITY_IS_NAME = 1, FRAME_NODE_INTERFACE_IS_NAME = 2 };
/* How an own address stands in the table: its octets behind a mark, or its rank + FRAME_OWN_RANK.
 */
enum { FRAME_OWN_IPV4 = 0, FRAME_OWN_IPV6 = 1, FRAME_OWN_RANK = 2 };

uint32_t frame_nodes_write(const struct batch *batch, const struct frame_addresses *addresses,
                           struct buffer *out);
uint32_t frame_flow_logs_write(const struct batch *batch, struct buffer *out);
uint32_t frame_strings_write(const struct batch *batch, struct buffer *out);
uint32_t frame_labels_write(const struct batch *batch, const struct frame_addresses *addresses,
                            struct buffer *out);
uint32_t frame_coverage_write(const struct batch *batch, struct buffer *out);
uint32_t frame_services_write(const struct frame_rows *rows, struct buffer *out);

/* The batch's dictionary must have been read (nodes and labels name addresses by rank), and its
 * nodes and flow logs before its coverage. */
bool frame_nodes_read(struct batch *batch, struct bytes bytes, uint32_t count, struct error *err);
bool frame_flow_logs_read(struct batch *batch, struct bytes bytes, uint32_t count,
                          struct error *err);
bool frame_strings_read(struct batch *batch, struct bytes bytes, uint32_t count, struct error *err);
bool frame_labels_read(struct batch *batch, struct bytes bytes, uint32_t count, struct error *err);
bool frame_coverage_read(struct batch *batch, struct bytes bytes, uint32_t count,
                         struct error *err);
/* `services` has room for BATCH_RECORDS_MAX: lower port | protocol << 16. */
bool frame_services_read(uint32_t *services, struct bytes bytes, uint32_t count, struct error *err);

#endif
