/* SPDX-License-Identifier: Apache-2.0 */
/* Each table is the same three steps: sort by the value, sum the runs, keep the five largest. Runs
 * come in ascending order of the value, so that a later one of equal bytes goes behind. */
#include "detect/evidence_build.h"

#include <stdlib.h>

struct tally {
    struct strand key; /* one of the run */
    struct evidence_sum sum;
};

_Static_assert(EVIDENCE_KEYS == EVIDENCE_TOP, "one length of all tables");

typedef int (*compare_strands)(const void *a, const void *b);

static uint16_t service_port(const struct strand *strand) {
    return strand->local_port < strand->peer_port ? strand->local_port : strand->peer_port;
}

static int compare_peer(const void *a, const void *b) {
    return address_compare(((const struct strand *)a)->peer, ((const struct strand *)b)->peer);
}

static int compare_protocol(const void *a, const void *b) {
    return ((const struct strand *)a)->protocol - ((const struct strand *)b)->protocol;
}

static int compare_port(const void *a, const void *b) {
    int order = service_port(a) - service_port(b);
    return order != 0 ? order : compare_protocol(a, b);
}

static int compare_peer_port(const void *a, const void *b) {
    int order = compare_peer(a, b);
    return order != 0 ? order : compare_port(a, b);
}

static int compare_key(const void *a, const void *b) {
    return strand_compare_conversation(a, b);
}

static void keep(struct tally *top, uint32_t *rows, const struct tally *tally) {
    uint32_t at = *rows;
    while (at > 0 && top[at - 1].sum.bytes < tally->sum.bytes) {
        at--;
    }
    if (at == EVIDENCE_TOP) {
        return;
    }
    *rows += *rows < EVIDENCE_TOP;
    for (uint32_t k = *rows - 1; k > at; k--) {
        top[k] = top[k - 1];
    }
    top[at] = *tally;
}

/* Returns how many distinct values there are. */
static uint64_t rank(struct strand *strands, size_t count, compare_strands compare,
                     struct tally top[EVIDENCE_TOP], uint32_t *rows) {
    *rows = 0;
    if (count > 1) {
        qsort(strands, count, sizeof *strands, compare);
    }
    uint64_t distinct = 0;
    for (size_t i = 0; i < count; distinct++) {
        struct tally tally = { .key = strands[i] };
        for (; i < count && compare(&tally.key, &strands[i]) == 0; i++) {
            tally.sum.bytes += strands[i].bytes;
            tally.sum.packets += strands[i].packets;
            tally.sum.flows += strands[i].flows;
        }
        keep(top, rows, &tally);
    }
    return distinct;
}

static struct evidence_peer *find_peer(struct evidence *out, struct address address) {
    for (uint32_t i = 0; i < out->peer_rows; i++) {
        if (address_equal(out->peers[i].address, address)) {
            return &out->peers[i];
        }
    }
    return NULL;
}

/* Of each peer that is told, the port of most bytes; runs come ascending, so ties go to the
 * smallest. */
static void find_ports(struct strand *strands, size_t count, struct evidence *out) {
    uint64_t most[EVIDENCE_TOP] = { 0 };
    if (count > 1) {
        qsort(strands, count, sizeof *strands, compare_peer_port);
    }
    for (size_t i = 0; i < count;) {
        const struct strand *first = &strands[i];
        uint64_t bytes = 0;
        for (; i < count && compare_peer_port(first, &strands[i]) == 0; i++) {
            bytes += strands[i].bytes;
        }
        struct evidence_peer *peer = find_peer(out, first->peer);
        if (peer != NULL && (!peer->has_port || bytes > most[peer - out->peers])) {
            most[peer - out->peers] = bytes;
            peer->port = service_port(first);
            peer->protocol = first->protocol;
            peer->has_port = true;
        }
    }
}

static void join_own(struct evidence *out, struct address address) {
    uint32_t at = 0;
    while (at < out->own_count && address_compare(out->own[at], address) < 0) {
        at++;
    }
    if (at == EVIDENCE_OWN_MAX || (at < out->own_count && address_equal(out->own[at], address))) {
        return;
    }
    uint32_t last = out->own_count < EVIDENCE_OWN_MAX ? out->own_count++ : EVIDENCE_OWN_MAX - 1;
    for (uint32_t k = last; k > at; k--) {
        out->own[k] = out->own[k - 1];
    }
    out->own[at] = address;
}

bool evidence_gather(void *context, const struct strand *strand, struct error *err) {
    struct gathering *gathering = context;
    if (strand->direction != DIRECTION_UNKNOWN) { /* else no side is known to be the node's */
        join_own(gathering->out, strand->local);
    }
    if (strand->direction != gathering->direction || strand->is_rejected) {
        return true;
    }
    if (gathering->count == gathering->capacity) {
        size_t capacity = gathering->capacity == 0 ? 64 : 2 * gathering->capacity;
        struct strand *rows = realloc(gathering->rows, capacity * sizeof *rows);
        if (rows == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for evidence");
        }
        gathering->rows = rows;
        gathering->capacity = capacity;
    }
    gathering->rows[gathering->count++] = *strand;
    return true;
}

void evidence_build(struct gathering *gathering) {
    struct evidence *out = gathering->out;
    struct strand *strands = gathering->rows;
    const size_t count = gathering->count;
    struct tally top[EVIDENCE_TOP];
    rank(strands, count, compare_key, top, &out->key_rows);
    for (uint32_t i = 0; i < out->key_rows; i++) {
        out->keys[i] = (struct evidence_key){ .local = top[i].key.local,
                                              .peer = top[i].key.peer,
                                              .local_port = top[i].key.local_port,
                                              .peer_port = top[i].key.peer_port,
                                              .protocol = top[i].key.protocol,
                                              .sum = top[i].sum };
    }
    rank(strands, count, compare_port, top, &out->port_rows);
    for (uint32_t i = 0; i < out->port_rows; i++) {
        out->ports[i] = (struct evidence_port){ .port = service_port(&top[i].key),
                                                .protocol = top[i].key.protocol,
                                                .sum = top[i].sum };
    }
    rank(strands, count, compare_protocol, top, &out->protocol_rows);
    for (uint32_t i = 0; i < out->protocol_rows; i++) {
        out->protocols[i] =
            (struct evidence_protocol){ .protocol = top[i].key.protocol, .sum = top[i].sum };
    }
    out->peer_count = rank(strands, count, compare_peer, top, &out->peer_rows);
    for (uint32_t i = 0; i < out->peer_rows; i++) {
        out->peers[i] = (struct evidence_peer){ .address = top[i].key.peer, .sum = top[i].sum };
    }
    find_ports(strands, count, out);
}
