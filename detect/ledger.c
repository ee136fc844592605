/* SPDX-License-Identifier: Apache-2.0 */
/* Windows and days of the ledger: what a node's contacts come to, and what a day leaves behind. */
#include "detect/ledger_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool ledger_init(struct ledger *ledger, const struct ledger_params *params, struct error *err) {
    *ledger = (struct ledger){ .params = *params, .start_ms = -1, .end_ms = -1 };
    ledger_budget_init(&ledger->budget);
    return ledger_params_check(params, err);
}

void ledger_done(struct ledger *ledger) {
    for (uint32_t i = 0; i < ledger->node_capacity; i++) {
        free(ledger->nodes[i].list);
    }
    free(ledger->nodes);
    *ledger = (struct ledger){ 0 };
}

bool ledger_reserve(struct ledger *ledger, uint32_t node, struct error *err) {
    if (node < ledger->node_capacity) {
        return true;
    }
    uint32_t capacity = node + node / 2 + 64;
    struct ledger_node *nodes = realloc(ledger->nodes, capacity * sizeof *nodes);
    if (nodes == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the ledgers of %u nodes", capacity);
    }
    ledger->nodes = nodes;
    for (uint32_t i = ledger->node_capacity; i < capacity; i++) {
        nodes[i] = (struct ledger_node){ 0 };
        ledger_limits(ledger, &nodes[i]);
    }
    ledger->node_capacity = capacity;
    return true;
}

/* --- days ------------------------------------------------------------------------------------- */

void ledger_limits(const struct ledger *ledger, struct ledger_node *node) {
    for (uint32_t m = 0; m < LEDGER_MEASURE_COUNT; m++) {
        node->limits[m] = ledger_limit_of(&ledger->params, (enum ledger_measure)m, &node->own[m],
                                          &ledger->budget.used.levels[m]);
    }
}

static void all_limits(struct ledger *ledger) {
    for (uint32_t i = 0; i < ledger->node_capacity; i++) {
        ledger_limits(ledger, &ledger->nodes[i]);
    }
}

/* The node's day goes to where it belongs. */
static void end_day(struct ledger *ledger, struct ledger_node *node) {
    for (uint32_t m = 0; m < LEDGER_MEASURE_COUNT; m++) {
        struct ledger_tally day =
            ledger_tally_of_day(&ledger->params.limits[m], node->seen_ms, node->most[m]);
        if (node->fired != 0) {
            ledger_tally_add(&node->held[m], &day);
        } else {
            ledger_share_count(&node->own[m], &day);
            ledger_levels_count(&ledger->budget.today.levels[m], &day);
        }
        node->most[m] = 0;
    }
    node->seen_ms = 0;
    node->fired = 0;
}

static void fade_node(const struct ledger *ledger, struct ledger_node *node, int64_t days) {
    for (uint32_t m = 0; m < LEDGER_MEASURE_COUNT; m++) {
        ledger_share_fade(&node->own[m], days, ledger->params.memory_days);
        ledger_tally_fade(&node->held[m], days, ledger->params.memory_days);
    }
}

/* Days between today and `day` in which there was no window at all only fade. */
static void end_days(struct ledger *ledger, int64_t day) {
    struct ledger_budget *budget = &ledger->budget;
    int64_t days = day - budget->today.day;
    int64_t now_s = ledger->start_ms / 1000;
    for (uint32_t i = 0; i < ledger->node_capacity; i++) {
        struct ledger_node *node = &ledger->nodes[i];
        fade_node(ledger, node, 1);
        end_day(ledger, node);
        fade_node(ledger, node, days - 1);
        memset(node->read, 0, sizeof node->read);
        if (node->list != NULL) {
            ledger_list_fade(node->list, days, now_s, ledger->params.memory_days);
        }
    }
    budget->ended = budget->today;
    budget->today = (struct ledger_sums){ .day = day };
}

void ledger_begin(struct ledger *ledger, int64_t start_ms, int64_t end_ms) {
    assert(start_ms >= 0 && end_ms > start_ms);
    struct ledger_budget *budget = &ledger->budget;
    int64_t day = start_ms / LEDGER_DAY_MS;
    ledger->start_ms = start_ms;
    ledger->end_ms = end_ms;
    if (budget->born_ms < 0) {
        budget->born_ms = start_ms;
        budget->today.day = day;
    }
    bool is_changed = ledger_budget_use(budget, &ledger->params, start_ms);
    if (day > budget->today.day) {
        end_days(ledger, day);
        (void)ledger_budget_use(budget, &ledger->params, start_ms); /* after a gap at once */
        is_changed = true;
    }
    if (is_changed) {
        all_limits(ledger);
    }
}

const struct ledger_sums *ledger_get_sums(const struct ledger *ledger) {
    return &ledger->budget.ended;
}

bool ledger_put_sums(struct ledger *ledger, const struct ledger_sums *sums, struct error *err) {
    if (sums->day < 0 || sums->day != ledger->budget.ended.day) {
        return error_set(err, ERROR_ARGUMENT, "ledger: no day %lld waits for sums",
                         (long long)sums->day);
    }
    ledger->budget.ended = *sums;
    return true;
}

/* --- contacts --------------------------------------------------------------------------------- */

static int compare_groups(const void *a, const void *b) {
    const struct ledger_contact *one = a;
    const struct ledger_contact *other = b;
    if (one->group != other->group) {
        return one->group < other->group ? -1 : 1;
    }
    if (one->bytes_out != other->bytes_out) {
        return one->bytes_out > other->bytes_out ? -1 : 1;
    }
    return one->port - other->port;
}

static int compare_contacts(const void *a, const void *b) {
    const struct ledger_contact *one = a;
    const struct ledger_contact *other = b;
    if (one->bytes_out != other->bytes_out) {
        return one->bytes_out > other->bytes_out ? -1 : 1;
    }
    int order = address_compare(one->peer, other->peer);
    return order != 0 ? order : (one->group > other->group) - (one->group < other->group);
}

/* The rare ones, one a group with the port that got most, in the order of the list. */
static uint32_t prepare(struct ledger_contact *contacts, uint32_t count) {
    uint32_t rare = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (contacts[i].is_rare) {
            contacts[rare++] = contacts[i];
        }
    }
    if (rare < 2) {
        return rare;
    }
    qsort(contacts, rare, sizeof *contacts, compare_groups);
    uint32_t kept = 0;
    for (uint32_t i = 1; i < rare; i++) {
        struct ledger_contact *into = &contacts[kept];
        if (contacts[i].group != into->group) {
            contacts[++kept] = contacts[i];
            continue;
        }
        into->bytes_out = ledger_sum(into->bytes_out, contacts[i].bytes_out);
        into->bytes_in = ledger_sum(into->bytes_in, contacts[i].bytes_in);
        if (address_compare(contacts[i].peer, into->peer) < 0) {
            into->peer = contacts[i].peer;
        }
    }
    qsort(contacts, kept + 1, sizeof *contacts, compare_contacts);
    return kept + 1;
}

/* --- readings --------------------------------------------------------------------------------- */

static bool is_upload(const struct ledger_entry *entry) {
    return entry->bytes_out / 2 >= entry->bytes_in && entry->bytes_out > 2 * entry->bytes_in;
}

static bool has_more(const struct ledger_entry *a, const struct ledger_entry *b) {
    if (is_upload(a) != is_upload(b)) {
        return is_upload(a);
    }
    return a->bytes_out > b->bytes_out;
}

static uint8_t index_of(const struct ledger_list *list, const struct ledger_entry *entry) {
    return entry == NULL ? LEDGER_NONE : (uint8_t)(entry - list->entries);
}

static const struct ledger_entry *more_of(const struct ledger_entry *best,
                                          const struct ledger_entry *entry) {
    return best == NULL || has_more(entry, best) ? entry : best;
}

static void read_list(const struct ledger *ledger, const struct ledger_list *list,
                      struct ledger_reading *out) {
    int64_t now_s = ledger->start_ms / 1000;
    const struct ledger_entry *most = NULL;
    const struct ledger_entry *drip = NULL;
    const struct ledger_entry *longest = NULL;
    for (uint32_t i = 0; i < list->entry_count; i++) {
        const struct ledger_entry *entry = &list->entries[i];
        if (ledger_last_s(entry) != now_s) {
            continue;
        }
        if (!ledger_is_old_news(entry)) {
            most = more_of(most, entry);
            if (entry->minutes >= ledger->params.long_minutes && is_upload(entry)) {
                drip = more_of(drip, entry);
            }
        }
        /* What got much is the other measures' to judge, and what they said is said. */
        bool is_little = (double)entry->bytes_out < ledger->params.little_bytes;
        bool is_told = entry->said > 0 && !entry->is_fired;
        if (is_little && !is_told && (longest == NULL || entry->minutes > longest->minutes)) {
            longest = entry;
        }
    }
    if (most != NULL) {
        out->bytes_out = (double)most->bytes_out;
        out->bytes_in = (double)most->bytes_in;
    }
    out->long_out = drip != NULL ? (double)drip->bytes_out : 0;
    out->minutes = longest != NULL ? longest->minutes : 0;
    out->bytes_index = index_of(list, most);
    out->long_index = index_of(list, drip);
    out->minutes_index = index_of(list, longest);
}

/* The upload that got most in this window, of those that are kept and are news. */
static void read_rate(const struct ledger *ledger, const struct ledger_list *list,
                      const struct ledger_contact *contacts, uint32_t count,
                      struct ledger_reading *out) {
    double minutes = (double)(ledger->end_ms - ledger->start_ms) / 60000.0;
    for (uint32_t c = 0; c < count && out->rate_index == LEDGER_NONE; c++) {
        bool is_sent = contacts[c].bytes_out / 2 > contacts[c].bytes_in;
        for (uint32_t i = 0; is_sent && i < list->entry_count; i++) {
            const struct ledger_entry *entry = &list->entries[i];
            if (entry->group == contacts[c].group && !ledger_is_old_news(entry)) {
                out->rate = (double)contacts[c].bytes_out / minutes;
                out->rate_index = (uint8_t)i;
            }
        }
    }
}

static void raise(uint64_t *most, double value, double limit) {
    uint64_t whole = (uint64_t)(value < limit ? value : limit);
    *most = *most > whole ? *most : whole;
}

static void note_day(const struct ledger *ledger, struct ledger_node *node,
                     const struct ledger_reading *reading) {
    int64_t seen_ms = node->seen_ms + (ledger->end_ms - ledger->start_ms);
    node->seen_ms = (uint32_t)(seen_ms < LEDGER_DAY_MS ? seen_ms : LEDGER_DAY_MS);
    double values[LEDGER_MEASURE_COUNT] = {
        [LEDGER_BYTES] = reading->bytes_out > 2 * reading->bytes_in ? reading->bytes_out : 0,
        [LEDGER_RATE] = reading->rate,
        [LEDGER_LONG] = reading->long_out,
        [LEDGER_MINUTES] = reading->minutes,
    };
    for (uint32_t m = 0; m < LEDGER_MEASURE_COUNT; m++) {
        raise(&node->most[m], values[m], node->limits[m].threshold);
        bool is_suspect = values[m] > node->limits[m].suspect;
        node->fired = (uint8_t)(node->fired | (unsigned)is_suspect << m);
    }
}

static void note_read(struct ledger_node *node, const struct ledger_reading *reading) {
    const uint8_t indices[LEDGER_MEASURE_COUNT] = {
        [LEDGER_BYTES] = reading->bytes_index,
        [LEDGER_RATE] = reading->rate_index,
        [LEDGER_LONG] = reading->long_index,
        [LEDGER_MINUTES] = reading->minutes_index,
    };
    for (uint32_t m = 0; m < LEDGER_MEASURE_COUNT; m++) {
        node->read[m] = indices[m] == LEDGER_NONE ? 0 : (uint8_t)(indices[m] + 1);
    }
}

bool ledger_take(struct ledger *ledger, uint32_t node, struct ledger_contact *contacts,
                 uint32_t count, struct ledger_reading *out, struct error *err) {
    assert(ledger->end_ms > ledger->start_ms);
    *out = (struct ledger_reading){ .bytes_index = LEDGER_NONE,
                                    .rate_index = LEDGER_NONE,
                                    .long_index = LEDGER_NONE,
                                    .minutes_index = LEDGER_NONE };
    if (!ledger_reserve(ledger, node, err)) {
        return false;
    }
    struct ledger_node *into = &ledger->nodes[node];
    uint32_t rare = prepare(contacts, count);
    if (rare > 0 && into->list == NULL) {
        into->list = calloc(1, sizeof *into->list);
        if (into->list == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for the rare peers of a node");
        }
    }
    if (rare > 0) {
        ledger_list_take(into->list, contacts, rare,
                         (struct ledger_span){ ledger->start_ms, ledger->end_ms },
                         ledger->params.admit_bytes_min);
        read_list(ledger, into->list, out);
        read_rate(ledger, into->list, contacts, rare, out);
    }
    note_read(into, out);
    int64_t age_ms = ledger->start_ms - ledger->budget.born_ms;
    bool is_started = age_ms >= LEDGER_START_MS;
    if (age_ms >= LEDGER_YOUNG_MS) {
        note_day(ledger, into, out);
    }
    memcpy(out->limits, into->limits, sizeof out->limits);
    for (uint32_t m = 0; m < LEDGER_MEASURE_COUNT && !is_started; m++) {
        out->limits[m].threshold = LEDGER_NEVER;
    }
    return true;
}

const struct ledger_entry *ledger_entry(const struct ledger *ledger, uint32_t node, uint8_t index) {
    const struct ledger_list *list = node < ledger->node_capacity ? ledger->nodes[node].list : NULL;
    return list != NULL && index < list->entry_count ? &list->entries[index] : NULL;
}

bool ledger_entry_is_beacon(const struct ledger_entry *entry) {
    return entry->gap_count >= 12 && entry->gap_deviation_s < 0.05f * entry->gap_mean_s &&
           entry->gap_mean_s >= 20 && entry->gap_mean_s <= 7200 &&
           ledger_entry_last_ms(entry) - ledger_entry_first_ms(entry) >= 1800000;
}

/* --- what is said of a node ------------------------------------------------------------------- */

void ledger_fired(struct ledger *ledger, uint32_t node, enum ledger_measure measure) {
    if (node >= ledger->node_capacity) {
        return;
    }
    struct ledger_node *fired = &ledger->nodes[node];
    fired->fired = (uint8_t)(fired->fired | 1u << measure);
    if (fired->read[measure] > 0) {
        fired->list->entries[fired->read[measure] - 1].is_fired = true;
    }
}

void ledger_acquit(struct ledger *ledger, uint32_t node) {
    if (node >= ledger->node_capacity) {
        return;
    }
    struct ledger_node *acquitted = &ledger->nodes[node];
    acquitted->fired = 0;
    for (uint32_t i = 0; acquitted->list != NULL && i < acquitted->list->entry_count; i++) {
        ledger_say(&acquitted->list->entries[i]);
    }
    for (uint32_t m = 0; m < LEDGER_MEASURE_COUNT; m++) {
        ledger_share_count(&acquitted->own[m], &acquitted->held[m]);
        ledger_levels_count(&ledger->budget.today.levels[m], &acquitted->held[m]);
        acquitted->held[m] = (struct ledger_tally){ 0 };
    }
    ledger_limits(ledger, acquitted);
}

void ledger_forget(struct ledger *ledger, uint32_t node) {
    if (node >= ledger->node_capacity) {
        return;
    }
    struct ledger_node *forgotten = &ledger->nodes[node];
    end_day(ledger, forgotten);
    free(forgotten->list);
    *forgotten = (struct ledger_node){ 0 };
    ledger_limits(ledger, forgotten);
}

uint64_t ledger_node_bytes(const struct ledger *ledger, uint32_t node) {
    if (node >= ledger->node_capacity) {
        return 0;
    }
    const struct ledger_node *of = &ledger->nodes[node];
    return sizeof *of + (of->list != NULL ? sizeof *of->list : 0);
}
