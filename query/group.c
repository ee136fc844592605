/* SPDX-License-Identifier: Apache-2.0 */
/* Groups by hashing: a key is a run of 64-bit words (an address two, a name the number of its
 * text), a group is its words, its sums and its times, side by side in one array:
 *
 *      | key words ... | bytes | packets | flows | first | last |
 *
 * Names and addresses become words once a batch (a node, a dictionary code), not once a record. */
#include "query/group.h"

#include "flow/frame.h"
#include "flow/spread.h"
#include "query/bin.h"
#include "query/texts.h"

#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#define WORDS_MAX (2 * QUERY_KEYS_MAX)
#define SLOT_BITS_FIRST 12u

enum { WORD_FIRST = QUERY_SUM_COUNT, WORD_LAST, SUM_WORDS };

struct groups {
    const struct query *query;
    struct query_stats *stats;
    uint32_t key_words;
    uint32_t stride;  /* in words */
    uint32_t time_at; /* the word of QUERY_TIME, or WORDS_MAX */
    uint64_t *table;  /* [count * stride] */
    size_t count;
    size_t capacity;
    uint32_t *slots; /* [1 << slot_bits]: index + 1 */
    uint32_t slot_bits;
    uint64_t secret; /* who sends the flows chooses the keys: not which of them share a slot */
    struct texts texts;
    uint32_t *node_texts; /* of the batch in hand, [BATCH_NODES_MAX] */
    uint32_t log_texts[BATCH_FLOW_LOGS_MAX];
};

static uint32_t words_of(enum query_key key) {
    return key == QUERY_SRC || key == QUERY_DST || key == QUERY_PEER ? 2 : 1;
}

static uint32_t columns_of(enum query_key key) {
    switch (key) {
    case QUERY_SRC:
    case QUERY_DST: return 1u << FRAME_ADDRESSES;
    case QUERY_PEER: return 1u << FRAME_ADDRESSES | 1u << FRAME_DIRECTION;
    case QUERY_NODE: return 1u << FRAME_NODE;
    case QUERY_SRC_PORT:
    case QUERY_DST_PORT:
    case QUERY_PORT:
    case QUERY_PROTOCOL: return 1u << FRAME_PORTS;
    case QUERY_ACTION: return 1u << FRAME_ACTION;
    case QUERY_DIRECTION: return 1u << FRAME_DIRECTION;
    case QUERY_FLOW_LOG: return 1u << FRAME_FLOW_LOG;
    case QUERY_TIME:
    case QUERY_KEY_COUNT: break;
    }
    return 0;
}

static bool groups_init(struct groups *groups, const struct query *query, struct query_stats *stats,
                        struct error *err) {
    *groups = (struct groups){ .query = query, .stats = stats, .time_at = WORDS_MAX };
    for (uint32_t i = 0; i < query->key_count; i++) {
        if (query->keys[i] == QUERY_TIME) {
            groups->time_at = groups->key_words;
        }
        groups->key_words += words_of(query->keys[i]);
    }
    groups->stride = groups->key_words + SUM_WORDS;
    groups->slot_bits = SLOT_BITS_FIRST;
    if (getentropy(&groups->secret, sizeof groups->secret) != 0) {
        groups->secret = 0; /* slower at worst */
    }
    groups->slots = calloc((size_t)1 << SLOT_BITS_FIRST, sizeof *groups->slots);
    groups->node_texts = malloc(BATCH_NODES_MAX * sizeof *groups->node_texts);
    if (groups->slots == NULL || groups->node_texts == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for groups");
    }
    return texts_init(&groups->texts, (size_t)query->memory_bytes_max, err);
}

static void groups_done(struct groups *groups) {
    free(groups->table);
    free(groups->slots);
    free(groups->node_texts);
    texts_done(&groups->texts);
}

static uint32_t *find_slot(const struct groups *groups, const uint64_t *key) {
    size_t size = groups->key_words * sizeof *key;
    uint32_t mask = (1u << groups->slot_bits) - 1;
    uint32_t at = (uint32_t)XXH3_64bits_withSeed(key, size, groups->secret) & mask;
    while (groups->slots[at] != 0 &&
           memcmp(groups->table + (size_t)(groups->slots[at] - 1) * groups->stride, key, size) !=
               0) {
        at = (at + 1) & mask;
    }
    return &groups->slots[at];
}

static bool grow_slots(struct groups *groups) {
    uint32_t *slots = calloc((size_t)2 << groups->slot_bits, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    free(groups->slots);
    groups->slots = slots;
    groups->slot_bits++;
    for (size_t i = 0; i < groups->count; i++) {
        *find_slot(groups, groups->table + i * groups->stride) = (uint32_t)i + 1;
    }
    return true;
}

static bool make_room(struct groups *groups, struct error *err) {
    if (groups->count == groups->capacity) {
        size_t capacity = groups->capacity == 0 ? 1024 : 2 * groups->capacity;
        uint64_t size = (uint64_t)capacity * (groups->stride * sizeof *groups->table + 8);
        if (size > groups->query->memory_bytes_max || capacity > UINT32_MAX / 4) {
            return error_set(err, ERROR_LIMIT,
                             "more than %zu groups do not fit into %llu bytes: narrow the "
                             "question or group by less",
                             groups->count, (unsigned long long)groups->query->memory_bytes_max);
        }
        uint64_t *moved =
            reallocarray(groups->table, capacity, groups->stride * sizeof *groups->table);
        if (moved == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for %zu groups", capacity);
        }
        groups->table = moved;
        groups->capacity = capacity;
    }
    if (2 * groups->count >= (size_t)1 << groups->slot_bits && !grow_slots(groups)) {
        return error_set(err, ERROR_LIMIT, "no memory for groups");
    }
    return true;
}

/* The sums of a key's group, new ones zeroed; NULL on failure. */
static uint64_t *group_of(struct groups *groups, const uint64_t *key, struct error *err) {
    uint32_t *slot = find_slot(groups, key);
    if (*slot == 0) {
        if (!make_room(groups, err)) {
            return NULL;
        }
        slot = find_slot(groups, key);
        uint64_t *group = groups->table + groups->count * groups->stride;
        memcpy(group, key, groups->key_words * sizeof *key);
        uint64_t *sums = group + groups->key_words;
        memset(sums, 0, SUM_WORDS * sizeof *sums);
        sums[WORD_FIRST] = (uint64_t)INT64_MAX;
        sums[WORD_LAST] = (uint64_t)INT64_MIN;
        *slot = (uint32_t)++groups->count;
    }
    return groups->table + (size_t)(*slot - 1) * groups->stride + groups->key_words;
}

static void put_address(uint64_t *word, struct address address) {
    word[0] = address.high;
    word[1] = address.low;
}

static void make_key(const struct groups *groups, const struct batch *batch, uint32_t i,
                     uint64_t *word) {
    const struct address *addresses = batch->addresses.values;
    for (uint32_t k = 0; k < groups->query->key_count; k++) {
        enum query_key key = groups->query->keys[k];
        switch (key) {
        case QUERY_SRC: put_address(word, addresses[batch->src[i]]); break;
        case QUERY_DST: put_address(word, addresses[batch->dst[i]]); break;
        case QUERY_PEER: put_address(word, addresses[batch_peer(batch, i)]); break;
        case QUERY_NODE: *word = groups->node_texts[batch->node[i]]; break;
        case QUERY_SRC_PORT: *word = batch->src_port[i]; break;
        case QUERY_DST_PORT: *word = batch->dst_port[i]; break;
        case QUERY_PORT:
            *word =
                batch->src_port[i] < batch->dst_port[i] ? batch->src_port[i] : batch->dst_port[i];
            break;
        case QUERY_PROTOCOL: *word = batch->protocol[i]; break;
        case QUERY_ACTION: *word = batch->action[i]; break;
        case QUERY_DIRECTION: *word = batch->direction[i]; break;
        case QUERY_FLOW_LOG: *word = groups->log_texts[batch->flow_log[i]]; break;
        case QUERY_TIME:
        case QUERY_KEY_COUNT: *word = 0; break; /* the bins are filled in by add_binned */
        }
        word += words_of(key);
    }
}

static void add_times(uint64_t *sums, int64_t start_ms, int64_t end_ms) {
    if (start_ms < (int64_t)sums[WORD_FIRST]) {
        sums[WORD_FIRST] = (uint64_t)start_ms;
    }
    if (end_ms > (int64_t)sums[WORD_LAST]) {
        sums[WORD_LAST] = (uint64_t)end_ms;
    }
}

static bool add_whole(struct groups *groups, const struct batch *batch, uint32_t i,
                      const uint64_t *key, struct error *err) {
    uint64_t *sums = group_of(groups, key, err);
    if (sums == NULL) {
        return false;
    }
    sum_add(&sums[QUERY_BYTES], batch->bytes[i]);
    sum_add(&sums[QUERY_PACKETS], batch->packets[i]);
    sums[QUERY_FLOWS]++;
    add_times(sums, batch->start_ms[i], batch->end_ms[i]);
    return true;
}

/* Shares a record out over the bins that it touches within the range. */
static bool add_binned(struct groups *groups, const struct batch *batch, uint32_t i, uint64_t *key,
                       struct error *err) {
    const struct query *query = groups->query;
    struct spread spread = spread_of(batch->start_ms[i], batch->end_ms[i], batch->stamp.unit_ms,
                                     batch->stamp.reach_ms);
    int64_t from_ms = spread.from_ms > query->from_ms ? spread.from_ms : query->from_ms;
    int64_t to_ms = spread.to_ms < query->to_ms ? spread.to_ms : query->to_ms;
    if (from_ms >= to_ms) {
        return true; /* it touches the range with what lies beyond its reach: that counts nowhere */
    }
    uint64_t bytes_before = spread_until(spread, batch->bytes[i], from_ms);
    uint64_t packets_before = spread_until(spread, batch->packets[i], from_ms);
    int64_t begin_ms = bin_begin(query->zone, query->bin_ms, from_ms);
    while (begin_ms < to_ms) {
        int64_t next_ms = bin_next(query->zone, query->bin_ms, begin_ms);
        int64_t end_ms = next_ms < to_ms ? next_ms : to_ms;
        uint64_t bytes = spread_until(spread, batch->bytes[i], end_ms);
        uint64_t packets = spread_until(spread, batch->packets[i], end_ms);
        key[groups->time_at] = (uint64_t)begin_ms;
        uint64_t *sums = group_of(groups, key, err);
        if (sums == NULL) {
            return false;
        }
        sum_add(&sums[QUERY_BYTES], bytes - bytes_before);
        sum_add(&sums[QUERY_PACKETS], packets - packets_before);
        sums[QUERY_FLOWS] += spread.to_ms - 1 < end_ms; /* its last moment lies in this bin */
        add_times(sums, batch->start_ms[i], batch->end_ms[i]);
        bytes_before = bytes;
        packets_before = packets;
        begin_ms = next_ms;
    }
    return true;
}

static bool name_texts(struct groups *groups, const struct batch *batch, struct error *err) {
    for (uint32_t i = 0; i < batch->node_count; i++) {
        if (!texts_add(&groups->texts, batch->nodes[i].name, &groups->node_texts[i], err)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < batch->flow_log_count; i++) {
        if (!texts_add(&groups->texts, batch->flow_logs[i], &groups->log_texts[i], err)) {
            return false;
        }
    }
    return true;
}

static bool take_batch(void *context, const struct batch *batch, const uint64_t *bits,
                       uint32_t count, struct error *err) {
    struct groups *groups = context;
    if (!name_texts(groups, batch, err)) {
        return false;
    }
    bool is_binned = groups->time_at != WORDS_MAX;
    for (uint32_t word = 0; count > 0; word++) {
        for (uint64_t left = bits[word]; left != 0; left &= left - 1, count--) {
            uint32_t i = word * 64 + (uint32_t)__builtin_ctzll(left);
            uint64_t key[WORDS_MAX];
            make_key(groups, batch, i, key);
            if (is_binned ? !add_binned(groups, batch, i, key, err)
                          : !add_whole(groups, batch, i, key, err)) {
                return false;
            }
        }
    }
    return true;
}

static int compare_numbers(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int compare_keys(const struct groups *groups, const uint64_t *a, const uint64_t *b) {
    for (uint32_t k = 0; k < groups->query->key_count; k++) {
        enum query_key key = groups->query->keys[k];
        uint32_t words = words_of(key);
        int order;
        if (key == QUERY_NODE || key == QUERY_FLOW_LOG) {
            order = bytes_compare(groups->texts.values[*a], groups->texts.values[*b]);
        } else if (key == QUERY_TIME) {
            order = compare_numbers(*a ^ UINT64_C(1) << 63, *b ^ UINT64_C(1) << 63); /* signed */
        } else {
            order = compare_numbers(a[0], b[0]);
            order = order != 0 || words == 1 ? order : compare_numbers(a[1], b[1]);
        }
        if (order != 0) {
            return order;
        }
        a += words;
        b += words;
    }
    return 0;
}

static int compare_groups(const void *left, const void *right, void *context) {
    const struct groups *groups = context;
    const uint64_t *a = groups->table + (size_t) * (const uint32_t *)left * groups->stride;
    const uint64_t *b = groups->table + (size_t) * (const uint32_t *)right * groups->stride;
    enum query_sort sort = groups->query->sort;
    int sign = groups->query->is_reversed ? -1 : 1;
    if (sort <= QUERY_SORT_FLOWS) {
        enum query_sum sum = sort == QUERY_SORT_BYTES     ? QUERY_BYTES
                             : sort == QUERY_SORT_PACKETS ? QUERY_PACKETS
                                                          : QUERY_FLOWS;
        int order = compare_numbers(b[groups->key_words + sum], a[groups->key_words + sum]);
        return order != 0 ? sign * order : compare_keys(groups, a, b);
    }
    return sign * compare_keys(groups, a, b);
}

static void make_group(const struct groups *groups, const uint64_t *word, struct query_group *out) {
    *out = (struct query_group){ 0 };
    for (uint32_t k = 0; k < groups->query->key_count; k++) {
        enum query_key key = groups->query->keys[k];
        if (key == QUERY_NODE || key == QUERY_FLOW_LOG) {
            out->keys[k].text = groups->texts.values[*word];
        } else if (words_of(key) == 2) {
            out->keys[k].address = (struct address){ .high = word[0], .low = word[1] };
        } else {
            out->keys[k].number = (int64_t)*word;
        }
        word += words_of(key);
    }
    memcpy(out->sums, word, sizeof out->sums);
    out->first_ms = (int64_t)word[WORD_FIRST];
    out->last_ms = (int64_t)word[WORD_LAST];
}

static bool give_groups(struct groups *groups, const struct query_sink *sink, struct error *err) {
    uint32_t *order = malloc((groups->count + 1) * sizeof *order);
    if (order == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to sort %zu groups", groups->count);
    }
    for (size_t i = 0; i < groups->count; i++) {
        order[i] = (uint32_t)i;
    }
    if (groups->count > 1) {
        qsort_r(order, groups->count, sizeof *order, compare_groups, groups);
    }
    uint64_t limit = groups->query->limit;
    size_t given = limit > 0 && limit < groups->count ? (size_t)limit : groups->count;
    groups->stats->cut = groups->count - given;
    bool ok = true;
    for (size_t i = 0; i < given && ok; i++) {
        struct query_group group;
        make_group(groups, groups->table + (size_t)order[i] * groups->stride, &group);
        ok = sink->group(sink->context, &group, err);
    }
    free(order);
    return ok;
}

bool group_run(const char *directory, const struct query *query, const struct query_sink *sink,
               struct query_stats *stats, struct error *err) {
    uint32_t columns = 1u << FRAME_START | 1u << FRAME_END;
    for (uint32_t i = 0; i < query->key_count; i++) {
        columns |= columns_of(query->keys[i]);
    }
    struct groups groups;
    struct scan_sink scan_sink = { .context = &groups, .batch = take_batch };
    bool ok = groups_init(&groups, query, stats, err) &&
              scan_run(directory, query, columns, &scan_sink, stats, err) &&
              give_groups(&groups, sink, err);
    groups_done(&groups);
    return ok;
}
