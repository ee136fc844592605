/* SPDX-License-Identifier: Apache-2.0 */
/* From bits back to what people read. */
#include "detect/bits.h"
#include "detect/scorer.h"

static double expected_value(enum feature feature, float bits) {
    double scale = (double)feature_rows[feature].scale;
    double value = bits_to_value((double)bits, scale);
    return value > scale ? value : scale;
}

struct finding_values finding_values(const struct rule_params *params, enum rule rule,
                                     enum feature feature, const struct finding_measure *measure) {
    struct finding_values values = { .observed = (double)measure->value };
    if (feature >= FEATURE_SCORED_COUNT) {
        values.score = (double)measure->over_hour;
        values.high = (double)measure->limit;
        values.threshold = (double)measure->limit;
        return values;
    }
    const struct rule_row *row = &rule_rows[rule];
    const double *numbers = params->values;
    const double scale = (double)feature_rows[feature].scale;
    const double y = (double)bits_of_value(measure->value, 1.0f / feature_rows[feature].scale);
    const double mu = (double)measure->expected;
    const double d = (double)measure->deviation;
    const double hour = y - (double)measure->over_hour;
    const double record = y - (double)measure->over_record;
    values.expected = expected_value(feature, measure->expected);
    values.low = bits_to_value(mu - 2 * d, scale);
    /* A cold node of which nothing is known can only fire by what asks for no record. */
    values.is_scored = record < (double)SCORE_UNBOUNDED - 1;
    if (values.is_scored) {
        values.score = (double)measure->over_hour;
        values.high = bits_to_value(hour, scale);
        values.record = bits_to_value(record, scale);
        values.over_record = (double)measure->over_record;
        values.deviations = d > 0 ? (y - mu) / d : 0;
    }
    double demands[3] = { 0 };
    if (row->floor != RULE_PARAM_COUNT && row->screen == feature) {
        demands[0] = numbers[row->floor];
    }
    if (row->margin != RULE_PARAM_COUNT) {
        demands[1] = bits_to_value(hour + numbers[row->margin], scale);
    }
    /* Of z and the all-time record, the lower bar is enough. */
    double by_z = row->z == RULE_PARAM_COUNT ? 1e9 : mu + numbers[row->z] * d;
    double by_record = row->record == RULE_PARAM_COUNT ? 1e9 : record + numbers[row->record];
    double lower = by_z < by_record ? by_z : by_record;
    demands[2] = lower < 1e9 ? bits_to_value(lower, scale) : 0;
    for (size_t i = 0; i < sizeof demands / sizeof demands[0]; i++) {
        values.threshold = demands[i] > values.threshold ? demands[i] : values.threshold;
    }
    return values;
}
