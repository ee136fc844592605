/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/past.h"

#include "detect/say.h"

/* Windows shorter than this are a capture's: there a reply that is to come comes at once. */
#define TICK_WINDOW_MS INT64_C(60000)

/* The four numbers of a measure are neighbours in the table. */
_Static_assert(RULE_PARAM_LEDGER_BYTES_FLOOR == RULE_PARAM_LEDGER_BYTES_B0 + 3 &&
                   RULE_PARAM_LEDGER_RATE_FLOOR == RULE_PARAM_LEDGER_RATE_B0 + 3 &&
                   RULE_PARAM_LEDGER_LONG_FLOOR == RULE_PARAM_LEDGER_LONG_B0 + 3 &&
                   RULE_PARAM_LEDGER_MINUTES_FLOOR == RULE_PARAM_LEDGER_MINUTES_B0 + 3,
               "b0, a0, alpha and floor, in this order");

/* Minutes of conversations with a rare peer, and bytes sent to it: as the rules say. */
static struct ledger_params ledger_params_of(const struct rule_params *rules) {
    const double *values = rules->values;
    struct ledger_params params;
    ledger_params_init(&params);
    static const enum rule_param firsts[LEDGER_MEASURE_COUNT] = {
        [LEDGER_BYTES] = RULE_PARAM_LEDGER_BYTES_B0,
        [LEDGER_RATE] = RULE_PARAM_LEDGER_RATE_B0,
        [LEDGER_LONG] = RULE_PARAM_LEDGER_LONG_B0,
        [LEDGER_MINUTES] = RULE_PARAM_LEDGER_MINUTES_B0,
    };
    for (uint32_t m = 0; m < LEDGER_MEASURE_COUNT; m++) {
        const double *four = values + firsts[m];
        params.limits[m] = (struct ledger_limit_params){
            .b0 = four[0], .a0 = four[1], .alpha = four[2], .floor = four[3]
        };
    }
    params.little_bytes = values[RULE_PARAM_LED_PERSIST_MOST];
    params.long_minutes = (uint32_t)values[RULE_PARAM_LEDGER_LONG_MINUTES];
    return params;
}

bool past_init(struct past *past, const struct detector_config *config, struct error *err) {
    *past = (struct past){ 0 };
    const struct exchange_settings settings = {
        .entries_max = config->conversations_max,
        .reply_ms = config->window_ms < TICK_WINDOW_MS ? EXCHANGE_TICK_REPLY_MS : EXCHANGE_REPLY_MS,
    };
    const struct ledger_params ledger = ledger_params_of(&config->rules);
    prior_init(&past->prior);
    features_init(&past->features, &past->grouping, &past->fleet, config->warm_up_ms);
    const struct say *say = config->say;
    bool is_said = say != NULL && say->has_prefixes;
    return peer_grouping_init(&past->grouping, NULL, is_said ? say->prefixes : peer_prefixes,
                              is_said ? say->prefix_count : peer_prefix_count, err) &&
           fleet_init(&past->fleet, config->groups_max, err) &&
           exchange_init(&past->exchange, &settings, err) &&
           ledger_init(&past->ledger, &ledger, err);
}

void past_done(struct past *past) {
    features_done(&past->features);
    exchange_done(&past->exchange);
    fleet_done(&past->fleet);
    prior_done(&past->prior);
    ledger_done(&past->ledger);
    peer_grouping_done(&past->grouping);
    *past = (struct past){ 0 };
}

void past_forget(struct past *past, uint32_t node) {
    exchange_forget(&past->exchange, node);
    features_forget(&past->features, node);
    ledger_forget(&past->ledger, node);
}

uint64_t past_node_bytes(const struct past *past, uint32_t node) {
    return features_node_bytes(&past->features, node) + ledger_node_bytes(&past->ledger, node) +
           sizeof(struct port_use);
}

bool past_save(const struct past *past, const struct roster *roster, struct buffer *out,
               struct error *err) {
    prior_save(&past->prior, out);
    fleet_save(&past->fleet, out);
    ledger_save(&past->ledger, out);
    for (uint32_t i = 0; i < roster->order_count; i++) {
        if (!features_node_save(&past->features, roster->order[i], out, err) ||
            !ledger_node_save(&past->ledger, roster->order[i], out, err)) {
            return false;
        }
    }
    return exchange_save(&past->exchange, roster, out, err);
}

bool past_load(struct past *past, struct roster *roster, struct cursor *cursor, struct error *err) {
    prior_load(&past->prior, cursor);
    fleet_load(&past->fleet, cursor);
    ledger_load(&past->ledger, cursor);
    for (uint32_t i = 0; i < roster->order_count && !cursor->failed; i++) {
        if (!features_node_load(&past->features, roster->order[i], cursor, err) ||
            !ledger_node_load(&past->ledger, roster->order[i], cursor, err)) {
            return false;
        }
    }
    return exchange_load(&past->exchange, roster, cursor, err) &&
           (!cursor->failed || error_set(err, ERROR_FORMAT, "what is remembered of nodes"));
}
