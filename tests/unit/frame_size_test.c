/* SPDX-License-Identifier: Apache-2.0 */
/* What fits a frame: usual batches of any size do, any small one does, and what does not is cut. */
#include "flow/frame_layout.h"
#include "flow/frame_split.h"
#include "tests/unit/frame_batches.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/frame_fixture.h"

static bool encode(struct fixture *f, const struct batch *batch, struct error *err) {
    buffer_reset(&f->out);
    return frame_encode(f->encoder, batch, &f->out, err);
}

/* `count` records whose every column is random over its whole domain, each with a node and with two
 * IPv6 prefixes of its own: nothing in them can be compressed, packed or shared. */
static void fill_worst(struct fixture *f, uint32_t count) {
    struct batch *b = &f->batch;
    uint64_t *random = &f->seed;
    struct error err = { 0 };
    uint8_t log;
    batch_reset(b);
    b->stamp = (struct batch_stamp){ .reach_ms = 900000, .unit_ms = 1 };
    for (unsigned n = 0; n < BATCH_FLOW_LOGS_MAX; n++) {
        char name[16];
        snprintf(name, sizeof name, "fl-%u", n);
        require(batch_add_flow_log(b, bytes_text(name), &log, &err), &err);
    }
    for (uint32_t i = 0; i < count; i++) {
        char name[32];
        struct address src = { random_next(random), random_next(random) };
        struct address dst = { random_next(random), random_next(random) };
        snprintf(name, sizeof name, "%016llx", (unsigned long long)random_next(random));
        struct batch_node node = { .name = bytes_text(name) };
        require(batch_add_node(b, &node, &b->node[i], &err), &err);
        b->end_ms[i] = (int64_t)random_below(random, BATCH_TIME_MAX_MS);
        b->start_ms[i] = (int64_t)random_below(random, (uint64_t)b->end_ms[i] + 1);
        b->bytes[i] = random_next(random) | UINT64_C(1) << 63;
        b->packets[i] = random_next(random) | UINT64_C(1) << 63;
        b->src[i] = dictionary_code(&b->addresses, src);
        b->dst[i] = dictionary_code(&b->addresses, dst);
        b->src_port[i] = (uint16_t)random_next(random);
        b->dst_port[i] = (uint16_t)random_next(random);
        b->protocol[i] = (uint8_t)random_next(random);
        b->quality[i] = (uint16_t)random_next(random);
        b->tcp_flags[i] = (uint8_t)random_next(random);
        b->direction[i] = (uint8_t)random_below(random, 3);
        b->initiator[i] = (uint8_t)random_below(random, 3);
        b->action[i] = (uint8_t)random_below(random, 3);
        b->flow_log[i] = (uint8_t)random_below(random, BATCH_FLOW_LOGS_MAX);
        b->count++;
    }
    require(batch_check(b, &err), &err);
}

static void any_small_batch_fits(void **state) {
    struct fixture *f = *state;
    struct error err = { 0 };
    fill_worst(f, FRAME_RECORDS_SURE);
    if (!encode(f, &f->batch, &err)) {
        fail_msg("%s", err.message);
    }
    print_message("%u worst records: %zu bytes\n", FRAME_RECORDS_SURE, f->out.size);
    assert_true(f->out.size <= FRAME_SIZE_MAX);
    assert_true(frame_decode(f->decoder, &f->decoded, buffer_bytes(&f->out), FRAME_ALL, &err));
    assert_true(same_records(&f->batch, &f->decoded));
}

static void usual_batches_of_full_size_fit(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *name;
        struct batch_recipe recipe;
    } cases[] = {
        { "milliseconds",
          { .count = 32768,
            .nodes = 2000,
            .locals = 3,
            .peers = 60000,
            .span_ms = 60000,
            .duration_ms = 60000,
            .unit_ms = 1,
            .value_bits = 26,
            .coverage = 2000 } },
        { "IPv6 flood at the bound of addresses",
          { .count = 24000,
            .nodes = 1,
            .locals = 1,
            .peers = 1u << 31,
            .ipv6_percent = 100,
            .span_ms = 10000,
            .duration_ms = 10,
            .unit_ms = 1,
            .value_bits = 11 } },
        { "many nodes",
          { .count = 32768,
            .nodes = 6000,
            .locals = 1,
            .peers = 5000,
            .span_ms = 60000,
            .duration_ms = 60000,
            .unit_ms = 1000,
            .value_bits = 24 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = { 0 };
        fill_random(&f->batch, &cases[i].recipe, f->seed);
        if (!encode(f, &f->batch, &err)) {
            fail_msg("%s: %s", cases[i].name, err.message);
        }
        print_message("%s: %zu bytes, %u octets of addresses\n", cases[i].name, f->out.size,
                      f->batch.addresses.octets);
        assert_true(f->out.size <= FRAME_SIZE_MAX);
    }
}

static void coverage_of_every_minute_of_many_nodes_fits(void **state) {
    struct fixture *f = *state;
    struct error err = { 0 };
    struct batch_recipe recipe = { .nodes = 64, .unit_ms = 1, .value_bits = 1 };
    fill_random(&f->batch, &recipe, f->seed);
    for (uint32_t i = 0; i < BATCH_COVERAGE_MAX; i++) {
        struct batch_coverage row = { .node = (uint16_t)(i % 64),
                                      .kind = COVERAGE_OBSERVED,
                                      .start_ms = 1730000000000 + (int64_t)(i / 64) * 60000,
                                      .end_ms = 1730000060000 + (int64_t)(i / 64) * 60000 };
        assert_true(batch_add_coverage(&f->batch, &row));
    }
    if (!encode(f, &f->batch, &err)) {
        fail_msg("%s", err.message);
    }
    assert_true(frame_decode(f->decoder, &f->decoded, buffer_bytes(&f->out), FRAME_ALL, &err));
    assert_true(same_records(&f->batch, &f->decoded));
}

/* What the frames of a batch and of its halves hold together. */
struct sums {
    uint64_t count;
    uint64_t bytes;
    uint64_t coverage;
    uint64_t dropped;
    uint32_t frames;
};

static void encode_halves(struct fixture *f, const struct batch *batch, struct sums *sums) {
    struct error err = { 0 };
    if (encode(f, batch, &err)) {
        assert_true(f->out.size <= FRAME_SIZE_MAX);
        assert_true(frame_decode(f->decoder, &f->decoded, buffer_bytes(&f->out), FRAME_ALL, &err));
        sums->frames++;
        sums->count += f->decoded.count;
        sums->coverage += f->decoded.coverage_count;
        for (uint32_t i = 0; i < f->decoded.count; i++) {
            sums->bytes += f->decoded.bytes[i];
        }
        for (uint32_t i = 0; i < f->decoded.coverage_count; i++) {
            sums->dropped += f->decoded.coverage[i].dropped;
        }
        return;
    }
    assert_int_equal(err.code, ERROR_LIMIT);
    struct batch halves[2];
    assert_true(batch_init(&halves[0], &err) && batch_init(&halves[1], &err));
    assert_true(frame_split(batch, &halves[0], &halves[1], &err));
    assert_true(batch_check(&halves[0], &err) && batch_check(&halves[1], &err));
    encode_halves(f, &halves[0], sums);
    encode_halves(f, &halves[1], sums);
    batch_done(&halves[0]);
    batch_done(&halves[1]);
}

static void what_does_not_fit_is_cut_and_nothing_is_lost(void **state) {
    struct fixture *f = *state;
    struct sums sums = { 0 };
    uint64_t bytes = 0;
    uint64_t dropped = 0;
    struct batch_recipe recipe = { .count = 32768,
                                   .nodes = 30000,
                                   .locals = 1,
                                   .peers = 5000,
                                   .span_ms = UINT64_C(1) << 38,
                                   .duration_ms = UINT64_C(1) << 38,
                                   .unit_ms = 1,
                                   .value_bits = 64,
                                   .is_wild = true,
                                   .coverage = 60000 };
    fill_random(&f->batch, &recipe, f->seed);
    for (uint32_t i = 0; i < f->batch.count; i++) {
        bytes += f->batch.bytes[i];
    }
    for (uint32_t i = 0; i < f->batch.coverage_count; i++) {
        dropped += f->batch.coverage[i].dropped;
    }
    encode_halves(f, &f->batch, &sums);
    assert_true(sums.frames > 1);
    assert_int_equal(sums.count, 32768);
    assert_int_equal(sums.coverage, 60000);
    assert_true(sums.bytes == bytes && sums.dropped == dropped);
}

static void one_record_cannot_be_cut(void **state) {
    struct fixture *f = *state;
    struct error err = { 0 };
    struct batch other;
    assert_true(batch_init(&other, &err));
    fill_worst(f, 1);
    assert_false(frame_split(&f->batch, &f->decoded, &other, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    batch_done(&other);
}

static void a_feed_with_too_long_a_name_is_refused(void **state) {
    struct fixture *f = *state;
    struct error err = { 0 };
    static uint8_t name[FRAME_FEED_SIZE_MAX + 1];
    fill_worst(f, 1);
    f->batch.stamp.feed = bytes_of(name, sizeof name - 1);
    assert_true(encode(f, &f->batch, &err));
    f->batch.stamp.feed = bytes_of(name, sizeof name);
    assert_false(encode(f, &f->batch, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_small_batch_fits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(usual_batches_of_full_size_fit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(coverage_of_every_minute_of_many_nodes_fits, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_cut_and_nothing_is_lost, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(one_record_cannot_be_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_feed_with_too_long_a_name_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
