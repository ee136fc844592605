/* SPDX-License-Identifier: Apache-2.0 */
/* The frame from outside: what goes in comes out, and nothing that comes in does harm. */
#include "flow/frame.h"

#include "flow/frame_layout.h"
#include "flow/spread.h"
#include "tests/unit/frame_batches.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/frame_fixture.h"

static void encode(struct fixture *f) {
    struct error err = { 0 };
    buffer_reset(&f->out);
    if (!frame_encode(f->encoder, &f->batch, &f->out, &err)) {
        fail_msg("encode: %s", err.message);
    }
}

static void decode(struct fixture *f) {
    struct error err = { 0 };
    if (!frame_decode(f->decoder, &f->decoded, buffer_bytes(&f->out), FRAME_ALL, &err)) {
        fail_msg("decode: %s", err.message);
    }
    if (!batch_check(&f->decoded, &err)) {
        fail_msg("check: %s", err.message);
    }
}

/* A fleet's everyday, in small. */
static const struct batch_recipe everyday = { .count = 5000,
                                              .nodes = 20,
                                              .locals = 1,
                                              .peers = 500,
                                              .span_ms = 60000,
                                              .duration_ms = 59000,
                                              .unit_ms = 1000,
                                              .value_bits = 20 };

static const struct batch_recipe tiny = { .count = 9,
                                          .nodes = 2,
                                          .locals = 2,
                                          .peers = 3,
                                          .ipv6_percent = 40,
                                          .span_ms = 90000,
                                          .duration_ms = 70000,
                                          .unit_ms = 1000,
                                          .value_bits = 12,
                                          .is_wild = true,
                                          .coverage = 2,
                                          .labels = 2 };

static const struct {
    const char *name;
    struct batch_recipe recipe;
} cases[] = {
    { "one record",
      { .count = 1,
        .nodes = 1,
        .locals = 1,
        .peers = 1,
        .span_ms = 0,
        .unit_ms = 1,
        .value_bits = 1 } },
    { "a block",
      { .count = 4096,
        .nodes = 3,
        .locals = 1,
        .peers = 9,
        .span_ms = 100,
        .duration_ms = 5,
        .unit_ms = 1,
        .value_bits = 9 } },
    { "a block and one",
      { .count = 4097,
        .nodes = 3,
        .locals = 1,
        .peers = 9,
        .span_ms = 100,
        .duration_ms = 5,
        .unit_ms = 1,
        .value_bits = 9 } },
    { "constant times",
      { .count = 300,
        .nodes = 3,
        .locals = 2,
        .peers = 9,
        .span_ms = 0,
        .duration_ms = 0,
        .unit_ms = 1,
        .value_bits = 64,
        .is_wild = true } },
    { "pods",
      { .count = 32768,
        .nodes = 5,
        .locals = 60,
        .peers = 2000,
        .span_ms = 60000,
        .duration_ms = 60000,
        .unit_ms = 1,
        .value_bits = 30,
        .labels = 400 } },
    { "IPv6 and IPv4",
      { .count = 8000,
        .nodes = 50,
        .locals = 3,
        .peers = 6000,
        .ipv6_percent = 50,
        .span_ms = 600000,
        .duration_ms = 60000,
        .unit_ms = 1000,
        .value_bits = 40,
        .labels = 50 } },
    { "IPv6 only",
      { .count = 12000,
        .nodes = 7,
        .locals = 1,
        .peers = 20000,
        .ipv6_percent = 100,
        .span_ms = 60000,
        .duration_ms = 60000,
        .unit_ms = 500,
        .value_bits = 24 } },
    { "wild",
      { .count = 12000,
        .nodes = 300,
        .locals = 5,
        .peers = 10000,
        .ipv6_percent = 10,
        .span_ms = UINT64_C(200000000000),
        .duration_ms = UINT64_C(1000000000000),
        .unit_ms = 1,
        .value_bits = 64,
        .is_wild = true,
        .coverage = 300 } },
    { "a port scan",
      { .count = 32768,
        .nodes = 2,
        .locals = 1,
        .peers = 2,
        .span_ms = 30000,
        .duration_ms = 1000,
        .unit_ms = 1000,
        .value_bits = 8 } },
};

static void a_frame_gives_back_its_records_in_order(void **state) {
    struct fixture *f = *state;
    fill_random(&f->batch, &everyday, f->seed);
    encode(f);
    decode(f);
    assert_true(same_records(&f->batch, &f->decoded));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fill_random(&f->batch, &cases[i].recipe, f->seed + i);
        encode(f);
        decode(f);
        if (!same_records(&f->batch, &f->decoded)) {
            fail_msg("%s, seed %llu", cases[i].name, (unsigned long long)f->seed);
        }
    }
}

static void the_header_says_what_the_columns_say(void **state) {
    struct fixture *f = *state;
    struct frame_header header;
    struct error err = { 0 };
    fill_random(&f->batch, &everyday, f->seed);
    f->batch.quality[7] |= QUALITY_TWIN;
    encode(f);
    assert_true(frame_header_read(&header, buffer_bytes(&f->out), &err));
    uint64_t bytes = 0;
    uint64_t packets = 0;
    int64_t min_ms = INT64_MAX;
    int64_t max_ms = 0;
    for (uint32_t i = 0; i < f->batch.count; i++) {
        bytes += f->batch.bytes[i];
        packets += f->batch.packets[i];
        min_ms = f->batch.start_ms[i] < min_ms ? f->batch.start_ms[i] : min_ms;
        max_ms = f->batch.end_ms[i] > max_ms ? f->batch.end_ms[i] : max_ms;
    }
    assert_int_equal(header.count, f->batch.count);
    assert_int_equal(header.bytes, bytes);
    assert_int_equal(header.packets, packets);
    assert_int_equal(header.min_ms, min_ms);
    assert_int_equal(header.max_ms, max_ms);
    assert_int_equal(header.twin_count, 1);
    assert_int_equal(header.size, f->out.size);
    assert_int_equal(header.stamp.inc, 3);
    assert_int_equal(header.stamp.partition, 1);
    assert_int_equal(header.stamp.parts, 2);
    assert_int_equal(header.stamp.flags, BATCH_LATE);
    assert_int_equal(header.stamp.tick_ms, 10000);
}

static void an_empty_batch_keeps_its_stamp_and_coverage(void **state) {
    struct fixture *f = *state;
    struct batch_recipe recipe = { .nodes = 2, .coverage = 5, .unit_ms = 1, .value_bits = 1 };
    struct frame_minute minutes[1];
    uint32_t count = 1;
    bool has_totals = false;
    struct error err = { 0 };
    fill_random(&f->batch, &recipe, f->seed);
    f->batch.stamp.flags = BATCH_EMPTY | BATCH_END;
    f->batch.stamp.low_ms = INT64_MIN;
    encode(f);
    decode(f);
    assert_true(same_records(&f->batch, &f->decoded));
    assert_true(frame_minutes(buffer_bytes(&f->out), minutes, &count, &has_totals, &err));
    assert_int_equal(count, 0);
    assert_true(has_totals);
    batch_reset(&f->batch);
    encode(f);
    decode(f);
    assert_int_equal(f->out.size, 120 + 8 + 8);
}

static void a_column_alone_is_the_same_column(void **state) {
    struct fixture *f = *state;
    struct error err = { 0 };
    struct batch all;
    assert_true(batch_init(&all, &err));
    fill_random(&f->batch, &cases[7].recipe, f->seed);
    encode(f);
    assert_true(frame_decode(f->decoder, &all, buffer_bytes(&f->out), FRAME_ALL, &err));
    for (unsigned column = 0; column < FRAME_COLUMN_COUNT; column++) {
        assert_true(
            frame_decode(f->decoder, &f->decoded, buffer_bytes(&f->out), 1u << column, &err));
#define COLUMN(name, field)                                                                        \
    case name:                                                                                     \
        assert_memory_equal(f->decoded.field, all.field, all.count * sizeof *all.field);           \
        break;
        switch (column) {
            COLUMN(FRAME_START, start_ms)
            COLUMN(FRAME_END, end_ms)
            COLUMN(FRAME_BYTES, bytes)
            COLUMN(FRAME_PACKETS, packets)
            COLUMN(FRAME_ADDRESSES, src)
            COLUMN(FRAME_PORTS, dst_port)
            COLUMN(FRAME_NODE, node)
            COLUMN(FRAME_QUALITY, quality)
            COLUMN(FRAME_TCP_FLAGS, tcp_flags)
            COLUMN(FRAME_DIRECTION, direction)
            COLUMN(FRAME_INITIATOR, initiator)
            COLUMN(FRAME_ACTION, action)
            COLUMN(FRAME_FLOW_LOG, flow_log)
        }
#undef COLUMN
    }
    batch_done(&all);
}

static void the_same_batch_gives_the_same_bytes(void **state) {
    struct fixture *f = *state;
    struct error err = { 0 };
    fill_random(&f->batch, &everyday, f->seed);
    encode(f);
    size_t size = f->out.size;
    uint8_t *first = malloc(size);
    memcpy(first, f->out.data, size);
    fill_random(&f->batch, &cases[7].recipe, f->seed); /* another in between, with other scratch */
    encode(f);
    fill_random(&f->batch, &everyday, f->seed);
    encode(f);
    assert_int_equal(f->out.size, size);
    assert_memory_equal(f->out.data, first, size);
    struct frame_encoder *other = frame_encoder_new(&err);
    buffer_reset(&f->out);
    assert_true(frame_encode(other, &f->batch, &f->out, &err));
    assert_memory_equal(f->out.data, first, size);
    frame_encoder_free(other);
    free(first);
}

static void check_minutes(struct fixture *f, uint64_t duration_ms, unsigned value_bits) {
    static struct frame_minute minutes[FRAME_MINUTES_MAX];
    uint32_t count;
    bool has_totals;
    struct error err = { 0 };
    struct batch_recipe recipe = everyday;
    recipe.duration_ms = duration_ms;
    recipe.value_bits = value_bits;
    fill_random(&f->batch, &recipe, f->seed);
    encode(f);
    assert_true(frame_minutes(buffer_bytes(&f->out), minutes, &count, &has_totals, &err));
    assert_true(has_totals);
    uint64_t bytes = 0;
    for (uint32_t m = 0; m < count; m++) {
        struct frame_minute want = { .minute = minutes[m].minute };
        for (uint32_t i = 0; i < f->batch.count; i++) {
            struct spread s = spread_of(f->batch.start_ms[i], f->batch.end_ms[i], 1000, 600000);
            int64_t from = want.minute * 60000;
            want.bytes += spread_until(s, f->batch.bytes[i], from + 60000) -
                          spread_until(s, f->batch.bytes[i], from);
            want.packets += spread_until(s, f->batch.packets[i], from + 60000) -
                            spread_until(s, f->batch.packets[i], from);
            want.flows += spread_window(s.to_ms - 1, 60000) == want.minute;
        }
        assert_true(minutes[m].flows == want.flows);
        assert_true(minutes[m].packets == want.packets);
        assert_true(minutes[m].bytes == want.bytes);
        assert_true(m == 0 || minutes[m].minute > minutes[m - 1].minute);
        bytes += want.bytes;
    }
    struct frame_header header;
    assert_true(frame_header_read(&header, buffer_bytes(&f->out), &err));
    assert_true(bytes == header.bytes);
}

static void minutes_are_those_of_a_plain_sum(void **state) {
    static const uint64_t durations_ms[] = { 1, 50000, 119000, 900000 /* more than the reach */ };
    static const unsigned value_bits[] = { 6, 32, 33, 64 };
    for (size_t d = 0; d < sizeof durations_ms / sizeof *durations_ms; d++) {
        for (size_t v = 0; v < sizeof value_bits / sizeof *value_bits; v++) {
            check_minutes(*state, durations_ms[d], value_bits[v]);
        }
    }
}

static void minutes_are_left_out_when_there_are_too_many(void **state) {
    struct fixture *f = *state;
    static struct frame_minute minutes[FRAME_MINUTES_MAX];
    uint32_t count;
    bool has_totals;
    struct error err = { 0 };
    struct batch_recipe recipe = everyday;
    recipe.span_ms = 60000ull * (FRAME_MINUTES_MAX + 100);
    fill_random(&f->batch, &recipe, f->seed);
    encode(f);
    assert_true(frame_minutes(buffer_bytes(&f->out), minutes, &count, &has_totals, &err));
    assert_false(has_totals);
    assert_int_equal(count, 0);
    decode(f);
}

static bool batch_uses(const struct batch *batch, struct address address) {
    for (uint32_t i = 0; i < batch->count; i++) {
        if (address_equal(batch->addresses.values[batch->src[i]], address) ||
            address_equal(batch->addresses.values[batch->dst[i]], address)) {
            return true;
        }
    }
    return false;
}

static void an_address_is_found_exactly_when_a_record_has_it(void **state) {
    struct fixture *f = *state;
    struct error err = { 0 };
    struct batch_recipe recipe = cases[5].recipe;
    recipe.count = 700;
    fill_random(&f->batch, &recipe, f->seed);
    /* One in the dictionary that no record has. */
    dictionary_code(&f->batch.addresses, address_from_ipv4(0x01020304));
    encode(f);
    for (uint32_t code = 0; code < f->batch.addresses.count; code++) {
        struct address near[5];
        for (uint32_t k = 0; k < 5; k++) {
            near[k] = f->batch.addresses.values[code];
        }
        near[1].low++;
        near[2].low--;
        near[3].high++;
        near[4].high--;
        for (uint32_t k = 0; k < 5; k++) {
            bool has = false;
            assert_true(frame_has_address(buffer_bytes(&f->out), near[k], &has, &err));
            assert_int_equal(has, batch_uses(&f->batch, near[k]));
        }
    }
}

static void every_flipped_byte_is_an_error_or_a_valid_batch(void **state) {
    struct fixture *f = *state;
    struct error err = { 0 };
    fill_random(&f->batch, &tiny, f->seed);
    encode(f);
    for (size_t at = 0; at < f->out.size; at++) {
        for (unsigned flip = 1; flip < 256; flip++) {
            f->out.data[at] ^= (uint8_t)flip;
            if (frame_decode(f->decoder, &f->decoded, buffer_bytes(&f->out), FRAME_ALL, &err)) {
                /* The totals' section has a checksum of its own, which only its reader compares. */
                assert_true(batch_check(&f->decoded, &err));
                assert_true(same_records(&f->batch, &f->decoded));
            } else {
                assert_int_equal(f->decoded.count, 0);
            }
            f->out.data[at] ^= (uint8_t)flip;
        }
    }
}

static void every_truncation_is_an_error(void **state) {
    struct fixture *f = *state;
    struct error err = { 0 };
    struct frame_header header;
    fill_random(&f->batch, &tiny, f->seed);
    encode(f);
    for (size_t size = 0; size < f->out.size; size++) {
        uint8_t *copy = malloc(size + 1); /* of its exact size, for AddressSanitizer */
        memcpy(copy, f->out.data, size);
        assert_false(frame_header_read(&header, bytes_of(copy, size), &err));
        assert_false(frame_decode(f->decoder, &f->decoded, bytes_of(copy, size), FRAME_ALL, &err));
        assert_int_equal(err.code, ERROR_FORMAT);
        free(copy);
    }
}

static void bytes_behind_a_frame_are_left_alone(void **state) {
    struct fixture *f = *state;
    fill_random(&f->batch, &tiny, f->seed);
    encode(f);
    buffer_put(&f->out, "more", 4);
    decode(f);
    assert_true(same_records(&f->batch, &f->decoded));
}

static void a_newer_version_is_refused_by_name(void **state) {
    struct fixture *f = *state;
    struct error err = { 0 };
    fill_random(&f->batch, &tiny, f->seed);
    encode(f);
    f->out.data[4] = 2;
    assert_false(frame_decode(f->decoder, &f->decoded, buffer_bytes(&f->out), FRAME_ALL, &err));
    assert_int_equal(err.code, ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "version 2"));
}

/* Inserts a section with a number that nobody knows behind all others. */
static void insert_unknown_section(struct buffer *frame) {
    struct frame_view view;
    struct error err = { 0 };
    assert_true(frame_view_open(&view, buffer_bytes(frame), &err));
    struct frame_prologue prologue = view.prologue;
    size_t header_size = prologue.size;
    size_t directory_size = (size_t)FRAME_DIRECTORY_ENTRY * prologue.section_count;
    size_t rest = frame->size - header_size - directory_size;
    uint8_t feed[64];
    memcpy(feed, prologue.header.stamp.feed.data, prologue.header.stamp.feed.size);
    prologue.header.stamp.feed.data = feed;
    assert_non_null(buffer_reserve(frame, FRAME_DIRECTORY_ENTRY + 5));
    uint8_t *entry = frame->data + header_size + directory_size;
    memmove(entry + FRAME_DIRECTORY_ENTRY, entry, rest - FRAME_SLACK);
    uint8_t *end = entry + FRAME_DIRECTORY_ENTRY + rest - FRAME_SLACK;
    memcpy(end, "other", 5);
    memset(end + 5, 0, FRAME_SLACK);
    struct frame_section section = { .bytes = bytes_of(end, 5) };
    frame_entry_write(entry, 60000, &section);
    frame->size += FRAME_DIRECTORY_ENTRY + 5;
    prologue.section_count++;
    prologue.header.size = (uint32_t)frame->size;
    prologue.header.body_checksum =
        frame_checksum(bytes_of(frame->data + header_size, directory_size + FRAME_DIRECTORY_ENTRY));
    frame_header_write(frame->data, &prologue);
}

static void an_unknown_section_is_skipped(void **state) {
    struct fixture *f = *state;
    fill_random(&f->batch, &tiny, f->seed);
    encode(f);
    insert_unknown_section(&f->out);
    decode(f);
    assert_true(same_records(&f->batch, &f->decoded));
}

static void an_encoder_out_of_room_leaves_the_buffer_as_it_was(void **state) {
    struct fixture *f = *state;
    struct error err = { 0 };
    struct buffer small;
    buffer_init(&small, 100);
    buffer_put(&small, "front", 5);
    fill_random(&f->batch, &tiny, f->seed);
    assert_false(frame_encode(f->encoder, &f->batch, &small, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_int_equal(small.size, 5);
    buffer_put(&small, "more", 4);
    assert_false(small.failed);
    buffer_done(&small);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_frame_gives_back_its_records_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_header_says_what_the_columns_say, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_batch_keeps_its_stamp_and_coverage, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_column_alone_is_the_same_column, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_batch_gives_the_same_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(minutes_are_those_of_a_plain_sum, set_up, tear_down),
        cmocka_unit_test_setup_teardown(minutes_are_left_out_when_there_are_too_many, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_address_is_found_exactly_when_a_record_has_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(every_flipped_byte_is_an_error_or_a_valid_batch, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(every_truncation_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_behind_a_frame_are_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_newer_version_is_refused_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unknown_section_is_skipped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_encoder_out_of_room_leaves_the_buffer_as_it_was, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
