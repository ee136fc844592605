/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_AWS_POINT_H
#define WEIR_INGEST_AWS_POINT_H

#include "base/arena.h"
#include "flow/address.h"

/* The points at which one object's records were observed: interfaces as a rule, and what stands for
 * one where the log has no interface id. A point is found once a line, so the table is made for
 * that: ids of up to 32 octets are compared as one block of 32.
 *
 *   slots [hash of the key] -> id + 1;  keys [id]: 32 octets;  rows [id]: all else
 *
 * An interface that belongs to an instance has a point of its own for it (a child), so that records
 * with another instance, or none, stay apart until the batch's end; a base and its children share
 * what is learned of the interface's addresses. One object's, one thread's. */

#define AWS_POINTS_MAX 32768u
#define AWS_POINT_NONE UINT32_MAX

/* What a point's name is. The value stands in front of a key's text, where a word has none below.
 */
enum aws_point_kind {
    AWS_POINT_INTERFACE = 0, /* the text alone: it is what the fast parser finds in the line */
    AWS_POINT_RESOURCE = 2,
    AWS_POINT_INSTANCE = 3,
    AWS_POINT_ADDRESS = 4, /* the address's text; no id in the line, but it is known whose it is */
    AWS_POINT_UNKNOWN = 5, /* "-" */
    AWS_POINT_GATEWAY = 6, /* an interface of a Transit Gateway: no address is its own */
    AWS_POINT_ATTACHMENT = 7, /* an attachment of one, likewise */
};

/* Whether a point has addresses of its own, to be learned from its records. */
static inline bool aws_point_has_own(enum aws_point_kind kind) {
    return kind <= AWS_POINT_ADDRESS;
}

/* Short texts (32 octets at most) padded with zeros; words hold no octet below 0x21, so the padding
 * ends them. A longer text has its first 24 octets, then a hash above an octet of 1. */
struct aws_key {
    uint64_t words[4];
};

struct aws_point {
    struct bytes name;
    struct bytes instance; /* empty: none */
    enum aws_point_kind kind;
    uint32_t base;   /* its own id, for a child its parent's */
    uint32_t child;  /* the newest child, or AWS_POINT_NONE */
    uint32_t next;   /* the next child of the same base */
    uint32_t eldest; /* the first child, or AWS_POINT_NONE */

    /* Of the interface (at the base), by family: [0] IPv4, [1] IPv6. `told` by flow-direction or
     * inventory, `inferred` from the records of the batch in which it was `is_judged`. */
    struct address told[2];
    struct address inferred[2];
    bool has_told[2];
    bool has_inferred[2];
    bool is_judged[2];
};

struct aws_points {
    struct aws_key *keys;          /* [count], of names */
    struct aws_key *instance_keys; /* [count] */
    struct aws_point *rows;        /* [count] */
    uint32_t count;
    uint32_t capacity;
    uint32_t unjudged; /* bases that are not yet judged for IPv4 */
    uint16_t *slots;   /* [1 << bits] */
    uint32_t bits;
    struct arena arena; /* texts */
};

/* Errors: ERROR_LIMIT. */
bool aws_points_init(struct aws_points *points, struct error *err);
/* Accepts a zeroed or half built one. */
void aws_points_done(struct aws_points *points);
void aws_points_reset(struct aws_points *points);

/* The id of a point; adds it when it is new. `name` has at most AWS_ID_SIZE_MAX octets, as
 * `instance` has. AWS_POINT_NONE when the table is full: AWS_POINTS_MAX points, a run of occupied
 * slots or a list of children that only a crafted object has, or no memory. The owner then ends the
 * batch and resets the table. */
uint32_t aws_points_find(struct aws_points *points, enum aws_point_kind kind, struct bytes name,
                         struct bytes instance);

/* The hash that slots go by; its upper bits are used. */
static inline uint64_t aws_key_hash(uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
    uint64_t mixed = a ^ (b << 21 | b >> 43) ^ (c << 42 | c >> 22) ^ (d << 11 | d >> 53);
    return mixed * UINT64_C(0x9E3779B97F4A7C15);
}

#endif
