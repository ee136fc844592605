/* SPDX-License-Identifier: Apache-2.0 */
/* Each kind has its own chance, seeded by its number. An event is placed by trial: node and time
 * are drawn until both suit, some hundred times at most. */
#include "tests/gen/gen_plan.h"

#include "tests/gen/gen_churn.h"
#include "tests/gen/gen_life.h"

#define TRIALS 200u
#define APART_S (12u * 3600)
#define DAY_S UINT64_C(86400)
#define WEEK_S (7 * DAY_S)

static const char *const part_names[GEN_PART_COUNT] = {
    "roles",      "scaling",     "churn",     "backups",   "weekly", "deploys", "crowds", "retries",
    "dns_storms", "newsletters", "failovers", "downloads", "moves",  "gaps",    "late",
};

bool gen_plan_parse_parts(const char *text, uint32_t *out, struct error *err) {
    *out = 0;
    if (strcmp(text, "all") == 0 || strcmp(text, "none") == 0) {
        *out = text[0] == 'a' ? GEN_PARTS_ALL : 0;
        return true;
    }
    for (const char *word = text; word != NULL;) {
        const char *comma = strchr(word, ',');
        size_t size = comma != NULL ? (size_t)(comma - word) : strlen(word);
        uint32_t part = 0;
        while (part < GEN_PART_COUNT &&
               (strlen(part_names[part]) != size || memcmp(part_names[part], word, size) != 0)) {
            part++;
        }
        if (part == GEN_PART_COUNT) {
            return error_set(err, ERROR_ARGUMENT, "no part of benign life is called \"%.*s\"",
                             (int)(size < 40 ? size : 40), word);
        }
        *out |= GEN_PART_BIT(part);
        word = comma != NULL ? comma + 1 : NULL;
    }
    return true;
}

/* The kinds that a text names as bits; 0: it names something else. */
static uint64_t parse_kinds(const char *text) {
    if (strcmp(text, "all") == 0) {
        return (UINT64_C(1) << GEN_EVENT_ATTACK_COUNT) - 1;
    }
    uint64_t kinds = 0;
    for (const char *word = text; word != NULL;) {
        const char *comma = strchr(word, ',');
        size_t size = comma != NULL ? (size_t)(comma - word) : strlen(word);
        enum gen_event_kind kind;
        if (!gen_event_parse_kind(word, size, &kind) || kind >= GEN_EVENT_ATTACK_COUNT) {
            return 0;
        }
        kinds |= UINT64_C(1) << kind;
        word = comma != NULL ? comma + 1 : NULL;
    }
    return kinds;
}

bool gen_plan_is_kinds(const char *text) {
    return parse_kinds(text) != 0;
}

static double log_between(struct gen_rng *rng, double least, double most) {
    return least * gen_exp2(gen_rng_unit(rng) * gen_log2(most / least));
}

/* Whether somebody of the kind's roles is in that place for the whole of the event. */
static bool node_suits(const struct gen_plan *plan, const struct gen_event *event, uint32_t node) {
    const struct gen_event_row *row = gen_event_row(event->kind);
    return (row->roles & GEN_ROLE_BIT(plan->fleet->nodes[node].role)) &&
           gen_life_covers(plan->fleet, node, event->start_s, event->start_s + event->duration_s);
}

static bool has_node(const struct gen_event *event, uint32_t node) {
    for (uint32_t i = 0; i <= event->more_count; i++) {
        if (gen_event_node(event, i) == node) {
            return true;
        }
    }
    return false;
}

/* No attack on any of its nodes within twelve hours before or behind another. */
static bool is_apart(const struct gen_plan *plan, const struct gen_event *event) {
    for (uint32_t i = 0; i < plan->events->count; i++) {
        const struct gen_event *other = &plan->events->rows[i];
        bool is_near = event->start_s < other->start_s + other->duration_s + APART_S &&
                       other->start_s < event->start_s + event->duration_s + APART_S;
        if (other->kind >= GEN_EVENT_ATTACK_COUNT || !is_near) {
            continue;
        }
        for (uint32_t k = 0; k <= event->more_count; k++) {
            if (has_node(other, gen_event_node(event, k))) {
                return false;
            }
        }
    }
    return true;
}

/* The further nodes of an event: of the first one's role where the kind has several roles. */
static bool add_nodes(const struct gen_plan *plan, struct gen_event *event, struct gen_rng *rng) {
    const struct gen_event_row *row = gen_event_row(event->kind);
    uint32_t wanted = row->nodes_min + gen_rng_below(rng, row->nodes_max - row->nodes_min + 1);
    for (uint32_t trial = 0; trial < TRIALS && event->more_count + 1 < wanted; trial++) {
        uint32_t node = gen_rng_below(rng, plan->fleet->node_count);
        bool is_kin = event->kind == GEN_EVENT_CARPET ||
                      plan->fleet->nodes[node].role == plan->fleet->nodes[event->node].role;
        if (is_kin && node_suits(plan, event, node) && !has_node(event, node)) {
            event->more[event->more_count++] = node;
        }
    }
    return event->more_count + 1 >= (row->nodes_min < 2 ? 1 : 2);
}

/* Draws an event's length, time and height; false when the run has no room for it. */
static bool draw_event(const struct gen_plan *plan, struct gen_event *event, uint64_t first_s,
                       struct gen_rng *rng) {
    const struct gen_event_row *row = gen_event_row(event->kind);
    uint32_t minutes =
        row->minutes_min + gen_rng_below(rng, row->minutes_max - row->minutes_min + 1);
    event->duration_s = minutes * 60;
    if (first_s + event->duration_s + 60 > plan->end_s) {
        return false;
    }
    uint32_t room = (uint32_t)((plan->end_s - event->duration_s - first_s) / 60);
    event->start_s = first_s + (uint64_t)gen_rng_below(rng, room) * 60;
    if (row->hour_last > 0) {
        uint32_t hour = row->hour_first + gen_rng_below(rng, row->hour_last - row->hour_first + 1);
        event->start_s = event->start_s / DAY_S * DAY_S + hour * UINT64_C(3600) +
                         gen_rng_below(rng, 60) * UINT64_C(60);
    }
    event->fold = log_between(rng, row->fold_min, row->fold_max);
    if (row->gap_max_s > 0) {
        event->gap_s = (uint32_t)log_between(rng, row->gap_min_s, row->gap_max_s);
    }
    event->node = gen_rng_below(rng, plan->fleet->node_count);
    event->more_count = 0;
    return event->start_s >= first_s && event->start_s + event->duration_s <= plan->end_s;
}

/* An attack while the node's own backup runs: moves the drawn one to a backup. */
static bool move_to_backup(const struct gen_plan *plan, struct gen_event *event, uint64_t first_s,
                           struct gen_rng *rng) {
    const struct gen_events *events = plan->events;
    if (events->count == 0) {
        return false;
    }
    const struct gen_event *backup = &events->rows[gen_rng_below(rng, events->count)];
    event->node = backup->node;
    event->start_s = backup->start_s + 120;
    return backup->kind == GEN_EVENT_BACKUP && event->start_s >= first_s &&
           event->start_s + event->duration_s <= plan->end_s;
}

/* The same for the first hours of an instance's life. */
static bool move_to_birth(const struct gen_plan *plan, struct gen_event *event, uint64_t first_s,
                          struct gen_rng *rng) {
    struct gen_life life;
    uint64_t day_s = event->start_s / DAY_S * DAY_S;
    if (!plan->fleet->nodes[event->node].is_scaled ||
        !gen_life_of_day(plan->fleet, event->node, day_s, &life)) {
        return false;
    }
    event->start_s = life.birth_s + (60 + gen_rng_below(rng, 240)) * UINT64_C(60);
    return event->start_s >= first_s && event->start_s + event->duration_s <= plan->end_s;
}

/* Draws until an event finds its place; false: it finds none. */
static bool place(const struct gen_plan *plan, struct gen_event *event, uint64_t first_s,
                  struct gen_rng *rng) {
    bool is_attack = event->kind < GEN_EVENT_ATTACK_COUNT;
    for (uint32_t trial = 0; trial < TRIALS; trial++) {
        bool is_drawn = draw_event(plan, event, first_s, rng);
        if (event->kind == GEN_EVENT_EXFIL_BACKUP_HOUR) {
            is_drawn = is_drawn && move_to_backup(plan, event, first_s, rng);
        } else if (event->kind == GEN_EVENT_EXFIL_YOUNG) {
            is_drawn = is_drawn && move_to_birth(plan, event, first_s, rng);
        }
        if (is_drawn && node_suits(plan, event, event->node) && add_nodes(plan, event, rng) &&
            (!is_attack || is_apart(plan, event))) {
            return true;
        }
    }
    return false;
}

bool gen_plan_attacks(const struct gen_plan *plan, const char *text, struct error *err) {
    uint64_t kinds = parse_kinds(text);
    uint32_t kind_count = (uint32_t)__builtin_popcountll(kinds);
    uint32_t per_kind = plan->options.attacks_per_kind;
    double weeks = (double)(plan->end_s - plan->start_s) / (double)WEEK_S;
    double wanted = per_kind > 0 ? (double)per_kind * kind_count
                                 : plan->options.attacks_a_week * weeks * plan->fleet->node_count;
    uint32_t rounds = (uint32_t)(wanted / kind_count + 0.999);
    uint32_t left = (uint32_t)(wanted + 0.5);
    uint64_t first_s = plan->start_s + plan->options.quiet_s / 60 * 60;
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t kind = 0; kind < GEN_EVENT_ATTACK_COUNT && left > 0; kind++) {
            if (!(kinds >> kind & 1)) {
                continue;
            }
            left--;
            struct gen_rng rng;
            gen_rng_init(&rng, gen_hash(plan->fleet->seed, 0xa77ac, (uint64_t)kind << 32 | round));
            struct gen_event event = { .kind = (enum gen_event_kind)kind };
            if (place(plan, &event, first_s, &rng) &&
                !gen_events_append(plan->events, &event, err)) {
                return false;
            }
        }
    }
    return true;
}

/* Nightly and weekly jobs of the nodes that the seed gives some. */
static bool plan_jobs(const struct gen_plan *plan, struct error *err) {
    const struct gen_fleet *fleet = plan->fleet;
    uint32_t days = (uint32_t)((plan->end_s - plan->start_s) / DAY_S);
    bool has_backups = plan->options.parts & GEN_PART_BIT(GEN_PART_BACKUPS);
    bool has_weekly = plan->options.parts & GEN_PART_BIT(GEN_PART_WEEKLY);
    for (uint32_t i = 0; i < fleet->node_count; i++) {
        uint64_t hash = gen_hash(fleet->seed, 0x10b5, i);
        struct gen_job job = { .node = i, .every_days = 1 };
        uint32_t role = GEN_ROLE_BIT(fleet->nodes[i].role);
        if (fleet->nodes[i].is_scaled) {
            continue;
        }
        uint32_t percent = (uint32_t)(hash % 100);
        job.kind = percent < 30 ? GEN_EVENT_BACKUP : GEN_EVENT_BACKUP_NEW;
        /* The job to a new host is set up on some day. */
        job.first_day = percent < 30 ? 0 : (uint32_t)((hash >> 16) % (days + 1));
        if (has_backups && percent < 36 && (gen_event_row(job.kind)->roles & role) &&
            !gen_events_plan_job(plan->events, fleet, &job, plan->start_s, plan->end_s, err)) {
            return false;
        }
        job = (struct gen_job){ .kind = GEN_EVENT_WEEKLY_JOB,
                                .node = i,
                                .every_days = 7,
                                .first_day = (uint32_t)((hash >> 32) % 7) };
        if (has_weekly && (hash >> 40) % 100 < 12 && (gen_event_row(job.kind)->roles & role) &&
            !gen_events_plan_job(plan->events, fleet, &job, plan->start_s, plan->end_s, err)) {
            return false;
        }
    }
    return true;
}

/* How many events of a kind a run expects. */
static double expected(const struct gen_plan *plan, enum gen_event_kind kind) {
    const struct gen_event_row *row = gen_event_row(kind);
    double sum = 0;
    for (uint32_t i = 0; i < plan->fleet->node_count; i++) {
        bool is_one = row->roles & GEN_ROLE_BIT(plan->fleet->nodes[i].role);
        /* One new peer in eight is given much. */
        double a_week = kind == GEN_EVENT_UPLOAD
                            ? 7 * gen_churn_rate(plan->fleet, i, plan->options.churn_a_day) / 8
                            : row->a_week;
        sum += is_one ? a_week : 0;
    }
    return sum * (double)(plan->end_s - plan->start_s) / (double)WEEK_S;
}

bool gen_plan_benign(const struct gen_plan *plan, struct error *err) {
    if (!plan_jobs(plan, err)) {
        return false;
    }
    for (uint32_t number = GEN_EVENT_ATTACK_COUNT; number < GEN_EVENT_KIND_COUNT; number++) {
        enum gen_event_kind kind = (enum gen_event_kind)number;
        uint32_t part = 0;
        struct error unused;
        if (!gen_plan_parse_parts(gen_event_row(kind)->part, &part, &unused) ||
            !(part & plan->options.parts)) {
            continue;
        }
        struct gen_rng rng;
        gen_rng_init(&rng, gen_hash(plan->fleet->seed, 0xbe9, number));
        uint32_t count = gen_rng_poisson(&rng, expected(plan, kind));
        for (uint32_t i = 0; i < count; i++) {
            struct gen_event event = { .kind = kind };
            if (place(plan, &event, plan->start_s, &rng) &&
                !gen_events_append(plan->events, &event, err)) {
                return false;
            }
        }
    }
    return true;
}
