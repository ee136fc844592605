/* SPDX-License-Identifier: Apache-2.0 */
/* The logs of strands: chunks that double up to 64 KiB, so that a nearly empty window costs 128
 * bytes and a full one appends without copying. Large chunks lie in huge pages and go back to the
 * pool, not to the system: pages of 4 KiB taken anew cost as much a record as all the rest. */
#include "detect/conversation.h"

#include <stdlib.h>
#include <sys/mman.h>

#define CHUNK_SIZE_MIN ((size_t)128)
#define CHUNK_SIZE_MAX ((size_t)1 << 16)
#define SLAB_SIZE ((size_t)1 << 21)

struct strand_chunk {
    struct strand_chunk *next;
    size_t size; /* with this header */
    _Alignas(16) uint8_t data[];
};

void strand_pool_done(struct strand_pool *pool) {
    for (size_t i = 0; i < pool->slab_count; i++) {
        free(pool->slabs[i]);
    }
    free(pool->slabs);
    *pool = (struct strand_pool){ 0 };
}

/* Cuts a new slab into spare chunks. */
static bool add_slab(struct strand_pool *pool) {
    if (pool->slab_count == pool->slab_capacity) {
        size_t capacity = pool->slab_capacity == 0 ? 16 : 2 * pool->slab_capacity;
        void **slabs = realloc(pool->slabs, capacity * sizeof *slabs);
        if (slabs == NULL) {
            return false;
        }
        pool->slabs = slabs;
        pool->slab_capacity = capacity;
    }
    uint8_t *slab = aligned_alloc(SLAB_SIZE, SLAB_SIZE);
    if (slab == NULL) {
        return false;
    }
    (void)madvise(slab, SLAB_SIZE, MADV_HUGEPAGE); /* a hint: without it all works as well */
    pool->slabs[pool->slab_count++] = slab;
    for (size_t offset = SLAB_SIZE; offset > 0; offset -= CHUNK_SIZE_MAX) {
        struct strand_chunk *chunk = (void *)(slab + offset - CHUNK_SIZE_MAX);
        chunk->next = pool->spare;
        pool->spare = chunk;
    }
    return true;
}

static size_t chunk_capacity(const struct strand_chunk *chunk, size_t entry_size) {
    return (chunk->size - sizeof *chunk) / entry_size;
}

static struct strand_chunk *take_chunk(struct strand_pool *pool, size_t size) {
    struct strand_chunk *chunk;
    if (size == CHUNK_SIZE_MAX) {
        if (pool->spare == NULL && !add_slab(pool)) {
            return NULL;
        }
        chunk = pool->spare;
        pool->spare = chunk->next;
    } else {
        chunk = malloc(size);
        if (chunk == NULL) {
            return NULL;
        }
    }
    chunk->next = NULL;
    chunk->size = size;
    pool->used_bytes += size;
    return chunk;
}

static void give_chunk(struct strand_pool *pool, struct strand_chunk *chunk) {
    pool->used_bytes -= chunk->size;
    if (chunk->size == CHUNK_SIZE_MAX) {
        chunk->next = pool->spare;
        pool->spare = chunk;
    } else {
        free(chunk);
    }
}

static void give_chunks(struct strand_pool *pool, struct strand_list *list) {
    while (list->first != NULL) {
        struct strand_chunk *chunk = list->first;
        list->first = chunk->next;
        give_chunk(pool, chunk);
    }
    *list = (struct strand_list){ 0 };
}

void conversation_log_init(struct conversation_log *log, uint64_t cost_max) {
    *log = (struct conversation_log){ .cost_max = cost_max };
}

void conversation_log_done(struct conversation_log *log, struct strand_pool *pool) {
    give_chunks(pool, &log->shorts);
    give_chunks(pool, &log->wides);
    give_chunks(pool, &log->longs);
    free(log->cuts);
    *log = (struct conversation_log){ 0 };
}

static uint64_t list_count(const struct strand_list *list, size_t entry_size) {
    return list->last == NULL
               ? 0
               : list->count_before + (size_t)(list->at - list->last->data) / entry_size;
}

uint64_t conversation_log_strands(const struct conversation_log *log) {
    return list_count(&log->shorts, sizeof(struct strand_short)) +
           list_count(&log->wides, sizeof(struct strand));
}

uint64_t conversation_log_count(const struct conversation_log *log) {
    return conversation_log_strands(log) + list_count(&log->longs, sizeof(struct strand_long));
}

uint64_t conversation_log_cost(const struct conversation_log *log) {
    return list_count(&log->shorts, sizeof(struct strand_short)) +
           3 * list_count(&log->wides, sizeof(struct strand)) +
           list_count(&log->longs, sizeof(struct strand_long)) + log->carried_count;
}

bool strand_list_grow(struct strand_list *list, size_t entry_size, struct strand_pool *pool,
                      struct error *err) {
    size_t size = list->last == NULL ? CHUNK_SIZE_MIN : 2 * list->last->size;
    size = size > CHUNK_SIZE_MAX ? CHUNK_SIZE_MAX : size;
    struct strand_chunk *chunk = take_chunk(pool, size);
    if (chunk == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the conversations of a window");
    }
    list->count_before = list_count(list, entry_size);
    if (list->last == NULL) {
        list->first = chunk;
    } else {
        list->last->next = chunk;
    }
    list->last = chunk;
    list->at = chunk->data;
    list->end = chunk->data + chunk_capacity(chunk, entry_size) * entry_size;
    return true;
}

void strand_list_drop(struct strand_list *list, size_t entry_size, struct strand_pool *pool) {
    struct strand_chunk *chunk = list->first;
    if (chunk == list->last) {
        *list = (struct strand_list){ 0 };
    } else {
        list->first = chunk->next;
        list->count_before -= chunk_capacity(chunk, entry_size);
    }
    give_chunk(pool, chunk);
}

struct strand_span strand_list_next(const struct strand_list *list, size_t entry_size,
                                    const struct strand_chunk **chunk) {
    *chunk = *chunk == NULL ? list->first : (*chunk)->next;
    if (*chunk == NULL) {
        return (struct strand_span){ 0 };
    }
    size_t size = *chunk == list->last ? (size_t)(list->at - (*chunk)->data)
                                       : chunk_capacity(*chunk, entry_size) * entry_size;
    return (struct strand_span){ .data = (*chunk)->data, .size = size };
}

static bool strand_fits(const struct strand *strand, uint32_t place) {
    return place != PLACE_NONE && address_is_ipv4(strand->peer) && strand->bytes <= UINT32_MAX &&
           strand->packets < STRAND_SHORT_PACKETS && strand->flows < STRAND_SHORT_FLOWS;
}

static struct strand_short strand_pack(const struct strand *strand, uint32_t place) {
    return (struct strand_short){
        .place_bits = place | (uint32_t)strand->direction << STRAND_DIRECTION_SHIFT |
                      (uint32_t)strand->is_rejected << STRAND_REJECTED_SHIFT |
                      (uint32_t)strand->flows << STRAND_FLOWS_SHIFT |
                      (uint32_t)strand->protocol << STRAND_PROTOCOL_SHIFT,
        .peer = address_ipv4(strand->peer),
        .ports = strand->local_port | (uint32_t)strand->peer_port << 16,
        .packets_flags = (uint32_t)strand->packets | (uint32_t)strand->tcp_flags << 24,
        .bytes = (uint32_t)strand->bytes,
        .times = strand->first | strand->last << 16,
    };
}

bool conversation_log_add(struct conversation_log *log, struct strand_pool *pool,
                          const struct strand *strand, uint32_t place, struct error *err) {
    if (strand_fits(strand, place)) {
        if (log->shorts.at == log->shorts.end &&
            !strand_list_grow(&log->shorts, sizeof(struct strand_short), pool, err)) {
            return false;
        }
        struct strand_short packed = strand_pack(strand, place);
        memcpy(log->shorts.at, &packed, sizeof packed);
        log->shorts.at += sizeof packed;
        return true;
    }
    if (log->wides.at == log->wides.end &&
        !strand_list_grow(&log->wides, sizeof *strand, pool, err)) {
        return false;
    }
    memcpy(log->wides.at, strand, sizeof *strand);
    log->wides.at += sizeof *strand;
    return true;
}

uint64_t strand_hash(const struct strand *strand) {
    uint64_t ports =
        strand->local_port | (uint64_t)strand->peer_port << 16 | (uint64_t)strand->protocol << 32;
    return strand_hash_of(strand->local, strand->peer, ports);
}

int strand_compare_conversation(const struct strand *a, const struct strand *b) {
    int order = address_compare(a->local, b->local);
    order = order != 0 ? order : address_compare(a->peer, b->peer);
    order = order != 0 ? order : a->local_port - b->local_port;
    order = order != 0 ? order : a->peer_port - b->peer_port;
    return order != 0 ? order : a->protocol - b->protocol;
}

int strand_compare(const struct strand *a, const struct strand *b) {
    if (a->point != b->point) {
        return a->point < b->point ? -1 : 1;
    }
    int order = strand_compare_conversation(a, b);
    order = order != 0 ? order : a->direction - b->direction;
    return order != 0 ? order : a->is_rejected - b->is_rejected;
}

void strand_merge(struct strand *into, const struct strand *from) {
    into->bytes += from->bytes;
    into->packets += from->packets;
    into->flows += from->flows;
    into->first = into->first < from->first ? into->first : from->first;
    into->last = into->last > from->last ? into->last : from->last;
    into->tcp_flags |= from->tcp_flags;
}
