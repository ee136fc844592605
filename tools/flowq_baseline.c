/* SPDX-License-Identifier: Apache-2.0 */
/* Three sheets over one state: the nodes, what is normal of each, and the peers that only it knows.
 * A program gets one of them; a person who asks for one node gets all three. */
#include "tools/flowq_baseline.h"

#include "base/time.h"
#include "base/zone.h"
#include "detect/detector_view.h"
#include "flow/filter.h"
#include "store/store.h"
#include "tools/config_file.h"
#include "tools/console.h"
#include "tools/flowq_filter.h"
#include "tools/sheet.h"
#include "tools/version.h"

#include <stdlib.h>
#include <unistd.h>

enum { SHOW_AUTO, SHOW_NODES, SHOW_FEATURES, SHOW_PEERS };
static const char *const shows[] = { "auto", "nodes", "features", "peers", NULL };
static const char *const outputs[] = { "table", "csv", "ndjson", "json", NULL };

struct baseline_choices {
    const char *store;
    int show;
    int output;
    const char *timezone;
    const char *config;
    int64_t warm_up_ms; /* below 0: the configuration's */
};

#define OPTION(field) offsetof(struct baseline_choices, field)

static const struct option_row rows[] = {
    { .name = "store",
      .kind = OPTION_TEXT,
      .offset = OPTION(store),
      .argument = "DIR",
      .help = "the store to ask (default: the environment's WEIR_STORE)" },
    { .name = "show",
      .kind = OPTION_CHOICE,
      .offset = OPTION(show),
      .argument = "WHAT",
      .choices = shows,
      .help = "nodes, features (what is normal of each) or peers (the rare ones); default: nodes, "
              "and all three in a table of one node" },
    { .name = "output",
      .letter = 'o',
      .kind = OPTION_CHOICE,
      .offset = OPTION(output),
      .argument = "FORM",
      .choices = outputs,
      .help = "table (default), csv, ndjson or json" },
    { .name = "tz",
      .kind = OPTION_TEXT,
      .offset = OPTION(timezone),
      .argument = "ZONE",
      .help = "time zone of output: UTC (default), local, +05:30, Area/City" },
    { .name = "config",
      .kind = OPTION_TEXT,
      .offset = OPTION(config),
      .argument = "FILE",
      .help = "the configuration that weir replay was given, for thresholds and overrides" },
    { .name = "warm-up",
      .kind = OPTION_DURATION,
      .offset = OPTION(warm_up_ms),
      .argument = "TIME",
      .is_advanced = true,
      .help = "a node younger than this is cold (default: the configuration's, else 24h): as weir "
              "replay was told" },
};

const struct option_table baseline_options = {
    .program = "flowq baseline",
    .summary = "show what is normal for nodes",
    .usage = "[--store DIR] [OPTION...] [FILTER]",
    .description =
        "Prints what the detector that wrote the store knows of the nodes that match FILTER (all "
        "without one), as the next window would be judged by. FILTER asks for nodes and nothing "
        "else: `node web-1`, `node ~ web-*`, `not node in {a, b}`; see weir-filter(7).\n\n"
        "nodes: age, cold or warm, windows learned, the features that the node's sources cannot "
        "tell (absent) and the rules that cannot fire for want of them or, for a cold node, of a "
        "fleet to compare with, or that FILE of --config switches off (rules_off); how many bytes, "
        "bytes a minute, bytes little by little, and minutes a peer that nobody else knows may "
        "get; how many such peers there are; bytes of memory. features: what is expected at this "
        "hour, the record around this hour and that of any hour, in the feature's unit. peers: "
        "what went to each rare peer, and how often it is met.\n\n"
        "Exit status: 0 done; 2 usage; 3 the state could not be read; 4 the answer could not be "
        "written.",
    .examples = "  flowq baseline --store store\n"
                "  flowq baseline --store store node web-1\n"
                "  flowq baseline --store store --show features -o csv 'node ~ web-*'",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

/* --- what is asked ---------------------------------------------------------------------------- */

struct baseline {
    const struct baseline_choices *choices;
    struct filter *filter;
    struct zone *zone;
    struct config config;
    struct detector *detector;
    uint32_t *ranks; /* [count]: of the nodes that match */
    uint32_t count;
};

static bool never_told(void *context, const struct alert *alert, struct error *err) {
    (void)context;
    (void)alert;
    (void)err;
    return true;
}

static bool load(struct baseline *baseline, struct bytes bytes, struct error *err) {
    struct detector_config *config = &baseline->config.detector;
    const struct baseline_choices *choices = baseline->choices;
    const struct alert_sink nobody = { .emit = never_told };
    config->warm_up_ms = choices->warm_up_ms < 0 ? config->warm_up_ms : choices->warm_up_ms;
    return detector_view_window_ms(bytes, &config->window_ms, err) &&
           detector_new(&baseline->detector, config, &nobody, err) &&
           detector_state_load(baseline->detector, bytes, err);
}

static bool open_state(struct baseline *baseline, struct error *err) {
    const char *store = baseline->choices->store;
    if (store == NULL) {
        return error_set(err, ERROR_ARGUMENT, "which store? Give --store DIR or set WEIR_STORE");
    }
    struct state *state;
    struct bytes bytes;
    bool ok = store_read_detector(store, &state, &bytes, err);
    if (ok && bytes.size == 0) {
        ok = error_set(err, ERROR_ARGUMENT,
                       "%s: no detector was part of this store (weir replay --store makes one)",
                       store);
    } else if (ok) {
        ok = load(baseline, bytes, err) || error_context(err, "%s", store);
    }
    if (state != NULL) {
        state->ops->close(state);
    }
    return ok;
}

static bool choose_nodes(struct baseline *baseline, struct error *err) {
    uint32_t known = detector_view_count(baseline->detector);
    baseline->ranks = calloc(known + 1, sizeof *baseline->ranks);
    if (baseline->ranks == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for %u nodes", known);
    }
    for (uint32_t rank = 0; rank < known; rank++) {
        struct detector_view_node node;
        detector_view_node(baseline->detector, rank, &node);
        const struct batch_node subject = { .name = node.name,
                                            .identity = node.identity,
                                            .role = node.role };
        if (filter_match_node(baseline->filter, &subject)) {
            baseline->ranks[baseline->count++] = rank;
        }
    }
    return true;
}

static bool check_filter(const struct filter *filter, struct error *err) {
    return filter_is_of_nodes(filter) ||
           error_set(err, ERROR_ARGUMENT,
                     "flowq baseline shows nodes: FILTER may ask `node NAME` or `node ~ PATTERN`, "
                     "and nothing of flows");
}

/* --- sheets ----------------------------------------------------------------------------------- */

static const struct sheet_column node_columns[] = {
    { "node", SHEET_TEXT },
    { "identity", SHEET_TEXT },
    { "role", SHEET_TEXT },
    { "age", SHEET_DURATION },
    { "state", SHEET_TEXT },
    { "windows", SHEET_COUNT },
    { "last", SHEET_TIME },
    { "rare_bytes_limit", SHEET_BYTES },
    { "rare_rate_limit", SHEET_BYTES },
    { "rare_long_limit", SHEET_BYTES },
    { "rare_minutes_limit", SHEET_COUNT },
    { "rare_peers", SHEET_NUMBER },
    { "bytes", SHEET_BYTES },
    { "absent", SHEET_TEXT },
    { "rules_off", SHEET_TEXT },
};

static const struct sheet_column feature_columns[] = {
    { "node", SHEET_TEXT },        { "feature", SHEET_TEXT },        { "unit", SHEET_TEXT },
    { "expected", SHEET_DECIMAL }, { "record_hour", SHEET_DECIMAL }, { "record", SHEET_DECIMAL },
    { "state", SHEET_TEXT },
};

static const struct sheet_column peer_columns[] = {
    { "node", SHEET_TEXT },       { "peer", SHEET_TEXT },      { "port", SHEET_NUMBER },
    { "bytes_out", SHEET_BYTES }, { "bytes_in", SHEET_BYTES }, { "minutes", SHEET_COUNT },
    { "first", SHEET_TIME },      { "last", SHEET_TIME },      { "gap_seconds", SHEET_DECIMAL },
    { "pace", SHEET_TEXT },       { "group", SHEET_TEXT },
};

/* Names with blanks between, of the bits that are set. */
static struct bytes names_of(uint64_t bits, const char *(*name_of)(uint32_t bit),
                             struct buffer *text) {
    buffer_reset(text);
    for (uint32_t bit = 0; bits != 0; bit++, bits >>= 1) {
        if ((bits & 1) != 0) {
            buffer_put(text, " ", text->size > 0);
            buffer_put(text, name_of(bit), strlen(name_of(bit)));
        }
    }
    return buffer_bytes(text);
}

static const char *feature_name(uint32_t feature) {
    return feature_rows[feature].name;
}

static const char *rule_name(uint32_t rule) {
    return rule_rows[rule].name;
}

static const char *state_name(const struct detector_view_node *node) {
    return node->is_retired ? "retired" : node->is_cold ? "cold" : "warm";
}

static struct sheet_cell limit_cell(double limit) {
    /* Rounded up: what is told is worth an alert. */
    bool is_known = limit >= 0 && limit < 9e18;
    int64_t whole = is_known ? (int64_t)limit : 0;
    return (struct sheet_cell){ .number = whole + ((double)whole < limit), .is_none = !is_known };
}

static bool put_node(struct sheet *sheet, const struct detector_view_node *node,
                     struct error *err) {
    struct buffer absent;
    struct buffer off;
    buffer_init(&absent, 4096);
    buffer_init(&off, 4096);
    const struct sheet_cell cells[] = {
        { .text = node->name },
        { .text = node->identity },
        { .text = node->role },
        { .number = node->age_ms },
        { .text = bytes_text(state_name(node)) },
        { .number = node->windows },
        { .number = node->last_ms },
        limit_cell(node->limits[LEDGER_BYTES]),
        limit_cell(node->limits[LEDGER_RATE]),
        limit_cell(node->limits[LEDGER_LONG]),
        limit_cell(node->limits[LEDGER_MINUTES]),
        { .number = node->rare_count },
        { .number = (int64_t)node->bytes },
        { .text = names_of(node->absent, feature_name, &absent) },
        { .text = names_of(node->rules_off, rule_name, &off) },
    };
    bool ok = sheet_row(sheet, cells, err);
    buffer_done(&absent);
    buffer_done(&off);
    return ok;
}

/* Thousandths; beyond what they hold it is as good as without bound. */
static struct sheet_cell value_cell(double value, bool is_known) {
    bool is_held = is_known && value < 9e15;
    return (struct sheet_cell){ .number = is_held ? (int64_t)(value * 1000 + 0.5) : 0,
                                .is_none = !is_held };
}

static bool put_features(struct sheet *sheet, const struct detector_view_node *node,
                         struct error *err) {
    for (uint32_t f = 0; f < FEATURE_SCORED_COUNT; f++) {
        const struct detector_view_feature *feature = &node->features[f];
        const char *state = feature->is_absent ? "absent"
                            : feature->is_open ? "no prior"
                                               : state_name(node);
        bool is_told = !feature->is_absent && node->windows > 0;
        const struct sheet_cell cells[] = {
            { .text = node->name },
            { .text = bytes_text(feature_rows[f].name) },
            { .text = bytes_text(feature_rows[f].unit) },
            value_cell(feature->expected, is_told),
            value_cell(feature->record_hour, is_told && !feature->is_open),
            value_cell(feature->record, is_told && !feature->is_open),
            { .text = bytes_text(state) },
        };
        if (!sheet_row(sheet, cells, err)) {
            return false;
        }
    }
    return true;
}

static bool put_peers(struct sheet *sheet, const struct detector_view_node *node,
                      struct error *err) {
    for (uint32_t i = 0; i < node->rare_count; i++) {
        const struct ledger_entry *entry = node->rare[i];
        char address[ADDRESS_TEXT_SIZE];
        char group[ALERT_HASH_SIZE];
        alert_hash_text(entry->group, group);
        const struct sheet_cell cells[] = {
            { .text = node->name },
            { .text = bytes_of(address, address_format(entry->peer, address)) },
            { .number = entry->port },
            { .number = (int64_t)entry->bytes_out },
            { .number = (int64_t)entry->bytes_in },
            { .number = entry->minutes },
            { .number = ledger_entry_first_ms(entry) },
            { .number = ledger_entry_last_ms(entry) },
            value_cell((double)entry->gap_mean_s, entry->gap_count > 0),
            { .text = bytes_text(ledger_entry_is_beacon(entry) ? "beacon" : "") },
            { .text = bytes_text(group) },
        };
        if (!sheet_row(sheet, cells, err)) {
            return false;
        }
    }
    return true;
}

static const struct view {
    const struct sheet_column *columns;
    uint32_t count;
    bool (*put)(struct sheet *sheet, const struct detector_view_node *node, struct error *err);
} views[] = {
    [SHOW_NODES] = { node_columns, sizeof node_columns / sizeof *node_columns, put_node },
    [SHOW_FEATURES] = { feature_columns, sizeof feature_columns / sizeof *feature_columns,
                        put_features },
    [SHOW_PEERS] = { peer_columns, sizeof peer_columns / sizeof *peer_columns, put_peers },
};

static bool show(const struct baseline *baseline, int what, struct error *err) {
    const struct view *view = &views[what];
    struct sheet sheet;
    sheet_begin(&sheet, (enum sheet_form)baseline->choices->output, view->columns, view->count,
                stdout);
    sheet.is_human = console_is_terminal(STDOUT_FILENO);
    sheet.has_colour = console_has_colour();
    sheet.zone = baseline->zone;
    bool ok = true;
    for (uint32_t i = 0; i < baseline->count && ok; i++) {
        struct detector_view_node node;
        detector_view_node(baseline->detector, baseline->ranks[i], &node);
        ok = view->put(&sheet, &node, err) && (!ferror(stdout) || console_flush(err));
    }
    ok = sheet_end(&sheet, ok ? err : NULL) && ok;
    return console_flush(ok ? err : NULL) && ok;
}

static bool show_all(const struct baseline *baseline, struct error *err) {
    const struct baseline_choices *choices = baseline->choices;
    if (choices->show != SHOW_AUTO) {
        return show(baseline, choices->show, err);
    }
    bool is_one = baseline->count == 1 && choices->output == SHEET_TABLE;
    if (!show(baseline, SHOW_NODES, err)) {
        return false;
    }
    for (int what = SHOW_FEATURES; is_one && what <= SHOW_PEERS; what++) {
        putchar('\n');
        if (!show(baseline, what, err)) {
            return false;
        }
    }
    return true;
}

/* As of when, on stderr: stdout is for data. */
static void say_when(const struct baseline *baseline) {
    char time[TIME_TEXT_SIZE];
    time_format(detector_open_ms(baseline->detector), baseline->zone, time);
    fprintf(stderr, "%u of %u nodes, as of %s\n", baseline->count,
            detector_view_count(baseline->detector), time);
}

static int answer(const struct baseline_choices *choices, int count, char **words) {
    struct error err = { 0 };
    struct baseline baseline = { .choices = choices };
    const char *zone_text = choices->timezone == NULL ? "UTC" : choices->timezone;
    int status = EXIT_DONE;
    config_init(&baseline.config);
    if (!zone_open(zone_text, &baseline.zone, &err) ||
        !config_load(&baseline.config, choices->config, NULL, &err) ||
        !flowq_filter_compile(count, words, &baseline.filter, &err) ||
        !check_filter(baseline.filter, &err) || !open_state(&baseline, &err) ||
        !choose_nodes(&baseline, &err)) {
        status = console_fail(baseline_options.program, &err, EXIT_PARTIAL);
    } else if (!show_all(&baseline, &err)) {
        status = console_fail(baseline_options.program, &err,
                              ferror(stdout) ? EXIT_WRITE : EXIT_PARTIAL);
    } else {
        say_when(&baseline);
    }
    free(baseline.ranks);
    detector_free(baseline.detector);
    config_done(&baseline.config);
    filter_free(baseline.filter);
    zone_close(baseline.zone);
    return status;
}

int baseline_run(int argc, char **argv) {
    struct error err = { 0 };
    int first;
    struct baseline_choices choices = { .store = getenv("WEIR_STORE"), .warm_up_ms = -1 };
    switch (option_parse(&baseline_options, argc, argv, &choices, &first, &err)) {
    case OPTION_RUN: return answer(&choices, argc - first, argv + first);
    case OPTION_HELP: option_print_help(&baseline_options, stdout, false); return EXIT_DONE;
    case OPTION_HELP_LONG: option_print_help(&baseline_options, stdout, true); return EXIT_DONE;
    case OPTION_VERSION: version_print("flowq", stdout); return EXIT_DONE;
    case OPTION_ERROR: break;
    }
    return console_fail(baseline_options.program, &err, EXIT_USAGE);
}
