/* SPDX-License-Identifier: Apache-2.0 */
/* Findings to episodes to alerts. What a window gives is gathered as turns (an episode fires, or
 * ends), sorted by (window, node name, direction), and only then told: the order of roster indices
 * never reaches a result. */
#include "detect/judge.h"

#include "detect/ledger.h"
#include "detect/say.h"
#include "detect/telling.h"
#include "flow/batch.h"
#include "flow/spread.h"

#include <assert.h>
#include <stdlib.h>
#include <xxhash.h>

/* One thing to tell of one episode. */
struct turn {
    int64_t end_ms; /* of the window it belongs to */
    uint32_t node;
    uint8_t direction;
    uint32_t finding; /* index; FINDING_NONE: the episode ends */
};

#define FINDING_NONE UINT32_MAX

struct judge {
    struct scorer scorer; /* holds the configuration */
    struct alert_sink sink;
    struct episode_set episodes;
    int64_t *classes_ms; /* [class_nodes][CLASS_COUNT]: end of the last window of each; 0: never */
    uint32_t class_nodes;
    struct turn *turns;
    uint32_t turn_count;
    uint32_t turn_capacity;
    uint64_t configuration; /* hash of what forms alerts besides the records */
    uint64_t lineage;
    int64_t seen_ms; /* end of the last window judged; 0 before the first */
    uint64_t alert_count;
    uint64_t episode_count;
};

/* The chain of configurations: each link names the one before and where it ended. */
static uint64_t lineage_next(uint64_t lineage, int64_t window_ms, uint64_t configuration) {
    uint8_t link[24];
    put_u64(link, lineage);
    put_u64(link + 8, (uint64_t)window_ms);
    put_u64(link + 16, configuration);
    return XXH3_64bits(link, sizeof link);
}

bool judge_new(struct judge **out, const struct detector_config *config,
               const struct alert_sink *sink, struct error *err) {
    *out = NULL;
    if (!detector_config_check(config, err)) {
        return false;
    }
    struct judge *judge = calloc(1, sizeof *judge);
    if (judge == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a judge");
    }
    if (!scorer_init(&judge->scorer, config, err)) {
        judge_free(judge);
        return false;
    }
    judge->sink = *sink;
    judge->configuration = detector_config_hash(config) ^ rule_table_hash();
    judge->lineage = lineage_next(0, 0, judge->configuration);
    *out = judge;
    return true;
}

void judge_free(struct judge *judge) {
    if (judge != NULL) {
        scorer_done(&judge->scorer);
        episode_set_done(&judge->episodes);
        free(judge->classes_ms);
        free(judge->turns);
        free(judge);
    }
}

/* --- one alert ---------------------------------------------------------------------------- */

/* Emits one alert, with evidence where a function is given; the first of an episode gives the
 * episode its id. */
static bool tell(struct judge *judge, struct episode *episode, struct alert *alert,
                 judge_evidence evidence, void *context, struct error *err) {
    alert_hash_text(judge->lineage, alert->lineage);
    alert_identify(alert);
    if (episode->id[0] == '\0') {
        memcpy(episode->id, alert->id, sizeof episode->id);
    }
    memcpy(alert->episode, episode->id, sizeof alert->episode);
    if (evidence != NULL &&
        !evidence(context, episode->node, episode->direction, &alert->evidence, err)) {
        return false;
    }
    alert->rare_group = alert->evidence.rare.group;
    judge->alert_count++;
    return judge->sink.emit(judge->sink.context, alert, err);
}

/* --- classes of a node ---------------------------------------------------------------------- */

static bool classes_grow(struct judge *judge, uint32_t count, struct error *err) {
    if (count <= judge->class_nodes) {
        return true;
    }
    uint32_t capacity = count + count / 2 + 64;
    int64_t *grown = realloc(judge->classes_ms, (size_t)capacity * CLASS_COUNT * sizeof *grown);
    if (grown == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the classes of %u nodes", capacity);
    }
    size_t old = (size_t)judge->class_nodes * CLASS_COUNT;
    memset(grown + old, 0, ((size_t)capacity * CLASS_COUNT - old) * sizeof *grown);
    judge->classes_ms = grown;
    judge->class_nodes = capacity;
    return true;
}

/* Leaks by volume, fast and slow, are one; what others do to the node says nothing of it, nor does
 * a drift. */
static uint32_t kin_of(enum attack_class class_) {
    switch (class_) {
    case CLASS_EXFIL_VOLUME:
    case CLASS_EXFIL_SLOW: return 1u << CLASS_EXFIL_VOLUME | 1u << CLASS_EXFIL_SLOW;
    case CLASS_EXFIL_DNS:
    case CLASS_SPAM:
    case CLASS_SCAN:
    case CLASS_DOS_SOURCE:
    case CLASS_BEACON: return 1u << class_;
    default: return 0;
    }
}

/* Whether another class of the node fired within the day before `end_ms`. */
static bool has_second(const struct judge *judge, uint32_t node, enum attack_class class_,
                       int64_t end_ms) {
    double hours = judge->scorer.config.rules.values[RULE_PARAM_SECOND_CLASS_HOURS];
    int64_t since_ms = end_ms - (int64_t)(hours * 3600000.0);
    for (uint32_t c = 0; node < judge->class_nodes && c < CLASS_COUNT; c++) {
        int64_t last_ms = judge->classes_ms[(size_t)node * CLASS_COUNT + c];
        bool is_other = kin_of((enum attack_class)c) != 0 && (kin_of(class_) >> c & 1) == 0;
        if (is_other && last_ms > 0 && last_ms >= since_ms) {
            return true;
        }
    }
    return false;
}

/* --- turns -------------------------------------------------------------------------------- */

static bool turn_add(struct judge *judge, struct turn turn, struct error *err) {
    if (judge->turn_count == judge->turn_capacity) {
        uint32_t capacity = judge->turn_capacity == 0 ? 64 : 2 * judge->turn_capacity;
        struct turn *grown = realloc(judge->turns, capacity * sizeof *grown);
        if (grown == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for the alerts of a window");
        }
        judge->turns = grown;
        judge->turn_capacity = capacity;
    }
    judge->turns[judge->turn_count++] = turn;
    return true;
}

static int turn_compare(const void *left, const void *right, void *context) {
    const struct turn *a = left;
    const struct turn *b = right;
    const struct roster *roster = context;
    if (a->end_ms != b->end_ms) {
        return a->end_ms < b->end_ms ? -1 : 1;
    }
    if (a->node != b->node) {
        const struct roster_node *x = &roster->nodes[a->node];
        const struct roster_node *y = &roster->nodes[b->node];
        int order = bytes_compare(x->name, y->name);
        return order != 0 ? order : bytes_compare(x->identity, y->identity);
    }
    if (a->direction != b->direction) {
        return a->direction < b->direction ? -1 : 1;
    }
    return (a->finding > b->finding) -
           (a->finding < b->finding); /* by rule: the table's priority */
}

static void turns_sort(struct judge *judge, const struct roster *roster) {
    if (judge->turn_count > 1) { /* without turns there is no array either */
        qsort_r(judge->turns, judge->turn_count, sizeof *judge->turns, turn_compare,
                (void *)roster);
    }
}

/* The episodes that are due to end by `until_ms`. */
static bool turns_add_ends(struct judge *judge, int64_t until_ms, struct error *err) {
    for (uint32_t i = 0; i < judge->episodes.count; i++) {
        const struct episode *episode = &judge->episodes.items[i];
        struct turn turn = { .end_ms = episode_close_ms(episode, &judge->scorer.config),
                             .node = episode->node,
                             .direction = episode->direction,
                             .finding = FINDING_NONE };
        if (turn.end_ms <= until_ms && !turn_add(judge, turn, err)) {
            return false;
        }
    }
    return true;
}

/* Whether a job that stays may become normal: as a person said, else not what was critical, nor
 * what a rare peer got. */
static bool is_learned(const struct episode *episode, const struct say *say) {
    enum say_verdict verdict = say == NULL ? SAY_NOTHING : say_ack_of(say, episode->id);
    if (verdict != SAY_NOTHING) {
        return verdict == SAY_BENIGN;
    }
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        if ((episode->rules >> r & 1) != 0 && rule_rows[r].never_learned) {
            return false;
        }
    }
    return true;
}

/* Tells the end as of the window that ends at `end_ms`, lets the baseline learn what the episode
 * was, and removes it. */
static bool episode_end(struct judge *judge, const struct roster *roster, struct episode *episode,
                        int64_t end_ms, struct error *err) {
    const struct baseline *baseline = &judge->scorer.baseline;
    const struct telling telling = {
        .roster = roster,
        .episode = episode,
        .rule = episode->rule,
        .class_ = episode->class_,
        .feature = episode->feature,
        .state = ALERT_CLOSED,
        .measure = &episode->peak,
        .corroborating = episode->peak_corroborating,
        .is_cold = episode->is_cold,
        .samples = (uint32_t)baseline->window_counts[episode->node],
        .end_ms = end_ms,
    };
    struct alert alert = { 0 };
    telling_alert(&telling, &judge->scorer, &alert);
    if (!tell(judge, episode, &alert, NULL, NULL, err)) {
        return false;
    }
    int64_t hour = baseline_hour_of(episode->fired_end_ms - judge->scorer.config.window_ms);
    bool may_learn = is_learned(episode, judge->scorer.config.say);
    for (uint32_t f = 0; f < FEATURE_SCORED_COUNT && may_learn; f++) {
        if (feature_rows[f].direction == episode->direction) {
            baseline_learn_episode(&judge->scorer.baseline, episode->node, f,
                                   baseline_slot_of(hour), episode->peak_bits[f]);
        }
    }
    episode_remove(&judge->episodes, episode);
    return true;
}

/* As which class a finding is told: as what the episode already is, where its opening rule speaks
 * as another by and by (amplification that ebbs is no flood of another kind), or a leak as a slow
 * one.
 */
static enum attack_class class_told(const struct episode *episode, const struct finding *finding) {
    if (episode->rules != 0 && finding->rule == episode->rule) {
        return episode->class_;
    }
    uint32_t told = episode->classes & kin_of(finding->class_);
    return told != 0 ? (enum attack_class)__builtin_ctz(told) : finding->class_;
}

/* A finding opens an episode, or opens a further class in it, or says that it has become worse, or
 * after a while that it goes on. */
static bool episode_turn(struct judge *judge, const struct judge_window *window,
                         struct finding *finding, uint8_t direction, judge_evidence evidence,
                         void *context, struct error *err) {
    struct episode *episode = episode_find(&judge->episodes, finding->node, direction);
    if (episode == NULL) {
        episode = episode_open(&judge->episodes, finding->node, direction, err);
        if (episode == NULL) {
            return false;
        }
        judge->episode_count++;
    }
    finding->class_ = class_told(episode, finding);
    bool is_new = (episode->classes >> finding->class_ & 1) == 0;
    bool is_due = window->end_ms - episode->said_end_ms >= judge->scorer.config.ongoing_ms;
    episode_fire(episode, finding, window->start_ms, window->end_ms);
    const struct telling telling = {
        .roster = window->roster,
        .episode = episode,
        .rule = finding->rule,
        .class_ = finding->class_,
        .feature = finding->feature,
        .state = is_new ? ALERT_OPEN : ALERT_ONGOING,
        .measure = &finding->measure,
        .corroborating = finding->corroborating,
        .has_second = has_second(judge, finding->node, finding->class_, window->end_ms),
        .is_cold = finding->is_cold,
        .samples = finding->samples,
        .end_ms = window->end_ms,
    };
    struct alert alert = { 0 };
    telling_alert(&telling, &judge->scorer, &alert);
    judge->classes_ms[(size_t)finding->node * CLASS_COUNT + finding->class_] = window->end_ms;
    /* What has become worse is told at once. */
    bool is_worse = alert.severity > episode->severity || alert.advice > episode->advice;
    if (!is_new && !is_due && !is_worse) {
        return true;
    }
    episode->said_end_ms = window->end_ms;
    episode->severity =
        alert.severity > episode->severity ? (uint8_t)alert.severity : episode->severity;
    episode->advice = alert.advice > episode->advice ? (uint8_t)alert.advice : episode->advice;
    return tell(judge, episode, &alert, evidence, context, err);
}

bool judge_pass(struct judge *judge, const struct roster *roster, int64_t until_ms,
                struct error *err) {
    judge->turn_count = 0;
    if (!turns_add_ends(judge, until_ms, err)) {
        return false;
    }
    turns_sort(judge, roster);
    for (uint32_t i = 0; i < judge->turn_count; i++) {
        const struct turn *turn = &judge->turns[i];
        struct episode *episode = episode_find(&judge->episodes, turn->node, turn->direction);
        if (!episode_end(judge, roster, episode, turn->end_ms, err)) {
            return false;
        }
    }
    return true;
}

/* The findings of the window, and the episodes that end with it and have none. */
static bool turns_of_window(struct judge *judge, const struct judge_window *window,
                            struct error *err) {
    judge->turn_count = 0;
    for (uint32_t i = 0; i < judge->scorer.finding_count; i++) {
        struct finding *finding = &judge->scorer.findings[i];
        uint8_t direction = rule_direction(finding->rule);
        struct episode *episode = episode_find(&judge->episodes, finding->node, direction);
        if (episode != NULL) {
            episode_hold(episode, window->end_ms);
        }
        struct turn turn = {
            .end_ms = window->end_ms, .node = finding->node, .direction = direction, .finding = i
        };
        if (!turn_add(judge, turn, err)) {
            return false;
        }
    }
    return turns_add_ends(judge, window->end_ms, err);
}

static bool is_by_ledger(enum feature feature) {
    return feature == FEATURE_LED_OUT || feature == FEATURE_LED_RATE ||
           feature == FEATURE_LED_LONG || feature == FEATURE_LED_MINUTES;
}

/* What a person found benign holds no day of the ledger back. Behind the turn: the first one of an
 * episode gives it its id. */
static void acquit(struct judge *judge, const struct judge_window *window,
                   const struct finding *finding, uint8_t direction) {
    const struct say *say = judge->scorer.config.say;
    if (say == NULL || window->ledger == NULL || !is_by_ledger(rule_rows[finding->rule].feature)) {
        return;
    }
    const struct episode *episode = episode_find(&judge->episodes, finding->node, direction);
    if (say_ack_of(say, episode->id) == SAY_BENIGN) {
        ledger_acquit(window->ledger, finding->node);
    }
}

bool judge_window(struct judge *judge, const struct judge_window *window, judge_evidence evidence,
                  void *context, struct error *err) {
    assert(window->end_ms - window->start_ms == judge->scorer.config.window_ms);
    if (!judge_pass(judge, window->roster, window->start_ms, err) ||
        !classes_grow(judge, window->roster->count, err) ||
        !scorer_window(&judge->scorer, window, err) || !turns_of_window(judge, window, err)) {
        return false;
    }
    judge->seen_ms = window->end_ms;
    turns_sort(judge, window->roster);
    for (uint32_t i = 0; i < judge->turn_count; i++) {
        const struct turn turn = judge->turns[i];
        struct episode *episode = episode_find(&judge->episodes, turn.node, turn.direction);
        if (turn.finding == FINDING_NONE) {
            if (!episode_end(judge, window->roster, episode, turn.end_ms, err)) {
                return false;
            }
            continue;
        }
        struct finding *finding = &judge->scorer.findings[turn.finding];
        if (!episode_turn(judge, window, finding, turn.direction, evidence, context, err)) {
            return false;
        }
        acquit(judge, window, finding, turn.direction);
    }
    return true;
}

bool judge_forget(struct judge *judge, const struct roster *roster, uint32_t node, int64_t at_ms,
                  struct error *err) {
    if (!judge_pass(judge, roster, at_ms, err)) {
        return false;
    }
    const int64_t window_ms = judge->scorer.config.window_ms;
    const int64_t end_ms = (spread_window(at_ms - 1, window_ms) + 1) * window_ms;
    for (uint8_t direction = DIRECTION_IN; direction <= DIRECTION_OUT; direction++) {
        struct episode *episode = episode_find(&judge->episodes, node, direction);
        if (episode != NULL && !episode_end(judge, roster, episode, end_ms, err)) {
            return false;
        }
    }
    if (node < judge->class_nodes) {
        memset(judge->classes_ms + (size_t)node * CLASS_COUNT, 0,
               CLASS_COUNT * sizeof *judge->classes_ms);
    }
    scorer_forget(&judge->scorer, node);
    return true;
}

uint64_t judge_alert_count(const struct judge *judge) {
    return judge->alert_count;
}

uint64_t judge_episode_count(const struct judge *judge) {
    return judge->episode_count;
}

const struct scorer *judge_scorer(const struct judge *judge) {
    return &judge->scorer;
}

uint64_t judge_node_bytes(void) {
    const uint64_t latch_bits = 2 * RULE_COUNT; /* charged, latched */
    return BASELINE_NODE_BYTES + RULE_COUNT * sizeof(float) + (latch_bits + 7) / 8 +
           CLASS_COUNT * sizeof(int64_t);
}

/* --- state -------------------------------------------------------------------------------- */

void judge_state_save(const struct judge *judge, struct buffer *out) {
    buffer_u64(out, judge->lineage);
    buffer_u64(out, judge->configuration);
    buffer_u64(out, (uint64_t)judge->seen_ms);
    buffer_u64(out, judge->alert_count);
    buffer_u64(out, judge->episode_count);
}

bool judge_state_load(struct judge *judge, struct cursor *cursor, struct error *err) {
    uint64_t lineage = cursor_u64(cursor);
    uint64_t configuration = cursor_u64(cursor);
    int64_t seen_ms = (int64_t)cursor_u64(cursor);
    uint64_t alert_count = cursor_u64(cursor);
    uint64_t episode_count = cursor_u64(cursor);
    if (cursor->failed) {
        return error_set(err, ERROR_FORMAT, "the judge's state is cut short");
    }
    bool is_same = configuration == judge->configuration;
    judge->lineage = is_same ? lineage : lineage_next(lineage, seen_ms, judge->configuration);
    judge->seen_ms = seen_ms;
    judge->alert_count = alert_count;
    judge->episode_count = episode_count;
    return true;
}

void judge_node_save(const struct judge *judge, uint32_t node, struct buffer *out) {
    struct judge *lookup = (struct judge *)judge; /* episode_find lends what may be changed */
    scorer_node_save(&judge->scorer, node, out);
    for (uint32_t c = 0; c < CLASS_COUNT; c++) {
        bool is_known = node < judge->class_nodes;
        buffer_varint(out,
                      is_known ? (uint64_t)judge->classes_ms[(size_t)node * CLASS_COUNT + c] : 0);
    }
    for (uint8_t direction = DIRECTION_IN; direction <= DIRECTION_OUT; direction++) {
        const struct episode *episode = episode_find(&lookup->episodes, node, direction);
        buffer_u8(out, episode != NULL);
        if (episode != NULL) {
            episode_save(episode, out);
        }
    }
}

bool judge_node_load(struct judge *judge, uint32_t node, struct cursor *cursor, struct error *err) {
    if (!scorer_grow(&judge->scorer, node + 1, err) || !classes_grow(judge, node + 1, err)) {
        return false;
    }
    scorer_node_load(&judge->scorer, node, cursor);
    for (uint32_t c = 0; c < CLASS_COUNT; c++) {
        uint64_t last_ms = cursor_varint(cursor);
        cursor->failed = cursor->failed || last_ms > (uint64_t)(BATCH_TIME_MAX_MS * 2);
        judge->classes_ms[(size_t)node * CLASS_COUNT + c] = cursor->failed ? 0 : (int64_t)last_ms;
    }
    for (uint8_t direction = DIRECTION_IN; direction <= DIRECTION_OUT; direction++) {
        uint8_t has_episode = cursor_u8(cursor);
        cursor->failed = cursor->failed || has_episode > 1;
        if (cursor->failed || has_episode == 0) {
            continue;
        }
        struct episode *episode = episode_open(&judge->episodes, node, direction, err);
        if (episode == NULL) {
            return false;
        }
        episode_load(episode, cursor);
        if (cursor->failed) {
            episode_remove(&judge->episodes, episode);
        }
    }
    return !cursor->failed || error_set(err, ERROR_FORMAT, "a node's baseline, rules or episodes");
}
