/* SPDX-License-Identifier: Apache-2.0 */
/* Entries lie in one array and hang together in the order in which they were made; slots find them
 * by hash (flow_slots.h). A burst of packets is looked at three times: keys and hashes first, which
 * fetch their slots into the cache, then the slots, which fetch their entries, then the packets one
 * by one. A miss of the cache costs as much as all else that is done for a packet.
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

#include "base/pages.h"
#include "ingest/flow_entry.h"
#include "ingest/flow_slots.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#define NONE ((1u << FLOW_ENTRY_NEXT_BITS) - 1)
#define WIDE_CAPACITY_FIRST 1024u
/* The first entries lie on small pages: most captures need no more. */
#define ENTRIES_SMALL 16384u
#define BURST 32u
#define RETIRED_MAX 64u
#define SECRETS 4
/* Below one flow in so many slots, emptying the slots one by one is cheaper than all at once. */
#define CLEAR_SHARE 16u

// NOLINTNEXTLINE(misc-redundant-expression): two numbers that happen to be one
_Static_assert(FLOWTABLE_FLOWS_MAX <= 1u << FLOW_ENTRY_NEXT_BITS, "entries are named by NEXT_BITS");

/* Addresses of an entry that are not IPv4; of a free one, `a.low` is the next free one. */
struct wide {
    struct address a;
    struct address b;
};

struct key {
    struct address a; /* when is_wide */
    struct address b;
    uint64_t addresses; /* when not */
    uint32_t ports;
    uint32_t hash;
    uint32_t guess; /* an entry of this hash, or NONE */
    uint8_t way;    /* the packet's: 1 is from b to a */
    bool is_wide;
};

enum sweep_kind {
    SWEEP_NONE,
    SWEEP_IDLE,    /* takes out what had no packet after `sweep_until_ms` */
    SWEEP_ALL,     /* takes out all, one slot at a time */
    SWEEP_CLEARED, /* the same, and the slots are empty already */
};

struct flowtable {
    int64_t tick_ms;
    int64_t active_ms;
    int64_t idle_ms;
    int64_t expiry_ms;
    int64_t sweep_ms; /* between two sweeps */
    int64_t back_ms;
    uint32_t flows_max;

    int64_t clock_ms; /* INT64_MIN: no packet yet */
    int64_t due_ms;   /* of the next sweep or cut */
    int64_t floor_ms; /* the tick's start; with time-outs INT64_MIN */

    struct flow_slots slots;
    struct flow_entry *entries; /* [used] of [flows_max], reserved */
    uint32_t used;
    uint32_t free; /* list of those in [0, used) that are not open */
    uint32_t open_count;
    uint32_t head; /* list of open ones, oldest first */
    uint32_t tail;
    struct wide *wide; /* [wide_used] of [wide_capacity] */
    uint32_t wide_capacity;
    uint32_t wide_used;
    uint32_t wide_free;

    enum sweep_kind sweep;
    uint32_t sweep_at;
    uint32_t sweep_before; /* the one in front of it that stays, or NONE */
    int64_t sweep_until_ms;

    struct flow retired[RETIRED_MAX]; /* a ring */
    uint32_t retired_first;
    uint32_t retired_count;

    uint64_t overflows;
    uint64_t secrets[SECRETS];
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
    table->idle_ms = has_ticks ? FLOWTABLE_NEVER_MS : timeout_of(options->idle_ms);
    table->expiry_ms = expiry_of(options);
    table->sweep_ms = sweep_interval_of(options);
    table->back_ms = has_ticks ? options->tick_ms : table->idle_ms;
    table->flows_max = options->flows_max > 0 ? options->flows_max : FLOWTABLE_FLOWS_MAX_DEFAULT;
}

/* Nothing is open. */
static void forget_all(struct flowtable *table) {
    table->used = table->wide_used = 0;
    table->free = table->wide_free = NONE;
    table->head = table->tail = NONE;
    table->open_count = 0;
}

static size_t entries_size(const struct flowtable *table) {
    return table->flows_max * sizeof *table->entries;
}

bool flowtable_new(struct flowtable **out, const struct flowtable_options *options,
                   struct error *err) {
    assert(options->tick_ms >= 0 && options->tick_ms < FLOWTABLE_NEVER_MS / 2);
    assert(options->flows_max < FLOWTABLE_FLOWS_MAX);
    struct flowtable *table = calloc(1, sizeof *table);
    if (table == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a table of flows");
    }
    set_rules(table, options);
    forget_all(table);
    table->clock_ms = table->due_ms = table->floor_ms = INT64_MIN;
    if (getentropy(table->secrets, sizeof table->secrets) != 0) {
        /* A sandbox that forbids the call: then the hash is a known one. */
        for (unsigned i = 0; i < SECRETS; i++) {
            table->secrets[i] = UINT64_C(0x9E3779B97F4A7C15) * (2 * i + 1);
        }
    }
    table->entries = pages_reserve(entries_size(table));
    if (table->entries == NULL) {
        (void)error_set(err, ERROR_LIMIT, "no memory for %u open flows", table->flows_max);
        flowtable_free(table);
        return false;
    }
    if (table->flows_max > ENTRIES_SMALL) {
        pages_advise_huge(table->entries + ENTRIES_SMALL,
                          (table->flows_max - ENTRIES_SMALL) * sizeof *table->entries);
    }
    if (!flow_slots_init(&table->slots, err)) {
        flowtable_free(table);
        return false;
    }
    *out = table;
    return true;
}

void flowtable_free(struct flowtable *table) {
    if (table != NULL) {
        flow_slots_done(&table->slots);
        pages_release(table->entries, entries_size(table));
        free(table->wide);
        free(table);
    }
}

/* ---- keys ---- */

static inline uint64_t fold(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint32_t hash_of(const struct flowtable *table, uint64_t addresses, uint64_t rest) {
    const uint64_t *secrets = table->secrets;
    return (uint32_t)(fold(fold(addresses ^ secrets[0], rest ^ secrets[1]) ^ secrets[2],
                           addresses ^ secrets[3]) >>
                      32);
}

static inline uint64_t narrow_wide(const struct flowtable *table, struct address a,
                                   struct address b) {
    const uint64_t *secrets = table->secrets;
    return fold(fold(a.high ^ secrets[0], a.low ^ secrets[1]) ^ b.high ^ secrets[2],
                b.low ^ secrets[3]);
}

static inline uint64_t rest_of(uint32_t ports, uint8_t protocol, uint8_t log, bool is_wide) {
    return (uint64_t)ports << 32 | (uint64_t)protocol << 16 | (uint64_t)log << 8 | is_wide;
}

/* The smaller end (address, then port) is a. Without branches for IPv4: which way a packet goes
 * cannot be foreseen. */
static inline void make_key(const struct flowtable *table, const struct flow_packet *from,
                            struct key *key) {
    const struct packet *packet = &from->packet;
    uint64_t addresses;
    if (address_is_ipv4(packet->src) && address_is_ipv4(packet->dst)) {
        uint64_t src = (uint64_t)address_ipv4(packet->src) << 16 | packet->src_port;
        uint64_t dst = (uint64_t)address_ipv4(packet->dst) << 16 | packet->dst_port;
        uint64_t a = src < dst ? src : dst;
        uint64_t b = src < dst ? dst : src;
        key->way = src > dst;
        key->is_wide = false;
        key->ports = (uint32_t)(a & 0xffff) << 16 | (uint32_t)(b & 0xffff);
        key->addresses = addresses = a >> 16 << 32 | b >> 16;
    } else {
        int order = address_compare(packet->src, packet->dst);
        bool is_back = order > 0 || (order == 0 && packet->src_port > packet->dst_port);
        key->way = is_back;
        key->is_wide = true;
        key->a = is_back ? packet->dst : packet->src;
        key->b = is_back ? packet->src : packet->dst;
        key->ports = is_back ? (uint32_t)packet->dst_port << 16 | packet->src_port
                             : (uint32_t)packet->src_port << 16 | packet->dst_port;
        addresses = narrow_wide(table, key->a, key->b);
    }
    key->hash =
        hash_of(table, addresses, rest_of(key->ports, packet->protocol, from->log, key->is_wide));
}

static uint32_t entry_hash(const struct flowtable *table, const struct flow_entry *entry) {
    uint64_t addresses = entry->addresses;
    if (entry->is_wide) {
        addresses =
            narrow_wide(table, table->wide[entry->addresses].a, table->wide[entry->addresses].b);
    }
    return hash_of(table, addresses,
                   rest_of(entry->ports, entry->protocol, entry->log, entry->is_wide));
}

static inline bool is_entry_of(const struct flowtable *table, const struct flow_entry *entry,
                               const struct key *key, const struct flow_packet *from) {
    if (entry->ports != key->ports || entry->protocol != from->packet.protocol ||
        entry->log != from->log || entry->is_wide != key->is_wide) {
        return false;
    }
    if (!key->is_wide) {
        return entry->addresses == key->addresses;
    }
    const struct wide *wide = &table->wide[entry->addresses];
    return address_equal(wide->a, key->a) && address_equal(wide->b, key->b);
}

/* The first entry of the hash, by the slots alone. */
static inline uint32_t guess(const struct flow_slots *slots, uint32_t hash) {
    size_t mask = flow_slots_mask(slots);
    size_t at = flow_slots_home(slots, hash);
    while (slots->slots[at] != 0 && flow_slot_hash(slots->slots[at]) != hash) {
        at = (at + 1) & mask;
    }
    return slots->slots[at] == 0 ? NONE : flow_slot_index(slots->slots[at]);
}

/* Without a right guess: the entry may be new since, or the second of its hash. */
static __attribute__((noinline)) uint32_t
search(const struct flowtable *table, const struct key *key, const struct flow_packet *from) {
    size_t mask = flow_slots_mask(&table->slots);
    size_t at = flow_slots_home(&table->slots, key->hash);
    for (;; at = (at + 1) & mask) {
        uint64_t slot = table->slots.slots[at];
        if (slot == 0) {
            return NONE;
        }
        if (flow_slot_hash(slot) == key->hash &&
            is_entry_of(table, &table->entries[flow_slot_index(slot)], key, from)) {
            return flow_slot_index(slot);
        }
    }
}

static inline uint32_t find(const struct flowtable *table, const struct key *key,
                            const struct flow_packet *from) {
    if (key->guess != NONE && is_entry_of(table, &table->entries[key->guess], key, from)) {
        return key->guess;
    }
    return search(table, key, from);
}

/* ---- entries ---- */

static bool take_wide(struct flowtable *table, const struct key *key, uint64_t *index,
                      struct error *err) {
    if (table->wide_free != NONE) {
        *index = table->wide_free;
        table->wide_free = (uint32_t)table->wide[*index].a.low;
    } else {
        if (table->wide_used == table->wide_capacity) {
            uint32_t capacity =
                table->wide_capacity == 0 ? WIDE_CAPACITY_FIRST : 2 * table->wide_capacity;
            struct wide *wide = realloc(table->wide, capacity * sizeof *wide);
            if (wide == NULL) {
                return error_set(err, ERROR_LIMIT, "no memory for %u open flows", capacity);
            }
            table->wide = wide;
            table->wide_capacity = capacity;
        }
        *index = table->wide_used++;
    }
    table->wide[*index] = (struct wide){ key->a, key->b };
    return true;
}

/* A new entry at the end of the list; there is room for one. */
static bool open_entry(struct flowtable *table, const struct key *key,
                       const struct flow_packet *from, uint32_t *out, struct error *err) {
    uint32_t index = table->free != NONE ? table->free : table->used;
    uint64_t addresses = key->addresses;
    if (!flow_slots_add(&table->slots, key->hash, index, err)) {
        return false;
    }
    if (key->is_wide && !take_wide(table, key, &addresses, err)) {
        flow_slots_remove(&table->slots, key->hash, index);
        return false;
    }
    struct flow_entry *entry = &table->entries[index];
    if (index == table->used) {
        table->used++;
    } else {
        table->free = entry->next;
    }
    *entry = (struct flow_entry){
        .addresses = addresses,
        .ports = key->ports,
        .protocol = from->packet.protocol,
        .log = from->log,
        .next = NONE,
        .is_wide = key->is_wide,
        .is_opener_inferred = 1,
    };
    if (table->tail == NONE) {
        table->head = index;
    } else {
        table->entries[table->tail].next = index & NONE;
    }
    table->tail = index;
    table->open_count++;
    *out = index;
    return true;
}

/* Takes the entry out behind `before`; its slot is gone already where slots are cleared. */
static void close_entry(struct flowtable *table, uint32_t index, uint32_t before, bool has_slot) {
    struct flow_entry *entry = &table->entries[index];
    if (has_slot) {
        flow_slots_remove(&table->slots, entry_hash(table, entry), index);
    }
    if (before == NONE) {
        table->head = entry->next;
    } else {
        table->entries[before].next = entry->next;
    }
    if (table->tail == index) {
        table->tail = before;
    }
    if (entry->is_wide) {
        table->wide[entry->addresses].a.low = table->wide_free;
        table->wide_free = (uint32_t)entry->addresses;
    }
    entry->next = table->free & NONE;
    table->free = index;
    table->open_count--;
    if (table->open_count == 0) {
        forget_all(table);
    }
}

static void give(const struct flowtable *table, const struct flow_entry *entry, struct flow *out) {
    if (entry->is_wide) {
        out->a = table->wide[entry->addresses].a;
        out->b = table->wide[entry->addresses].b;
    } else {
        out->a = address_from_ipv4((uint32_t)(entry->addresses >> 32));
        out->b = address_from_ipv4((uint32_t)entry->addresses);
    }
    flow_entry_give(entry, out);
}

/* ---- time ---- */

static void begin_sweep(struct flowtable *table, enum sweep_kind kind, int64_t until_ms) {
    if (table->open_count == 0 || table->sweep == SWEEP_CLEARED) {
        return;
    }
    if (kind == SWEEP_ALL && table->open_count > flow_slots_mask(&table->slots) / CLEAR_SHARE) {
        flow_slots_clear(&table->slots);
        kind = SWEEP_CLEARED;
    }
    table->sweep = kind;
    table->sweep_at = table->head;
    table->sweep_before = NONE;
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

static void retire(struct flowtable *table, const struct flow_entry *entry) {
    uint32_t at = (table->retired_first + table->retired_count) % RETIRED_MAX;
    give(table, entry, &table->retired[at]);
    table->retired_count++;
}

enum added { ADDED, ADDED_NOT, ADDED_FAILED };

/* Adds one packet, unless flows must be taken first. */
static inline enum added add_packet(struct flowtable *table, const struct flow_packet *from,
                                    const struct key *key, struct error *err) {
    int64_t time_ms = from->time_ms;
    if (__builtin_expect(time_ms >= table->due_ms || time_ms + table->back_ms <= table->clock_ms,
                         0)) {
        move_clock(table, time_ms);
        if (table->sweep != SWEEP_NONE) {
            return ADDED_NOT;
        }
    }
    time_ms = time_ms > table->floor_ms ? time_ms : table->floor_ms;
    uint32_t index = find(table, key, from);
    if (index == NONE) {
        if (table->open_count >= table->flows_max) {
            table->overflows++;
            flowtable_cut(table);
            return ADDED_NOT;
        }
        if (!open_entry(table, key, from, &index, err)) {
            return ADDED_FAILED;
        }
    } else {
        struct flow_entry *entry = &table->entries[index];
        bool was_idle;
        if (!flow_entry_takes(entry, time_ms, table->idle_ms, table->active_ms, &was_idle) ||
            entry->packets[key->way] == UINT32_MAX) {
            if (table->retired_count == RETIRED_MAX) {
                return ADDED_NOT;
            }
            retire(table, entry);
            flow_entry_begin(entry, !was_idle);
        }
    }
    flow_entry_add(&table->entries[index], key->way, time_ms, &from->packet);
    table->clock_ms = time_ms > table->clock_ms ? time_ms : table->clock_ms;
    return ADDED;
}

/* Keys, then slots, then entries: each pass fetches what the next one reads. */
static void prepare(const struct flowtable *table, const struct flow_packet *packets, size_t count,
                    struct key *keys) {
    for (size_t i = 0; i < count; i++) {
        make_key(table, &packets[i], &keys[i]);
        __builtin_prefetch(&table->slots.slots[flow_slots_home(&table->slots, keys[i].hash)]);
    }
    for (size_t i = 0; i < count; i++) {
        keys[i].guess = guess(&table->slots, keys[i].hash);
        if (keys[i].guess != NONE) {
            __builtin_prefetch(&table->entries[keys[i].guess], 1);
        }
    }
}

bool flowtable_add(struct flowtable *table, const struct flow_packet *packets, size_t count,
                   size_t *taken, struct error *err) {
    struct key keys[BURST];
    *taken = 0;
    while (*taken < count && !has_ended_flows(table)) {
        size_t size = count - *taken < BURST ? count - *taken : BURST;
        prepare(table, packets + *taken, size, keys);
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
    while (table->sweep_at != NONE) {
        uint32_t index = table->sweep_at;
        const struct flow_entry *entry = &table->entries[index];
        table->sweep_at = entry->next;
        if (table->sweep == SWEEP_IDLE && flow_entry_last_ms(entry) > table->sweep_until_ms) {
            table->sweep_before = index;
            continue;
        }
        give(table, entry, out);
        close_entry(table, index, table->sweep_before, table->sweep != SWEEP_CLEARED);
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
    return table->open_count + table->retired_count;
}

uint64_t flowtable_overflows(const struct flowtable *table) {
    return table->overflows;
}
