/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/ledger_budget.h"

#include "detect/bits.h"
#include "detect/fleet.h"
#include "flow/batch.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define HOUR_MS (INT64_C(3600) * 1000)
#define LN_2 0.6931471805599453
#define LN_4 1.3862943611198906
#define THRESHOLD_MAX 1e18 /* beyond all bytes that a counter was ever seen to hold */
#define RATIO_MIN 1e-9
#define UNIT (1.0 / (double)LEDGER_UNIT)

void ledger_params_init(struct ledger_params *params) {
    *params = (struct ledger_params){
        .limits = { [LEDGER_BYTES] = { .b0 = 1e6, .a0 = 0.8, .alpha = 0.01, .floor = 5e6 },
                    [LEDGER_RATE] = { .b0 = 1e6, .a0 = 1.2, .alpha = 0.005, .floor = 5e6 },
                    [LEDGER_LONG] = { .b0 = 1e6, .a0 = 0.8, .alpha = 0.003, .floor = 5e6 },
                    [LEDGER_MINUTES] = { .b0 = 30, .a0 = 1.2, .alpha = 0.003, .floor = 60 } },
        .days_prior = 5,
        .tail_prior = 10,
        .level_days = 10,
        .level_rate = 5,
        .suspect = 10,
        .long_minutes = 10,
        .little_bytes = 20e6,
        .memory_days = 32,
        .admit_bytes_min = 10000,
    };
}

static bool check_bounds(const char *name, double value, double least, double most,
                         struct error *err) {
    if (value >= least && value <= most) {
        return true;
    }
    return error_set(err, ERROR_ARGUMENT, "ledger: %s is %g, not between %g and %g", name, value,
                     least, most);
}

bool ledger_params_check(const struct ledger_params *params, struct error *err) {
    for (uint32_t m = 0; m < LEDGER_MEASURE_COUNT; m++) {
        const struct ledger_limit_params *limit = &params->limits[m];
        if (!check_bounds("b0", limit->b0, 1, 1e15, err) ||
            !check_bounds("a0", limit->a0, 0.01, 100, err) ||
            !check_bounds("alpha", limit->alpha, 1e-9, 1, err) ||
            !check_bounds("the floor", limit->floor, 0, 1e15, err)) {
            return false;
        }
    }
    return check_bounds("days_prior", params->days_prior, 0.01, 1e6, err) &&
           check_bounds("tail_prior", params->tail_prior, 0.01, 1e6, err) &&
           check_bounds("level_days", params->level_days, 1, 1e9, err) &&
           check_bounds("level_rate", params->level_rate, 1, 1e9, err) &&
           check_bounds("long_minutes", params->long_minutes, 1, 65535, err) &&
           check_bounds("suspect", params->suspect, 1e-9, 1e9, err) &&
           check_bounds("little_bytes", params->little_bytes, 0, 1e15, err) &&
           check_bounds("memory_days", params->memory_days, 2, 3650, err);
}

/* --- sums ------------------------------------------------------------------------------------ */

/* Sums that stay at a maximum commute as sums do. */
static uint64_t add(uint64_t a, uint64_t b) {
    return b > LEDGER_TALLY_MAX - a ? LEDGER_TALLY_MAX : a + b;
}

void ledger_tally_add(struct ledger_tally *tally, const struct ledger_tally *more) {
    tally->days = add(tally->days, more->days);
    tally->exceeded = add(tally->exceeded, more->exceeded);
    tally->logs = add(tally->logs, more->logs);
}

void ledger_levels_add(struct ledger_levels *levels, const struct ledger_levels *more) {
    levels->days = add(levels->days, more->days);
    for (uint32_t j = 0; j < LEDGER_LEVELS; j++) {
        levels->exceeded[j] = add(levels->exceeded[j], more->exceeded[j]);
        levels->logs[j] = add(levels->logs[j], more->logs[j]);
    }
}

/* What is left of the logarithms above level j; 0: the level was not exceeded. */
static uint64_t logs_above(const struct ledger_tally *tally, uint32_t j) {
    double below = (double)tally->exceeded * (LN_4 * j);
    return (double)tally->logs > below ? tally->logs - (uint64_t)below : 0;
}

void ledger_levels_count(struct ledger_levels *levels, const struct ledger_tally *tally) {
    levels->days = add(levels->days, tally->days);
    for (uint32_t j = 0; j < LEDGER_LEVELS && tally->exceeded > 0; j++) {
        uint64_t logs = logs_above(tally, j);
        if (logs == 0 && j > 0) {
            break;
        }
        levels->exceeded[j] = add(levels->exceeded[j], tally->exceeded);
        levels->logs[j] = add(levels->logs[j], logs);
    }
}

static uint32_t add_32(uint32_t a, uint64_t b) {
    return b > UINT32_MAX - a ? UINT32_MAX : a + (uint32_t)b;
}

void ledger_share_count(struct ledger_share *share, const struct ledger_tally *tally) {
    share->days = add_32(share->days, tally->days);
    for (uint32_t j = 0; j < LEDGER_LEVELS && tally->exceeded > 0; j++) {
        if (logs_above(tally, j) == 0 && j > 0) {
            break;
        }
        share->exceeded[j] = add_32(share->exceeded[j], tally->exceeded);
    }
}

/* Rounded so that nothing stays for ever, which also bounds the loop below: 32 days take all of a
 * full tally within 480 rounds. */
static uint64_t fade(uint64_t value, uint32_t memory_days) {
    return value - value / memory_days - (value % memory_days != 0);
}

void ledger_tally_fade(struct ledger_tally *tally, int64_t days, uint32_t memory_days) {
    for (; days > 0 && (tally->days | tally->exceeded | tally->logs) != 0; days--) {
        tally->days = fade(tally->days, memory_days);
        tally->exceeded = fade(tally->exceeded, memory_days);
        tally->logs = fade(tally->logs, memory_days);
    }
}

void ledger_levels_fade(struct ledger_levels *levels, int64_t days, uint32_t memory_days) {
    for (; days > 0 && (levels->days | levels->exceeded[0] | levels->logs[0]) != 0; days--) {
        levels->days = fade(levels->days, memory_days);
        for (uint32_t j = 0; j < LEDGER_LEVELS; j++) {
            levels->exceeded[j] = fade(levels->exceeded[j], memory_days);
            levels->logs[j] = fade(levels->logs[j], memory_days);
        }
    }
}

void ledger_share_fade(struct ledger_share *share, int64_t days, uint32_t memory_days) {
    for (; days > 0 && (share->days | share->exceeded[0]) != 0; days--) {
        share->days = (uint32_t)fade(share->days, memory_days);
        for (uint32_t j = 0; j < LEDGER_LEVELS; j++) {
            share->exceeded[j] = (uint32_t)fade(share->exceeded[j], memory_days);
        }
    }
}

/* By the logarithm of bits.h, in float: its error is below a unit of a tally. */
static double log2_of(double ratio) {
    return ratio >= 1 ? (double)bits_of_value((float)(ratio - 1), 1.0f)
                      : -(double)bits_of_value((float)(1 / ratio - 1), 1.0f);
}

struct ledger_tally ledger_tally_of_day(const struct ledger_limit_params *params, uint32_t seen_ms,
                                        uint64_t most) {
    uint64_t seen = seen_ms < DAY_MS ? seen_ms : (uint64_t)DAY_MS;
    struct ledger_tally tally = { .days = seen * LEDGER_UNIT / (uint64_t)DAY_MS };
    if ((double)most > params->b0) {
        double log = LN_2 * log2_of((double)most / params->b0);
        tally.exceeded = LEDGER_UNIT;
        tally.logs = (uint64_t)(log * (double)LEDGER_UNIT + 0.5);
    }
    return tally;
}

/* Days above a level, a day, of a fleet and of a node. */
static double fleet_rate_of(const struct ledger_levels *fleet, uint32_t j) {
    return ((double)fleet->exceeded[j] * UNIT + 0.5) / ((double)fleet->days * UNIT + 1);
}

static double rate_of(const struct ledger_params *params, const struct ledger_share *node,
                      const struct ledger_levels *fleet, uint32_t j) {
    return ((double)node->exceeded[j] * UNIT + params->days_prior * fleet_rate_of(fleet, j)) /
           ((double)node->days * UNIT + params->days_prior);
}

static uint32_t level_of(const struct ledger_params *params, double alpha,
                         const struct ledger_levels *fleet) {
    uint32_t j = 0;
    while (j + 1 < LEDGER_LEVELS && (double)fleet->exceeded[j + 1] * UNIT >= params->level_days &&
           fleet_rate_of(fleet, j + 1) >= params->level_rate * alpha) {
        j++;
    }
    return j;
}

/* Values beyond the tail's end count as censored there: their logarithms up to it, not themselves.
 */
static double exponent_of(const struct ledger_params *params, double a0,
                          const struct ledger_levels *fleet, uint32_t j) {
    uint32_t end = j + LEDGER_TAIL_LEVELS;
    uint64_t exceeded = fleet->exceeded[j] - (end < LEDGER_LEVELS ? fleet->exceeded[end] : 0);
    uint64_t logs = fleet->logs[j] - (end < LEDGER_LEVELS ? fleet->logs[end] : 0);
    return (params->tail_prior + (double)exceeded * UNIT) /
           (params->tail_prior / a0 + (double)logs * UNIT);
}

/* What a node passes `alpha` times a day. */
static double threshold_of(const struct ledger_params *params,
                           const struct ledger_limit_params *limit, double alpha,
                           const struct ledger_share *node, const struct ledger_levels *fleet) {
    uint32_t j = level_of(params, alpha, fleet);
    double level = limit->b0 * (double)(UINT64_C(1) << 2 * j);
    double a = exponent_of(params, limit->a0, fleet, j);
    double ratio = rate_of(params, node, fleet, j) / alpha;
    double t = level * bits_exp2(log2_of(ratio > RATIO_MIN ? ratio : RATIO_MIN) / a);
    t = t > limit->floor ? t : limit->floor;
    return t < THRESHOLD_MAX ? t : THRESHOLD_MAX;
}

struct ledger_limit ledger_limit_of(const struct ledger_params *params, enum ledger_measure measure,
                                    const struct ledger_share *node,
                                    const struct ledger_levels *fleet) {
    const struct ledger_limit_params *limit = &params->limits[measure];
    return (struct ledger_limit){
        .threshold = threshold_of(params, limit, limit->alpha, node, fleet),
        .suspect = threshold_of(params, limit, params->suspect * limit->alpha, node, fleet),
        .rate = rate_of(params, node, fleet, 0),
    };
}

bool ledger_sums_add(struct ledger_sums *sums, const struct ledger_sums *more, struct error *err) {
    if (sums->day != more->day) {
        return error_set(err, ERROR_ARGUMENT, "ledger: sums of day %lld are not of day %lld",
                         (long long)more->day, (long long)sums->day);
    }
    for (uint32_t m = 0; m < LEDGER_MEASURE_COUNT; m++) {
        ledger_levels_add(&sums->levels[m], &more->levels[m]);
    }
    return true;
}

/* --- the fleet's days ------------------------------------------------------------------------- */

void ledger_budget_init(struct ledger_budget *budget) {
    *budget = (struct ledger_budget){
        .born_ms = -1, .today = { .day = -1 }, .ended = { .day = -1 }, .used = { .day = -1 }
    };
}

bool ledger_budget_use(struct ledger_budget *budget, const struct ledger_params *params,
                       int64_t now_ms) {
    struct ledger_sums *used = &budget->used;
    struct ledger_sums *ended = &budget->ended;
    if (ended->day < 0 || now_ms < (ended->day + 1) * DAY_MS + FLEET_LAG_HOURS * HOUR_MS) {
        return false;
    }
    for (uint32_t m = 0; m < LEDGER_MEASURE_COUNT; m++) {
        ledger_levels_fade(&used->levels[m], ended->day - used->day, params->memory_days);
        ledger_levels_add(&used->levels[m], &ended->levels[m]);
    }
    used->day = ended->day;
    *ended = (struct ledger_sums){ .day = -1 };
    return true;
}

/* --- bytes ------------------------------------------------------------------------------------ */

void ledger_sums_save(const struct ledger_sums *sums, struct buffer *out) {
    buffer_varint(out, (uint64_t)(sums->day + 1));
    for (uint32_t m = 0; m < LEDGER_MEASURE_COUNT; m++) {
        buffer_varint(out, sums->levels[m].days);
        for (uint32_t j = 0; j < LEDGER_LEVELS; j++) {
            buffer_varint(out, sums->levels[m].exceeded[j]);
            buffer_varint(out, sums->levels[m].logs[j]);
        }
    }
}

static bool get_levels(struct ledger_levels *levels, struct cursor *cursor) {
    uint64_t exceeded = LEDGER_TALLY_MAX;
    uint64_t logs = LEDGER_TALLY_MAX;
    bool is_sound = true;
    levels->days = cursor_varint(cursor);
    for (uint32_t j = 0; j < LEDGER_LEVELS; j++) {
        levels->exceeded[j] = cursor_varint(cursor);
        levels->logs[j] = cursor_varint(cursor);
        is_sound &= levels->exceeded[j] <= exceeded && levels->logs[j] <= logs;
        exceeded = levels->exceeded[j];
        logs = levels->logs[j];
    }
    return is_sound && levels->days <= LEDGER_TALLY_MAX;
}

void ledger_sums_load(struct ledger_sums *sums, struct cursor *cursor) {
    uint64_t day = cursor_varint(cursor);
    bool is_sound = day <= (uint64_t)(BATCH_TIME_MAX_MS / DAY_MS) + 2;
    uint64_t any = 0;
    for (uint32_t m = 0; m < LEDGER_MEASURE_COUNT; m++) {
        struct ledger_levels *levels = &sums->levels[m];
        is_sound &= get_levels(levels, cursor);
        any |= levels->days | levels->exceeded[0] | levels->logs[0];
    }
    cursor->failed |= !is_sound || (day == 0 && any != 0);
    sums->day = (int64_t)day - 1;
    if (cursor->failed) {
        *sums = (struct ledger_sums){ .day = -1 };
    }
}

void ledger_budget_save(const struct ledger_budget *budget, struct buffer *out) {
    buffer_varint(out, (uint64_t)(budget->born_ms + 1));
    ledger_sums_save(&budget->today, out);
    ledger_sums_save(&budget->ended, out);
    ledger_sums_save(&budget->used, out);
}

void ledger_budget_load(struct ledger_budget *budget, struct cursor *cursor) {
    uint64_t born = cursor_varint(cursor);
    ledger_sums_load(&budget->today, cursor);
    ledger_sums_load(&budget->ended, cursor);
    ledger_sums_load(&budget->used, cursor);
    bool is_sound = born <= (uint64_t)BATCH_TIME_MAX_MS + 1;
    budget->born_ms = is_sound ? (int64_t)born - 1 : -1;
    int64_t born_day = budget->born_ms < 0 ? -1 : budget->born_ms / DAY_MS;
    /* Days are of one life: first used, then ended, then today; each but today may be missing. */
    int64_t ended_day = budget->ended.day;
    int64_t used_day = budget->used.day;
    cursor->failed |=
        !is_sound || budget->today.day < born_day || (born == 0 && budget->today.day >= 0) ||
        (ended_day >= 0 && (ended_day < born_day || ended_day >= budget->today.day)) ||
        (used_day >= 0 && (used_day < born_day || used_day >= budget->today.day)) ||
        (used_day >= 0 && ended_day >= 0 && used_day >= ended_day);
    if (cursor->failed) {
        ledger_budget_init(budget);
    }
}
