/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_POINT_H
#define WEIR_DETECT_POINT_H

#include "flow/batch.h"

/* Where records are seen, interned as they arrive: a point is what a record says of its observer
 * (node, identity, role, interface, flow log), a place is a point and a local address behind it (a
 * host has one, a node with pods many). Cells are kept by point, conversations by place, so that a
 * record carries one small number for all of this.
 *
 * What describes a node is part of the point's key, not a property that later batches could
 * change: so a closed window knows only what its own records said, and arrival order cannot show.
 * A batch's list of a node's own addresses is no part of it: what stands there depends on which
 * records came in one batch. Ids are reused once no open window can hold them (point_set_sweep).
 * One thread. */

#define POINTS_MAX (1u << 18)
/* Entries of a conversation log have this many bits for a place. */
#define PLACE_BITS 18
#define PLACES_MAX (1u << PLACE_BITS)
#define POINT_TEXT_BYTES_MAX ((size_t)64 << 20)
#define PLACE_NONE UINT32_MAX

struct point {
    struct bytes name; /* the five texts lie in one block of the set's */
    struct bytes identity;
    struct bytes role;
    struct bytes interface;
    struct bytes flow_log;
    bool is_used;
    int64_t last_window; /* no window after it holds this id */
    uint64_t hash;
};

struct place {
    struct address local;
    uint32_t point;
    bool is_used;
    int64_t last_window;
};

struct point_set {
    struct point *points; /* [point_count], by id */
    uint32_t point_count;
    uint32_t point_capacity;
    uint32_t points_used;
    uint32_t points_free_from; /* no free id lies below it */
    uint32_t *point_slots;     /* id + 1 */
    uint32_t point_slot_bits;

    struct place *places;   /* [place_count], by id */
    uint32_t *place_points; /* the point of each place: what the hot loop reads */
    uint32_t place_count;
    uint32_t place_capacity;
    uint32_t places_used;
    uint32_t places_free_from;
    uint32_t *place_slots;
    uint32_t place_slot_bits;

    size_t text_bytes;
    uint32_t swept_count; /* points and places that the last sweep left */
};

/* Errors: ERROR_LIMIT. */
bool point_set_init(struct point_set *set, struct error *err);
/* Accepts a zeroed or half built one. */
void point_set_done(struct point_set *set);

/* The id of a point; adds it when it is new. Of `node` its own addresses are not looked at. Marks
 * the point as held up to window `last_window`. Errors: ERROR_LIMIT at POINTS_MAX,
 * POINT_TEXT_BYTES_MAX or without memory. */
bool point_set_add(struct point_set *set, const struct batch_node *node, struct bytes flow_log,
                   int64_t last_window, uint32_t *id, struct error *err);

/* The id of a place; adds it when it is new; PLACE_NONE at PLACES_MAX or without memory: the caller
 * then writes the local address out. */
uint32_t point_set_place(struct point_set *set, uint32_t point, struct address local,
                         int64_t last_window);

/* The id of a place that is there, or PLACE_NONE. */
uint32_t point_set_find_place(const struct point_set *set, uint32_t point, struct address local);

/* Frees what no window from `first_open` on can hold, when enough has come since the last time that
 * the walk is paid for. */
void point_set_sweep(struct point_set *set, int64_t first_open);

/* Order by what the point says: name, identity, interface, flow log, role. */
int point_compare(const struct point *a, const struct point *b);
/* By name, identity and interface only: logs of one such place compete in a window. */
int point_compare_interface(const struct point *a, const struct point *b);

#endif
