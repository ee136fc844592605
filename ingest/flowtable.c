/* SPDX-License-Identifier: Apache-2.0 */
/* A burst of packets is looked at three times: keys and hashes first, which fetch their slots into
 * the cache, then the slots, which fetch their entries, then the packets one by one. A miss of the
 * cache costs as much as all else that is done for a packet.
 *
 * When flows end. The entry itself says exactly (flow_entry_takes): a packet that it does not take
 * ends the flow as it is (`retired`) and begins the next one in the same entry, so what the flows
 * are does not depend on when a sweep comes. Sweeps only take out what no packet comes for. Their
 * cost: an entry outlives a sweep only if it had a packet within `expiry`, so it is visited at most
 * nine times a packet; a cut visits what it ends.
 *
 * The promise. N is the clock, S the time between sweeps, E the newest end given so far, e the end
 * of a flow that is given later; E <= N as of then.
 *   - ticks: what is open lies within the tick, since an older packet counts at the tick's start.
 *     E is within it, too, so E + 1 - D <= its start with D = tick: nothing counts before that, and
 *     the lateness is 0. (To leave an older packet its own time would take a lateness of a tick,
 *     and a flow could cross the window that it is counted in.)
 *   - time-outs: the last sweep at N' > N - S left what had a packet after N' - expiry; what began
 *     since is newer than N' - back: e > E - S - max(expiry, back), which is the lateness. Lengths
 *     are below active_ms: D is that. */
#include "ingest/flowtable.h"

#include "ingest/flow_pool.h"

#include <assert.h>
#include <stdlib.h>

#define BURST 32u
#define RETIRED_MAX 64u
/* Below one flow in so many slots, emptying the slots one by one is cheaper than all at once. */
#define CLEAR_SHARE 16u

enum sweep_kind {
    SWEEP_NONE,
    SWEEP_IDLE,    /* takes out what had no packet after `sweep_until_ms` */
    SWEEP_ALL,     /* takes out all, one slot at a time */
    SWEEP_CLEARED, /* the same, and the slots are empty already */
};

struct flowtable {
    int64_t tick_ms;
    int64_t active_ms;
    int64_t expiry_ms; /* what had no packet for so long has ended by either time-out */
    int64_t sweep_ms;  /* between two sweeps */
    int64_t back_ms;

    int64_t clock_ms; /* INT64_MIN: no packet yet */
    int64_t due_ms;   /* of the next sweep or cut */
    int64_t floor_ms; /* the tick's start; with time-outs INT64_MIN */

    struct flow_pool pool;

    enum sweep_kind sweep;
    uint32_t sweep_at;
    uint32_t sweep_before; /* the one in front of it that stays, or FLOW_NONE */
    int64_t sweep_until_ms;

    struct flow retired[RETIRED_MAX]; /* a ring */
    uint32_t retired_first;
    uint32_t retired_count;

    uint64_t overflows;
};

static int64_t timeout_of(int64_t option_ms) {
    return option_ms <= 0 || option_ms > FLOWTABLE_NEVER_MS ? FLOWTABLE_NEVER_MS : option_ms;
}

static int64_t expiry_of(const struct flowtable_options *options) {
    int64_t active_ms = timeout_of(options->active_ms);
    int64_t idle_ms = timeout_of(options->idle_ms);
    return active_ms < idle_ms ? active_ms : idle_ms;
}

static int64_t sweep_interval_of(const struct flowtable_options *options) {
    return expiry_of(options) / 8 + 1;
}

int64_t flowtable_reach_ms(const struct flowtable_options *options) {
    return options->tick_ms > 0 ? options->tick_ms : timeout_of(options->active_ms);
}

int64_t flowtable_lateness_ms(const struct flowtable_options *options) {
    /* `back` is the idle time-out, which is not below the expiry. */
    return options->tick_ms > 0 ? 0 : sweep_interval_of(options) + timeout_of(options->idle_ms);
}

/* ---- making and freeing ---- */

static void set_rules(struct flowtable *table, const struct flowtable_options *options) {
    bool has_ticks = options->tick_ms > 0;
    table->tick_ms = options->tick_ms;
    table->active_ms = has_ticks ? FLOWTABLE_NEVER_MS : timeout_of(options->active_ms);
    table->expiry_ms = has_ticks ? FLOWTABLE_NEVER_MS : expiry_of(options);
    table->sweep_ms = sweep_interval_of(options);
    table->back_ms = has_ticks ? options->tick_ms : timeout_of(options->idle_ms);
}

bool flowtable_new(struct flowtable **out, const struct flowtable_options *options,
                   struct error *err) {
    uint32_t flows_max = options->flows_max > 0 ? options->flows_max : FLOWTABLE_FLOWS_MAX_DEFAULT;
    assert(options->tick_ms >= 0 && options->tick_ms < FLOWTABLE_NEVER_MS / 2);
    struct flowtable *table = calloc(1, sizeof *table);
    if (table == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a table of flows");
    }
    set_rules(table, options);
    table->clock_ms = table->due_ms = table->floor_ms = INT64_MIN;
    if (!flow_pool_init(&table->pool, flows_max, err)) {
        flowtable_free(table);
        return false;
    }
    *out = table;
    return true;
}

void flowtable_free(struct flowtable *table) {
    if (table != NULL) {
        flow_pool_done(&table->pool);
        free(table);
    }
}

/* ---- time ---- */

static void begin_sweep(struct flowtable *table, enum sweep_kind kind, int64_t until_ms) {
    struct flow_pool *pool = &table->pool;
    if (pool->open_count == 0 || table->sweep == SWEEP_CLEARED) {
        return;
    }
    if (kind == SWEEP_ALL && pool->open_count > flow_slots_mask(&pool->slots) / CLEAR_SHARE) {
        flow_pool_clear_slots(pool);
        kind = SWEEP_CLEARED;
    }
    table->sweep = kind;
    table->sweep_at = pool->head;
    table->sweep_before = FLOW_NONE;
    table->sweep_until_ms = until_ms;
}

void flowtable_cut(struct flowtable *table) {
    begin_sweep(table, SWEEP_ALL, 0);
}

/* The packet's time is outside what can just be added: ends what it ends, and sets the clock. */
static void move_clock(struct flowtable *table, int64_t time_ms) {
    bool is_back = time_ms + table->back_ms <= table->clock_ms;
    if (table->tick_ms > 0) {
        begin_sweep(table, SWEEP_ALL, 0);
        table->floor_ms = time_ms / table->tick_ms * table->tick_ms;
        table->due_ms = table->floor_ms + table->tick_ms;
    } else {
        begin_sweep(table, is_back ? SWEEP_ALL : SWEEP_IDLE, time_ms - table->expiry_ms);
        table->due_ms = time_ms + table->sweep_ms;
    }
    table->clock_ms = time_ms;
}

static bool has_ended_flows(const struct flowtable *table) {
    return table->sweep != SWEEP_NONE || table->retired_count > 0;
}

/* ---- packets ---- */

static void retire(struct flowtable *table, uint32_t index) {
    uint32_t at = (table->retired_first + table->retired_count) % RETIRED_MAX;
    flow_pool_give(&table->pool, index, &table->retired[at]);
    table->retired_count++;
}

enum added { ADDED, ADDED_NOT, ADDED_FAILED };

/* Adds one packet, unless flows must be taken first. */
static inline enum added add_packet(struct flowtable *table, const struct flow_packet *from,
                                    const struct flow_key *key, struct error *err) {
    int64_t time_ms = from->time_ms;
    if (__builtin_expect(time_ms >= table->due_ms || time_ms + table->back_ms <= table->clock_ms,
                         0)) {
        move_clock(table, time_ms);
        if (table->sweep != SWEEP_NONE) {
            return ADDED_NOT;
        }
    }
    time_ms = time_ms > table->floor_ms ? time_ms : table->floor_ms;
    struct flow_pool *pool = &table->pool;
    uint32_t index = flow_pool_find(pool, key, from);
    if (index == FLOW_NONE) {
        if (pool->open_count == pool->flows_max) {
            table->overflows++;
            flowtable_cut(table);
            return ADDED_NOT;
        }
        if (!flow_pool_open(pool, key, from, &index, err)) {
            return ADDED_FAILED;
        }
    } else {
        struct flow_entry *entry = &pool->entries[index];
        bool was_idle;
        if (!flow_entry_takes(entry, time_ms, table->expiry_ms, table->active_ms, &was_idle) ||
            entry->packets[key->way] == UINT32_MAX) {
            if (table->retired_count == RETIRED_MAX) {
                return ADDED_NOT;
            }
            retire(table, index);
            flow_entry_begin(entry, !was_idle);
        }
    }
    flow_entry_add(&pool->entries[index], key->way, time_ms, &from->packet);
    table->clock_ms = time_ms > table->clock_ms ? time_ms : table->clock_ms;
    return ADDED;
}

/* Keys, then slots, then entries: each pass fetches what the next one reads. */
static void prepare(const struct flow_pool *pool, const struct flow_packet *packets, size_t count,
                    struct flow_key *keys) {
    for (size_t i = 0; i < count; i++) {
        flow_key_make(&keys[i], &packets[i], pool->secrets);
        __builtin_prefetch(&pool->slots.slots[flow_slots_home(&pool->slots, keys[i].hash)]);
    }
    for (size_t i = 0; i < count; i++) {
        keys[i].guess = flow_pool_guess(pool, keys[i].hash);
        if (keys[i].guess != FLOW_NONE) {
            __builtin_prefetch(&pool->entries[keys[i].guess], 1);
        }
    }
}

bool flowtable_add(struct flowtable *table, const struct flow_packet *packets, size_t count,
                   size_t *taken, struct error *err) {
    struct flow_key keys[BURST];
    *taken = 0;
    while (*taken < count && !has_ended_flows(table)) {
        size_t size = count - *taken < BURST ? count - *taken : BURST;
        prepare(&table->pool, packets + *taken, size, keys);
        for (size_t i = 0; i < size; i++) {
            enum added added = add_packet(table, packets + *taken, &keys[i], err);
            if (added != ADDED) {
                return added == ADDED_NOT;
            }
            (*taken)++;
        }
    }
    return true;
}

/* ---- what has ended ---- */

/* The next entry that the sweep takes out. */
static bool sweep_on(struct flowtable *table, struct flow *out) {
    struct flow_pool *pool = &table->pool;
    while (table->sweep_at != FLOW_NONE) {
        uint32_t index = table->sweep_at;
        const struct flow_entry *entry = &pool->entries[index];
        table->sweep_at = entry->next;
        if (table->sweep == SWEEP_IDLE && flow_entry_last_ms(entry) > table->sweep_until_ms) {
            table->sweep_before = index;
            continue;
        }
        flow_pool_give(pool, index, out);
        if (table->sweep == SWEEP_CLEARED) {
            flow_pool_close_cleared(pool, index);
        } else {
            flow_pool_close(pool, index, table->sweep_before);
        }
        return true;
    }
    table->sweep = SWEEP_NONE;
    return false;
}

bool flowtable_take(struct flowtable *table, struct flow *out) {
    if (table->retired_count > 0) {
        *out = table->retired[table->retired_first];
        table->retired_first = (table->retired_first + 1) % RETIRED_MAX;
        table->retired_count--;
        return true;
    }
    return table->sweep != SWEEP_NONE && sweep_on(table, out);
}

uint32_t flowtable_count(const struct flowtable *table) {
    return table->pool.open_count + table->retired_count;
}

uint64_t flowtable_overflows(const struct flowtable *table) {
    return table->overflows;
}
