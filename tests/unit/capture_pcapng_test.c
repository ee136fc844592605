/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/capture_maker.h"

static void pcapng_is_read_in_either_order(void **state) {
    (void)state;
    for (int is_big = 0; is_big <= 1; is_big++) {
        struct maker maker = maker_of(is_big);
        put_section(&maker);
        put_interface(&maker, 1, (struct interface_wish){ .name = "eth0" });
        put_interface(&maker, 113, (struct interface_wish){ .name = "any", .resolution = 9 });
        put_enhanced(&maker, 1, 1700000000000000001, "one", 3, 60);
        put_enhanced(&maker, 0, 1700000000000001, "four", 4, 4);
        put_enhanced(&maker, 0, 0, "", 0, 1500);
        put_statistics(&maker, 1, 7, 8);
        put_statistics(&maker, 9, 7, 8); /* of no one */
        struct reading reading = read_made(&maker);
        assert_end(&reading, 3);
        assert_text(&reading, "onefour");
        assert_int_equal(reading.frames[0].time_ns, INT64_C(1700000000000000001));
        assert_int_equal(reading.frames[0].link_type, 113);
        assert_int_equal(reading.frames[0].interface, 1);
        assert_int_equal(reading.frames[0].wire_size, 60);
        assert_int_equal(reading.frames[1].time_ns, INT64_C(1700000000000001000));
        assert_int_equal(reading.frames[1].link_type, 1);
        assert_int_equal(reading.frames[2].data.size, 0);
        assert_int_equal(reading.interface_count, 2);
        assert_string_equal(reading.names[0], "eth0");
        assert_string_equal(reading.names[1], "any");
        assert_int_equal(reading.dropped[0], 0);
        assert_int_equal(reading.dropped[1], 15);
        buffer_done(&reading.octets);
    }
}

static void sections_may_differ_in_order_and_number_their_interfaces_on(void **state) {
    (void)state;
    struct maker maker = maker_of(false);
    put_section(&maker);
    put_interface(&maker, 1, (struct interface_wish){ .name = "a" });
    put_enhanced(&maker, 0, 1, "little", 6, 6);
    maker.is_big = true;
    put_section(&maker);
    put_interface(&maker, 101, (struct interface_wish){ .name = "b" });
    put_enhanced(&maker, 0, 2, "big", 3, 3);
    maker.is_big = false;
    put_section(&maker);
    put_enhanced(&maker, 0, 3, "lost", 4, 4);
    struct reading reading = read_made(&maker);
    assert_damaged(&reading, 2, "of an interface that has no block");
    assert_text(&reading, "littlebig");
    assert_int_equal(reading.frames[1].interface, 1);
    assert_int_equal(reading.frames[1].link_type, 101);
    assert_string_equal(reading.names[1], "b");
    buffer_done(&reading.octets);
}

/* Memory for names is bounded by how many interfaces there may be, not by the file. */
static void of_a_long_name_of_an_interface_the_front_is_kept(void **state) {
    (void)state;
    static char name[60001];
    memset(name, 'n', sizeof name - 1);
    struct maker maker = maker_of(false);
    put_section(&maker);
    put_interface(&maker, 1, (struct interface_wish){ .name = name });
    put_interface(&maker, 1, (struct interface_wish){ .name = name + sizeof name - 1 - 256 });
    put_interface(&maker, 1, (struct interface_wish){ .name = name + sizeof name - 1 - 255 });
    struct reading reading = read_made(&maker);
    assert_end(&reading, 0);
    assert_int_equal(strlen(reading.names[0]), 256);
    assert_int_equal(strlen(reading.names[1]), 256);
    assert_int_equal(strlen(reading.names[2]), 255);
    buffer_done(&reading.octets);
}

static void clocks_of_pcapng_tick_as_their_interface_says(void **state) {
    (void)state;
    static const struct {
        uint8_t resolution;
        int64_t offset_s;
        uint64_t ticks;
        int64_t want_ns;
    } clocks[] = {
        { 0, 0, 1700000000123456, INT64_C(1700000000123456000) },
        { 3, 0, 1700000000123, INT64_C(1700000000123000000) },
        { 9, 0, 1700000000123456789, INT64_C(1700000000123456789) },
        { 12, 0, 1999, 1 },       /* picoseconds are cut */
        { 28, 0, UINT64_MAX, 1 }, /* 1.8e19 ticks of 1e-28 s are 1.8 ns */
        { 29, 0, UINT64_MAX, 0 },
        { 0x7F, 0, UINT64_MAX, 0 },
        { 0x80, 0, 17, 17 * NS_PER_S },
        { 0x8A, 0, 1536, 1500000000 }, /* 1/1024 s */
        { 0xA0, 0, UINT64_C(3) << 31, 1500000000 },
        { 0xFF, 0, UINT64_MAX, 0 },
        { 6, 1700000000, 1, INT64_C(1700000000000001000) },
        { 6, -1, 1, -999999000 },
        { 0x80, 0, UINT64_MAX, INT64_MAX },
        { 6, INT64_MAX, 0, INT64_MAX },
        { 6, INT64_MIN, UINT64_MAX, INT64_MIN },
    };
    for (size_t i = 0; i < COUNT(clocks); i++) {
        struct maker maker = maker_of(i % 2 == 1);
        put_section(&maker);
        put_interface(&maker, 1,
                      (struct interface_wish){ .resolution = clocks[i].resolution,
                                               .offset_s = clocks[i].offset_s });
        put_enhanced(&maker, 0, clocks[i].ticks, "x", 1, 1);
        struct reading reading = read_made(&maker);
        assert_end(&reading, 1);
        if (reading.frames[0].time_ns != clocks[i].want_ns) {
            fail_msg("resolution %u: %lld ns, %lld expected", clocks[i].resolution,
                     (long long)reading.frames[0].time_ns, (long long)clocks[i].want_ns);
        }
        buffer_done(&reading.octets);
    }
}

static void simple_and_obsolete_packet_blocks_are_read(void **state) {
    (void)state;
    struct maker maker = maker_of(true);
    put_section(&maker);
    put_interface(&maker, 1, (struct interface_wish){ .snap_size = 4 });
    put_interface(&maker, 101, (struct interface_wish){ 0 });
    size_t at = block_begin(&maker, 3);
    put32(&maker, 3);
    put_padded(&maker, "one", 3);
    block_end(&maker, at);
    at = block_begin(&maker, 2);
    put16(&maker, 1);
    put16(&maker, 0xFFFF);
    put32(&maker, 0);
    put32(&maker, 5000000);
    put32(&maker, 5);
    put32(&maker, 50);
    put_padded(&maker, "obso.", 5);
    block_end(&maker, at);
    at = block_begin(&maker, 3);
    put32(&maker, 1000);
    put_padded(&maker, "snap", 4);
    block_end(&maker, at);
    struct reading reading = read_made(&maker);
    assert_end(&reading, 3);
    assert_text(&reading, "oneobso.snap");
    assert_int_equal(reading.frames[0].time_ns, 0);
    assert_int_equal(reading.frames[1].time_ns, 5 * NS_PER_S);
    assert_int_equal(reading.frames[1].link_type, 101);
    assert_int_equal(reading.frames[1].wire_size, 50);
    assert_int_equal(reading.frames[2].time_ns, 5 * NS_PER_S);
    assert_int_equal(reading.frames[2].wire_size, 1000);
    assert_int_equal(reading.frames[2].data.size, 4);
    buffer_done(&reading.octets);
}

static void blocks_that_are_not_known_are_skipped_whatever_their_length(void **state) {
    (void)state;
    static const uint32_t types[] = { 4, 9, 10, 0xBAD, 0x40000BAD, 0, 0xFFFFFFFF };
    static const size_t sizes[] = { 0, 4, 65536, (size_t)1 << 20, ((size_t)1 << 20) + 4 };
    uint8_t *body = calloc(1, sizes[COUNT(sizes) - 1]);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct maker maker = maker_of(false);
        put_section(&maker);
        put_interface(&maker, 1, (struct interface_wish){ 0 });
        size_t at = block_begin(&maker, types[i]);
        buffer_put(&maker.file, body, sizes[i]);
        block_end(&maker, at);
        put_enhanced(&maker, 0, 1, "behind", 6, 6);
        struct reading reading = read_made(&maker);
        assert_end(&reading, 1);
        assert_text(&reading, "behind");
        buffer_done(&reading.octets);
    }
    free(body);
}

/* A file of one frame, in which the 32-bit field at `at` (from the start, or from the start of the
 * frame's block) is changed. */
static struct reading read_changed(bool is_in_packet, size_t at, uint32_t value) {
    struct maker maker = maker_of(false);
    put_section(&maker);
    put_interface(&maker, 1, (struct interface_wish){ .name = "eth0" });
    put_enhanced(&maker, 0, 1, "first", 5, 5);
    size_t base = is_in_packet ? maker.file.size : 0;
    put_enhanced(&maker, 0, 1, "second", 6, 6);
    put_u32(maker.file.data + base + at, value);
    return read_made(&maker);
}

static void a_block_that_contradicts_itself_is_damage(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint32_t value;
        const char *message;
    } changes[] = {
        { 4, 0, "no size of a block" },
        { 4, 8, "no size of a block" },
        { 4, 41, "no size of a block" },
        { 4, 28, "too short for its type" },
        { 4, 0x7FFFFFFC, "longer than 1 MiB" },
        { 4, 44, "the file ends in it" },
        { 4, 36, "its second size differs" },
        { 8, 1, "of an interface that has no block" },
        { 20, 9, "its frame is longer than the block" },
        { 20, 0xFFFFFFFF, "its frame is longer than the block" },
        { 36, 44, "its second size differs" },
        { 0, 0x0A0D0D0A, "no byte order of a section header" },
        { 0, 1, "an option is longer than the block" },
    };
    for (size_t i = 0; i < COUNT(changes); i++) {
        struct reading reading = read_changed(true, changes[i].at, changes[i].value);
        assert_damaged(&reading, 1, changes[i].message);
        assert_non_null(strstr(reading.err.message, "offset 100"));
        buffer_done(&reading.octets);
    }
}

static void a_first_section_that_is_not_one_is_refused(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint32_t value;
        const char *message;
    } changes[] = {
        { 0, 0x0A0D0D0B, "not a pcap or pcapng file" },
        { 8, 0x1A2B3C4E, "not a pcap or pcapng file" },
        { 4, 24, "too short for its type" },
        { 12, 2, "version 2.0 of pcapng is not known" },
        { 12, 1 | 3 << 16, "version 1.3 of pcapng is not known" },
    };
    for (size_t i = 0; i < COUNT(changes); i++) {
        struct reading reading = read_changed(false, changes[i].at, changes[i].value);
        assert_false(reading.is_open);
        assert_int_equal(reading.err.code, ERROR_FORMAT);
        assert_non_null(strstr(reading.err.message, changes[i].message));
        assert_non_null(strstr(reading.err.message, "offset 0"));
        buffer_done(&reading.octets);
    }
    struct reading reading = read_changed(false, 12, 1 | 2 << 16); /* 1.2 is 1.0 */
    assert_end(&reading, 2);
    buffer_done(&reading.octets);
}

static void an_option_of_a_section_longer_than_the_section_is_refused(void **state) {
    (void)state;
    struct maker maker = maker_of(false);
    size_t at = block_begin(&maker, 0x0A0D0D0A);
    put32(&maker, 0x1A2B3C4D);
    put32(&maker, 1);
    put64(&maker, UINT64_MAX);
    put16(&maker, 4);
    put16(&maker, 12336);
    put32(&maker, 0);
    block_end(&maker, at);
    struct reading reading = read_made(&maker);
    assert_false(reading.is_open);
    assert_non_null(strstr(reading.err.message, "an option is longer than the block"));
    buffer_done(&reading.octets);
}

static void a_pcapng_cut_anywhere_gives_the_frames_in_front_of_the_cut(void **state) {
    (void)state;
    struct maker maker = maker_of(true);
    put_section(&maker);
    put_interface(&maker, 1, (struct interface_wish){ 0 });
    size_t head = maker.file.size;
    put_enhanced(&maker, 0, 1, "first", 5, 5);
    size_t first = maker.file.size;
    put_enhanced(&maker, 0, 1, "second", 6, 6);
    for (size_t size = 0; size <= maker.file.size; size++) {
        struct reading reading;
        read_chunks(bytes_of(maker.file.data, size), 65536, &reading);
        bool is_whole = size == 28 || size == head || size == first || size == maker.file.size;
        if (size < 28) {
            assert_false(reading.is_open);
        } else {
            assert_int_equal(reading.count, size < first ? 0 : size < maker.file.size ? 1 : 2);
            assert_int_equal(reading.result, is_whole ? CAPTURE_END : CAPTURE_DAMAGED);
        }
        buffer_done(&reading.octets);
    }
    buffer_done(&maker.file);
}

static void more_interfaces_than_the_bound_are_damage(void **state) {
    (void)state;
    for (uint32_t count = CAPTURE_INTERFACES_MAX; count <= CAPTURE_INTERFACES_MAX + 1; count++) {
        struct maker maker = maker_of(false);
        put_section(&maker);
        for (uint32_t i = 0; i < count; i++) {
            put_interface(&maker, i, (struct interface_wish){ 0 });
        }
        put_enhanced(&maker, CAPTURE_INTERFACES_MAX - 1, 0, "x", 1, 1);
        struct reading reading = read_made(&maker);
        if (count == CAPTURE_INTERFACES_MAX) {
            assert_end(&reading, 1);
            assert_int_equal(reading.frames[0].link_type, CAPTURE_INTERFACES_MAX - 1);
        } else {
            assert_damaged(&reading, 0, "more interfaces than are read");
        }
        buffer_done(&reading.octets);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcapng_is_read_in_either_order),
        cmocka_unit_test(sections_may_differ_in_order_and_number_their_interfaces_on),
        cmocka_unit_test(of_a_long_name_of_an_interface_the_front_is_kept),
        cmocka_unit_test(clocks_of_pcapng_tick_as_their_interface_says),
        cmocka_unit_test(simple_and_obsolete_packet_blocks_are_read),
        cmocka_unit_test(blocks_that_are_not_known_are_skipped_whatever_their_length),
        cmocka_unit_test(a_block_that_contradicts_itself_is_damage),
        cmocka_unit_test(a_first_section_that_is_not_one_is_refused),
        cmocka_unit_test(an_option_of_a_section_longer_than_the_section_is_refused),
        cmocka_unit_test(a_pcapng_cut_anywhere_gives_the_frames_in_front_of_the_cut),
        cmocka_unit_test(more_interfaces_than_the_bound_are_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
