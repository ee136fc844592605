/* SPDX-License-Identifier: Apache-2.0 */
/* A peer's few conversations begin in one minute and last for up to half an hour. Three of four
 * peers mostly send to us, the fourth takes as much as we take from others. */
#include "tests/gen/gen_churn.h"

#include "tests/gen/gen_pool.h"

#define TCP 6

double gen_churn_rate(const struct gen_fleet *fleet, uint32_t node, double a_day) {
    return gen_hash(fleet->seed, 0xc402, node) % 10 == 0 ? 10 * a_day : a_day;
}

static void meet(struct gen_traffic *traffic, struct gen_rng *rng, uint32_t index,
                 uint64_t minute_s) {
    const struct gen_node *node = &traffic->fleet->nodes[index];
    uint64_t member = gen_rng_next(rng) >> 16;
    uint32_t count = 1 + gen_rng_below(rng, 4);
    bool is_upload = gen_rng_below(rng, 4) == 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t draw = gen_rng_next(rng);
        struct gen_conversation conversation = {
            .client = { .node = index,
                        .address = node->ipv4,
                        .port = (uint16_t)(32768 + (draw >> 32) % 28232) },
            .server = { .node = GEN_OUTSIDE,
                        .address =
                            gen_pool_address(GEN_STRANGERS, traffic->fleet->seed, member, false),
                        .port = 443 },
            .protocol = TCP,
            .start_s = minute_s + (draw & 0xffff) % 55,
            .offset_us = (uint32_t)(draw >> 16 & 0xffff),
            .duration_s = 1 + gen_rng_log_uniform(rng, 10.8),
        };
        uint64_t small = gen_rng_size(rng, 12, 1.2);
        uint64_t large = gen_rng_size(rng, 17, 1.8);
        gen_conversation_fill(&conversation, is_upload ? large : small, is_upload ? small : large);
        traffic->sink.take(traffic->sink.context, &conversation);
    }
}

void gen_churn_minute(struct gen_traffic *traffic, double a_day, uint64_t minute_s) {
    struct gen_rng rng;
    gen_rng_init(&rng, gen_hash(traffic->fleet->seed, 0xc403, minute_s));
    for (uint32_t i = 0; i < traffic->fleet->node_count && a_day > 0; i++) {
        uint32_t count = gen_rng_poisson(&rng, gen_churn_rate(traffic->fleet, i, a_day) / 1440);
        for (uint32_t k = 0; k < count && traffic->fleet->nodes[i].is_up; k++) {
            meet(traffic, &rng, i, minute_s);
        }
    }
}
