/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/telling.h"

#include "detect/bits.h"
#include "detect/say.h"

/* 1 - 2^-(over_hour/2 + over_record/2 + corroborating/2), and less where the data is worse: skipped
 * data hides as much as it shows, sampled counts are estimates, a cut summary blurs only evidence.
 * Not calibrated. */
static double confidence_of(const struct telling *telling, uint32_t quality) {
    double over_hour = (double)telling->measure->over_hour;
    double over_record = (double)telling->measure->over_record;
    double bits = (over_hour > 0 ? over_hour / 2 : 0) + (over_record > 0 ? over_record / 2 : 0) +
                  0.5 * telling->corroborating;
    double confidence = 1.0 - bits_exp2(-bits);
    confidence *= quality & METRIC_SKIPPED ? 0.5 : 1.0;
    confidence *= quality & METRIC_SAMPLED ? 0.75 : 1.0;
    confidence *= quality & METRIC_SPARSE ? 0.5 : 1.0;
    confidence *= quality & METRIC_CUT ? 0.9 : 1.0;
    return confidence;
}

/* One up with a second class; what is over every hour of the day, not only this one, is high. */
static enum alert_severity severity_of(const struct rule_row *row, const struct telling *telling) {
    enum alert_severity severity = row->severity;
    bool is_high = row->high_min > 0 && telling->measure->over_record >= row->high_min;
    severity = is_high && severity < SEVERITY_HIGH ? SEVERITY_HIGH : severity;
    bool may_rise = telling->has_second && severity < SEVERITY_HIGH;
    return may_rise ? (enum alert_severity)(severity + 1) : severity;
}

/* A second class, or for some rules that nobody announced it where changes are announced. */
static bool has_second(const struct rule_row *row, const struct telling *telling,
                       const struct say *say, const struct alert *alert) {
    return telling->has_second || (row->calendar_is_second && say != NULL && say->has_calendar &&
                                   say_plan_of(say, alert) == NULL);
}

/* Data of lesser quality never leads to more than a notice, nor does a rule that wants a second
 * class without one. */
static enum alert_advice advice_of(const struct rule_row *row, const struct telling *telling,
                                   const struct say *say, const struct alert *alert) {
    bool is_bounded =
        alert->quality != 0 || (row->needs_second && !has_second(row, telling, say, alert));
    return is_bounded && row->advice > ADVICE_NOTIFY ? ADVICE_NOTIFY : row->advice;
}

static void name_node(struct alert *alert, const struct scorer *scorer,
                      const struct roster_node *node) {
    alert->cluster = scorer->config.cluster;
    alert->node = node->name;
    alert->identity = node->identity;
    alert->role = node->role;
    alert->interface = node->interface;
}

void telling_alert(const struct telling *telling, const struct scorer *scorer,
                   struct alert *alert) {
    const struct episode *episode = telling->episode;
    const struct rule_row *row = &rule_rows[telling->rule];
    const int64_t born_ms = scorer->baseline.born_ms[episode->node];
    const struct roster_node *node = &telling->roster->nodes[episode->node];
    const struct rule_params *params = rule_sets_find(&scorer->sets, node);
    struct finding_values values =
        finding_values(params, telling->rule, telling->feature, telling->measure);
    name_node(alert, scorer, node);
    alert->state = telling->state;
    alert->class_ = attack_class_name(telling->class_);
    alert->rule = row->name;
    alert->attack[0] = row->attack[0];
    alert->attack[1] = row->attack[1];
    alert->direction = episode->direction;
    alert->feature = telling->feature;
    alert->window_start_ms = telling->end_ms - scorer->config.window_ms;
    alert->window_end_ms = telling->end_ms;
    alert->episode_start_ms = episode->start_ms;
    alert->observed = values.observed;
    alert->expected = values.expected;
    alert->low = values.low;
    alert->high = values.high;
    alert->has_peak = telling->rule == episode->rule && telling->feature == episode->feature;
    alert->peak = alert->has_peak ? (double)episode->peak.value : 0;
    alert->is_scored = values.is_scored;
    alert->record = values.record;
    alert->over_record = values.over_record;
    alert->deviations = values.deviations;
    alert->windows_over = episode->windows_over;
    alert->parameters = rule_params_hash(params);
    alert->threshold = values.threshold;
    alert->score = values.score;
    alert->baseline_age_ms = born_ms == INT64_MIN ? 0 : telling->end_ms - born_ms;
    alert->baseline_samples = telling->samples;
    alert->is_warm = !telling->is_cold;
    alert->quality = episode->quality;
    alert->severity = severity_of(row, telling);
    alert->confidence = confidence_of(telling, alert->quality);
    alert->advice = advice_of(row, telling, scorer->config.say, alert);
}
