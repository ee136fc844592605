/* SPDX-License-Identifier: Apache-2.0 */
/* What would four well-known methods find in the features that Weir measures? Reads what `weir
 * replay --features` writes and gives alerts as lines of JSON, which bench/eval.py scores like
 * Weir's own. Each method gives a feature of a node and minute a score, 1 being its usual limit:
 *
 * 3-sigma      how far above the mean of the last 24 hours, in thirds of three deviations
 * ewma         EWMA control chart, lambda 0.2, limits at 3 sigma (D. C. Montgomery, Introduction to
 *              Statistical Quality Control, "The Exponentially Weighted Moving Average Control
 *              Chart"); mean and sigma of the last 24 hours
 * holt-winters additive, a season of a day in minutes, alpha 0.1, beta 0.0035, gamma 0.1, bands of
 *              2 seasonal deviations (J. Brutlag, Aberrant Behavior Detection in Time Series for
 *              Network Monitoring, LISA 2000; the parameters are the example of rrdcreate(1))
 * limits       FastNetMon's: 20,000 packets, 1000 Mbit or 3,500 flows a second, each way
 *              (src/fastnetmon.conf of pavel-odintsov/fastnetmon: threshold_pps, _mbps, _flows)
 *
 * The first three see y = log2(1 + x / unit) of the 14 scored features, a deviation of at least a
 * quarter of a bit, and no node in its first day: what Weir's own baselines have, too. A feature
 * stands for a class; an alert needs the persistence of the rule of that class; an incident of a
 * node and direction lasts until it was quiet for 30 minutes and opens one alert a class. They
 * have no floors, side conditions or memory of records: that is what is compared.
 *
 * usage: peers [--peer NAME] [--sensitivity S,S,...] <features.csv
 * An alert is given where the score is above 1 / S. */
#include "base/time.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define DAY_MINUTES 1440
#define QUIET_MINUTES 30
#define DEVIATION_MIN 0.25
#define SENSITIVITIES_MAX 16
#define COLUMNS_MAX 64

/* --- what is looked at ---------------------------------------------------------------------- */

enum { IN, OUT };

struct channel {
    const char *column;
    const char *label; /* the class of an alert */
    int direction;
    double unit;
    int persistence; /* minutes, of the rule of that class */
};

enum { OUT_INIT, OUT_SERV, UNSOL, FEATURES = 14 };

static const struct channel features[FEATURES] = {
    [OUT_INIT] = { "out_init", "exfil.volume", OUT, 1e4, 3 },
    [OUT_SERV] = { "out_serv", "exfil.volume", OUT, 1e4, 5 },
    [UNSOL] = { "unsol", "dos.volume", IN, 1e4, 2 },
    { "req", "dos.volume", IN, 5, 5 },
    { "half", "dos.syn_flood", IN, 20, 2 },
    { "unrep", "dos.source", OUT, 50, 2 },
    { "ports", "scan", OUT, 2, 2 },
    { "adm", "scan", OUT, 5, 5 },
    { "smtp", "spam", OUT, 1, 3 },
    { "smtp_new", "spam", OUT, 1, 3 },
    { "dns_long", "exfil.dns", OUT, 500, 6 },
    { "newfail", "scan", OUT, 3, 3 },
    { "dns_long_h", "exfil.dns", OUT, 4000, 10 },
    { "newfail_h", "scan", OUT, 24, 10 },
};

/* The unit is the limit, a minute. */
static const struct channel limits[] = {
    { "in_packets", "dos.volume", IN, 20000.0 * 60, 1 },
    { "in_bytes", "dos.volume", IN, 1e9 / 8 * 60, 1 },
    { "in_flows", "dos.volume", IN, 3500.0 * 60, 1 },
    { "out_packets", "dos.source", OUT, 20000.0 * 60, 1 },
    { "out_bytes", "exfil.volume", OUT, 1e9 / 8 * 60, 1 },
    { "out_flows", "dos.source", OUT, 3500.0 * 60, 1 },
};
enum { LIMITS = sizeof limits / sizeof *limits };

/* --- what is known of a node ---------------------------------------------------------------- */

struct history {
    float day[DAY_MINUTES]; /* y by minute of the day; NaN: not seen */
    double sum, squares;
    int count;
    double average; /* of the chart */
};

struct seasonal {
    double level, trend;
    float season[DAY_MINUTES];
    float deviation[DAY_MINUTES];
};

struct incident {
    int64_t fired;   /* minute of the last firing */
    unsigned opened; /* channels of the alerts that it has */
    unsigned number;
};

struct latch {
    float charge;
    bool is_latched;
};

/* One peer at one sensitivity. */
struct watch {
    struct latch latches[FEATURES];
    struct incident incidents[2];
};

enum peer { SIGMA, EWMA, HOLT_WINTERS, ABSOLUTE, PEERS };
static const char *const peer_names[] = { "3-sigma", "ewma", "holt-winters", "limits" };

struct node {
    uint64_t hash; /* of its identity; 0: free */
    int64_t minute;
    struct history histories[FEATURES];
    struct seasonal *seasonals; /* [FEATURES], from its second day on */
    struct watch *watches;      /* [PEERS][sensitivity_count] */
};

struct run {
    bool is_asked[PEERS];
    double sensitivities[SENSITIVITIES_MAX];
    int sensitivity_count;
    int columns[COLUMNS_MAX]; /* of the CSV: index in `values`; -1: not needed */
    int column_count;
    struct node **nodes; /* by hash */
    size_t capacity;     /* a power of two */
    size_t count;
};

/* A row as it came. */
struct row {
    char *start, *node, *identity, *role;
    int64_t minute;
    int age_minutes;
    int quality;
    double values[FEATURES];
    double totals[LIMITS];
    double amplified;
};

static void fail(const char *what) {
    fprintf(stderr, "peers: %s\n", what);
    exit(2);
}

static void *take(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory == NULL) {
        fail("no memory");
    }
    return memory;
}

static struct node *node_new(const struct run *run, uint64_t hash, int64_t minute) {
    struct node *node = take(1, sizeof *node);
    node->hash = hash;
    node->minute = minute - 1;
    node->watches = take(PEERS * (size_t)run->sensitivity_count, sizeof *node->watches);
    for (int f = 0; f < FEATURES; f++) {
        for (int m = 0; m < DAY_MINUTES; m++) {
            node->histories[f].day[m] = NAN;
        }
    }
    return node;
}

static void put(struct run *run, struct node *node) {
    size_t i = node->hash & (run->capacity - 1);
    while (run->nodes[i] != NULL) {
        i = (i + 1) & (run->capacity - 1);
    }
    run->nodes[i] = node;
}

static struct node *node_of(struct run *run, const struct row *row) {
    uint64_t hash = XXH3_64bits(row->identity, strlen(row->identity));
    if (run->count * 2 >= run->capacity) {
        struct node **old = run->nodes;
        size_t old_capacity = run->capacity;
        run->capacity = old_capacity == 0 ? 256 : 2 * old_capacity;
        run->nodes = take(run->capacity, sizeof *run->nodes);
        for (size_t i = 0; i < old_capacity; i++) {
            if (old[i] != NULL) {
                put(run, old[i]);
            }
        }
        free(old);
    }
    for (size_t i = hash & (run->capacity - 1); run->nodes[i] != NULL;
         i = (i + 1) & (run->capacity - 1)) {
        if (run->nodes[i]->hash == hash) {
            return run->nodes[i];
        }
    }
    struct node *node = node_new(run, hash, row->minute);
    put(run, node);
    run->count++;
    return node;
}

/* --- the methods ---------------------------------------------------------------------------- */

static void history_drop(struct history *history, int slot) {
    double old = history->day[slot];
    if (!isnan(old)) {
        history->sum -= old;
        history->squares -= old * old;
        history->count--;
        history->day[slot] = NAN;
    }
}

static double history_mean(const struct history *history) {
    return history->count > 0 ? history->sum / history->count : 0;
}

static double history_deviation(const struct history *history) {
    double mean = history_mean(history);
    double variance = history->count > 1 ? history->squares / history->count - mean * mean : 0;
    return fmax(sqrt(fmax(variance, 0)), DEVIATION_MIN);
}

static double score_sigma(const struct history *history, double y) {
    return (y - history_mean(history)) / (3 * history_deviation(history));
}

static double score_ewma(const struct history *history, double y) {
    const double lambda = 0.2;
    double average = lambda * y + (1 - lambda) * history->average;
    double limit = 3 * history_deviation(history) * sqrt(lambda / (2 - lambda));
    return (average - history_mean(history)) / limit;
}

static void history_learn(struct history *history, int slot, double y) {
    const double lambda = 0.2;
    history->average = history->count == 0 ? y : lambda * y + (1 - lambda) * history->average;
    history->day[slot] = (float)y;
    y = history->day[slot]; /* as it is taken out again */
    history->sum += y;
    history->squares += y * y;
    history->count++;
}

/* The first day is the first season. */
static void seasonal_begin(struct seasonal *seasonal, const struct history *history) {
    seasonal->level = history_mean(history);
    for (int m = 0; m < DAY_MINUTES; m++) {
        double y = isnan(history->day[m]) ? seasonal->level : (double)history->day[m];
        seasonal->season[m] = (float)(y - seasonal->level);
        seasonal->deviation[m] = (float)history_deviation(history);
    }
}

static double score_holt_winters(struct seasonal *seasonal, int slot, double y) {
    const double alpha = 0.1, beta = 0.0035, gamma = 0.1;
    double old = seasonal->season[slot];
    double error = y - (seasonal->level + seasonal->trend + old);
    double score = error / (2 * fmax(seasonal->deviation[slot], DEVIATION_MIN));
    double level = alpha * (y - old) + (1 - alpha) * (seasonal->level + seasonal->trend);
    seasonal->trend = beta * (level - seasonal->level) + (1 - beta) * seasonal->trend;
    seasonal->level = level;
    seasonal->season[slot] = (float)(gamma * (y - level) + (1 - gamma) * old);
    seasonal->deviation[slot] =
        (float)(gamma * fabs(error) + (1 - gamma) * seasonal->deviation[slot]);
    return score;
}

/* --- alerts --------------------------------------------------------------------------------- */

/* As rules of Weir do it: each minute that holds adds 1 to a charge that leaks. */
static bool latch_step(struct latch *latch, int persistence, bool holds) {
    if (!holds && latch->charge <= 0.01f) { /* nothing is left of it */
        latch->charge = 0;
        return latch->is_latched = false;
    }
    double keep = 1 - 1 / fmax(persistence, 1.3);
    double need = persistence == 1 ? 0.9 : 0.93 * (1 - pow(keep, persistence)) / (1 - keep);
    latch->charge = (float)fmin(latch->charge * keep + holds, 1.5 * need);
    latch->is_latched = latch->is_latched ? latch->charge >= 0.3f : latch->charge >= need;
    return holds && latch->is_latched;
}

static void fire(const struct run *run, int peer, int sensitivity, struct watch *watch,
                 const struct channel *table, int channel, const struct row *row, double value) {
    const struct channel *it = &table[channel];
    struct incident *incident = &watch->incidents[it->direction];
    if (incident->number == 0 || row->minute - incident->fired > QUIET_MINUTES) {
        *incident = (struct incident){ .number = incident->number + 1 };
    }
    incident->fired = row->minute;
    bool is_amplified = table == features && channel == UNSOL && row->amplified > 0.5 * value;
    const char *label = is_amplified ? "dos.amplification" : it->label;
    unsigned bits = 0; /* all channels of the class */
    for (int i = 0; i < (table == features ? FEATURES : LIMITS); i++) {
        bits |= strcmp(table[i].label, it->label) == 0 ? 1u << i : 0;
    }
    if ((incident->opened & bits) != 0) {
        return;
    }
    incident->opened |= bits;
    char end[TIME_TEXT_SIZE];
    (void)time_format((row->minute + 1) * TIME_MINUTE_MS, NULL, end);
    printf(
        "{\"peer\":\"%s\",\"sensitivity\":%g,\"state\":\"open\",\"class\":\"%s\",\"rule\":\"%s\","
        "\"direction\":\"%s\",\"node\":\"%s\",\"identity\":\"%s\",\"role\":\"%s\","
        "\"window_end\":\"%s\",\"episode\":\"%s/%s/%u\",\"observed\":%.6g,"
        "\"recommended_action\":\"notify\"}\n",
        peer_names[peer], run->sensitivities[sensitivity], label, it->column,
        it->direction == IN ? "in" : "out", row->node, row->identity, row->role, end, row->identity,
        it->direction == IN ? "in" : "out", incident->number, value);
}

static void judge(const struct run *run, struct node *node, int peer, const struct channel *table,
                  int channel, const struct row *row, double value, double score) {
    for (int s = 0; s < run->sensitivity_count; s++) {
        struct watch *watch = &node->watches[peer * run->sensitivity_count + s];
        bool holds = score * run->sensitivities[s] > 1;
        if (latch_step(&watch->latches[channel], table[channel].persistence, holds)) {
            fire(run, peer, s, watch, table, channel, row, value);
        }
    }
}

static void judge_feature(const struct run *run, struct node *node, const struct row *row, int f) {
    struct history *history = &node->histories[f];
    int slot = (int)(row->minute % DAY_MINUTES);
    double x = row->values[f];
    double y = log2(1 + x / features[f].unit);
    bool is_grown = row->age_minutes >= DAY_MINUTES;
    if (is_grown && run->is_asked[SIGMA]) {
        judge(run, node, SIGMA, features, f, row, x, score_sigma(history, y));
    }
    if (is_grown && run->is_asked[EWMA]) {
        judge(run, node, EWMA, features, f, row, x, score_ewma(history, y));
    }
    if (is_grown && run->is_asked[HOLT_WINTERS]) {
        double score = score_holt_winters(&node->seasonals[f], slot, y);
        judge(run, node, HOLT_WINTERS, features, f, row, x, score);
    }
    history_learn(history, slot, y);
}

static void take_row(struct run *run, const struct row *row) {
    enum { OBSERVED = 1, SKIPPED = 2 }; /* of the column quality */
    struct node *node = node_of(run, row);
    int64_t first =
        row->minute - node->minute > DAY_MINUTES ? row->minute - DAY_MINUTES + 1 : node->minute + 1;
    for (int64_t m = first; m <= row->minute; m++) {
        for (int f = 0; f < FEATURES; f++) {
            history_drop(&node->histories[f], (int)(m % DAY_MINUTES));
        }
    }
    node->minute = row->minute;
    if ((row->quality & (OBSERVED | SKIPPED)) != OBSERVED) {
        return;
    }
    if (row->age_minutes >= DAY_MINUTES && node->seasonals == NULL) {
        node->seasonals = take(FEATURES, sizeof *node->seasonals);
        for (int f = 0; f < FEATURES; f++) {
            seasonal_begin(&node->seasonals[f], &node->histories[f]);
        }
    }
    for (int f = 0; f < FEATURES; f++) {
        if (!isnan(row->values[f])) {
            judge_feature(run, node, row, f);
        }
    }
    for (int i = 0; i < LIMITS && run->is_asked[ABSOLUTE]; i++) {
        if (!isnan(row->totals[i])) {
            judge(run, node, ABSOLUTE, limits, i, row, row->totals[i],
                  row->totals[i] / limits[i].unit);
        }
    }
}

/* --- the CSV -------------------------------------------------------------------------------- */

enum { NO_COLUMN = -1, AMPLIFIED = FEATURES + LIMITS, START, NODE, IDENTITY, ROLE, AGE, QUALITY };

static int column_of(const char *name) {
    static const char *const others[] = { "amp",  "window_start", "node",   "identity",
                                          "role", "age_minutes",  "quality" };
    for (int i = 0; i < FEATURES; i++) {
        if (strcmp(name, features[i].column) == 0) {
            return i;
        }
    }
    for (int i = 0; i < LIMITS; i++) {
        if (strcmp(name, limits[i].column) == 0) {
            return FEATURES + i;
        }
    }
    for (int i = 0; i < (int)(sizeof others / sizeof *others); i++) {
        if (strcmp(name, others[i]) == 0) {
            return AMPLIFIED + i;
        }
    }
    return NO_COLUMN;
}

/* Names are fields of an inventory: those with quotes or commas are not for this program. */
static int split(char *line, char *fields[COLUMNS_MAX]) {
    int count = 0;
    line[strcspn(line, "\r\n")] = '\0';
    for (char *field = line; field != NULL && count < COLUMNS_MAX;) {
        fields[count++] = field;
        field = strchr(field, ',');
        if (field != NULL) {
            *field++ = '\0';
        }
    }
    return count;
}

static void read_header(struct run *run, char *line) {
    char *fields[COLUMNS_MAX];
    unsigned seen = 0;
    run->column_count = split(line, fields);
    for (int i = 0; i < run->column_count; i++) {
        run->columns[i] = column_of(fields[i]);
        seen |= run->columns[i] >= START ? 1u << (run->columns[i] - START) : 0;
    }
    if (seen != (1u << (QUALITY - START + 1)) - 1) {
        fail("standard input is not what `weir replay --features` writes");
    }
}

static int64_t minute_of(const char *text) {
    /* Rows of one window follow each other. */
    int64_t ms = 0;
    struct error err = { 0 };
    if (!time_parse(bytes_text(text), &(struct time_context){ .end_ms = TIME_UNKNOWN }, &ms,
                    &err)) {
        fail(err.message);
    }
    return ms / TIME_MINUTE_MS;
}

static double number_of(const char *text) {
    if (text[0] == '\0') {
        return NAN;
    }
    return text[0] == '0' && text[1] == '\0' ? 0 : strtod(text, NULL);
}

static void read_row(const struct run *run, char *line, struct row *row) {
    char *fields[COLUMNS_MAX];
    if (split(line, fields) != run->column_count) {
        fail("a row has another number of fields than the header");
    }
    for (int i = 0; i < FEATURES; i++) {
        row->values[i] = NAN;
    }
    for (int i = 0; i < LIMITS; i++) {
        row->totals[i] = NAN;
    }
    for (int i = 0; i < run->column_count; i++) {
        char *field = fields[i];
        switch (run->columns[i]) {
        case NO_COLUMN: break;
        case AMPLIFIED: row->amplified = number_of(field); break;
        case START: row->start = field; break;
        case NODE: row->node = field; break;
        case IDENTITY: row->identity = field; break;
        case ROLE: row->role = field; break;
        case AGE: row->age_minutes = atoi(field); break;
        case QUALITY: row->quality = atoi(field); break;
        default:
            if (run->columns[i] < FEATURES) {
                row->values[run->columns[i]] = number_of(field);
            } else {
                row->totals[run->columns[i] - FEATURES] = number_of(field);
            }
        }
    }
}

static void read_options(struct run *run, int argc, char **argv) {
    run->sensitivities[0] = 1;
    run->sensitivity_count = 1;
    for (int p = 0; p < PEERS; p++) {
        run->is_asked[p] = true;
    }
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--peer") == 0) {
            for (int p = 0; p < PEERS; p++) {
                run->is_asked[p] = strcmp(argv[i + 1], peer_names[p]) == 0;
            }
        } else if (strcmp(argv[i], "--sensitivity") == 0) {
            char *at = argv[i + 1];
            run->sensitivity_count = 0;
            while (*at != '\0' && run->sensitivity_count < SENSITIVITIES_MAX) {
                run->sensitivities[run->sensitivity_count++] = strtod(at, &at);
                at += *at == ',';
            }
        } else {
            fail("usage: peers [--peer NAME] [--sensitivity S,S,...] <features.csv");
        }
    }
}

int main(int argc, char **argv) {
    static struct run run;
    struct row row = { 0 };
    char *line = NULL;
    char last[TIME_TEXT_SIZE] = "";
    size_t size = 0;
    read_options(&run, argc, argv);
    if (getline(&line, &size, stdin) < 0) {
        fail("nothing to read");
    }
    read_header(&run, line);
    while (getline(&line, &size, stdin) >= 0) {
        read_row(&run, line, &row);
        if (strncmp(row.start, last, sizeof last - 1) != 0) {
            (void)snprintf(last, sizeof last, "%s", row.start);
            row.minute = minute_of(row.start);
        }
        take_row(&run, &row);
    }
    free(line);
    return 0;
}
