/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_PORT_USE_H
#define WEIR_DETECT_PORT_USE_H

#include "base/bytes.h"

/* How often the ports of a node's conversations were used in the last day: what tells a server on
 * an unusual port from the ephemeral ports that call it. Per node and side the PORT_USE_ROWS_MAX
 * most used ports, each counted in three half days (the present one and the two before it, so a
 * count covers 24 to 36 hours); 0.5 KB a node.
 *
 * A window's conversations are counted together, once it closes: of the old rows and the window's
 * ports those with most uses stay; of equal ones the window's own, then the lower port. So the
 * table is a function of the windows alone. A port that is used less than once in as many windows
 * as fill the table with others is never learnt: its conversations go on to the next rule. One
 * thread. */

#define PORT_USE_ROWS_MAX 32u
#define PORT_USE_HALF_DAYS 3u

struct port_use_row {
    uint16_t port;
    uint16_t counts[PORT_USE_HALF_DAYS]; /* the present half day first; each stays at its maximum */
};

struct port_use {
    struct port_use_row rows[2][PORT_USE_ROWS_MAX]; /* by side; by port, ascending */
    uint32_t row_count[2];
    int64_t half_day; /* since 1970, of `counts[0]` */
};

/* One port of a window's conversations, and how many of them. */
struct port_use_count {
    uint16_t port;
    uint32_t count;
};

/* Time has come to `time_ms`: what is too old is forgotten. */
void port_use_enter(struct port_use *use, int64_t time_ms);

/* Conversations with this port on this side. */
uint32_t port_use_of(const struct port_use *use, uint32_t side, uint16_t port);

/* Adds a window's ports, each once, in any order; they are reordered. `counts` has room for
 * PORT_USE_ROWS_MAX more. */
void port_use_add(struct port_use *use, uint32_t side, struct port_use_count *counts,
                  uint32_t count);

/* As bytes and back; reading is total: what no window gives latches a failure in `cursor`. */
void port_use_save(const struct port_use *use, struct buffer *out);
void port_use_load(struct port_use *use, struct cursor *cursor);

#endif
