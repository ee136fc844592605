/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/capture_maker.h"

static void pcap_is_read_in_either_order_and_unit(void **state) {
    (void)state;
    static const struct {
        bool is_big;
        uint32_t magic;
        int64_t unit_ns;
    } forms[] = {
        { false, 0xA1B2C3D4, 1000 },
        { true, 0xA1B2C3D4, 1000 },
        { false, 0xA1B23C4D, 1 },
        { true, 0xA1B23C4D, 1 },
    };
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct maker maker = maker_of(forms[i].is_big);
        put_pcap_header(&maker, forms[i].magic, 113);
        put_record(&maker, 1700000000, 123456, "one", 3, 60);
        put_record(&maker, 1700000001, 0, "", 0, 1500);
        put_record(&maker, 1700000000, 999999, "three", 5, 5);
        struct reading reading = read_made(&maker);
        assert_end(&reading, 3);
        assert_text(&reading, "onethree");
        assert_int_equal(reading.frames[0].time_ns,
                         1700000000 * NS_PER_S + 123456 * forms[i].unit_ns);
        assert_int_equal(reading.frames[0].wire_size, 60);
        assert_int_equal(reading.frames[0].link_type, 113);
        assert_int_equal(reading.frames[0].data.size, 3);
        assert_int_equal(reading.frames[1].data.size, 0);
        assert_int_equal(reading.frames[1].wire_size, 1500);
        assert_int_equal(reading.interface_count, 1);
        assert_string_equal(reading.names[0], "");
        buffer_done(&reading.octets);
    }
}

static void pcap_times_go_on_after_2038_and_add_what_fractions_say(void **state) {
    (void)state;
    struct maker maker = maker_of(false);
    put_pcap_header(&maker, 0xA1B2C3D4, 1);
    put_record(&maker, UINT32_MAX, 999999, "x", 1, 1);
    put_record(&maker, 1, 1000000, "x", 1, 1);
    put_record(&maker, 0, UINT32_MAX, "x", 1, 1);
    struct reading reading = read_made(&maker);
    assert_end(&reading, 3);
    assert_int_equal(reading.frames[0].time_ns, INT64_C(4294967295999999000));
    assert_int_equal(reading.frames[1].time_ns, 2 * NS_PER_S);
    assert_int_equal(reading.frames[2].time_ns, INT64_C(4294967295000));
    buffer_done(&reading.octets);

    maker = maker_of(true);
    put_pcap_header(&maker, 0xA1B23C4D, 1);
    put_record(&maker, 0, UINT32_MAX, "x", 1, 1);
    reading = read_made(&maker);
    assert_end(&reading, 1);
    assert_int_equal(reading.frames[0].time_ns, INT64_C(4294967295));
    buffer_done(&reading.octets);
}

static void pcap_keeps_its_link_type_and_drops_what_says_how_long_a_checksum_is(void **state) {
    (void)state;
    static const uint32_t types[][2] = {
        { 101, 101 }, { 0x14000001, 1 }, { 276, 276 }, { 0x03FFFFFF, 0x03FFFFFF }
    };
    for (size_t i = 0; i < COUNT(types); i++) {
        struct maker maker = maker_of(false);
        put_pcap_header(&maker, 0xA1B2C3D4, types[i][0]);
        put_record(&maker, 1, 1, "x", 1, 1);
        struct reading reading = read_made(&maker);
        assert_end(&reading, 1);
        assert_int_equal(reading.frames[0].link_type, types[i][1]);
        buffer_done(&reading.octets);
    }
}

static void a_pcap_cut_anywhere_gives_the_frames_in_front_of_the_cut(void **state) {
    (void)state;
    struct maker maker = maker_of(false);
    put_pcap_header(&maker, 0xA1B2C3D4, 1);
    put_record(&maker, 1, 1, "first", 5, 5);
    put_record(&maker, 1, 1, "second", 6, 6);
    size_t ends[] = { 24, 24 + 21, 24 + 21 + 22 };
    for (size_t size = 0; size <= maker.file.size; size++) {
        struct reading reading;
        read_chunks(bytes_of(maker.file.data, size), 65536, &reading);
        uint32_t whole = size < ends[1] ? 0 : size < ends[2] ? 1 : 2;
        if (size < 24) {
            assert_false(reading.is_open);
            assert_non_null(strstr(reading.err.message, "offset"));
        } else if (size == ends[whole]) {
            assert_end(&reading, whole);
        } else {
            char offset[32];
            (void)snprintf(offset, sizeof offset, "offset %zu:", size);
            assert_damaged(&reading, whole, offset);
        }
        buffer_done(&reading.octets);
    }
    buffer_done(&maker.file);
}

static void a_pcap_record_longer_than_any_frame_is_damage(void **state) {
    (void)state;
    static const uint32_t link_types[] = { 1, 231 }; /* of the second libpcap takes 128 MiB */
    for (size_t i = 0; i < COUNT(link_types); i++) {
        struct maker maker = maker_of(false);
        put_pcap_header(&maker, 0xA1B2C3D4, link_types[i]);
        put_u32(maker.file.data + 16, 1 << 20); /* else libpcap cuts it to this length */
        put_record(&maker, 1, 1, "first", 5, 5);
        uint8_t *frame = calloc(1, CAPTURE_FRAME_MAX + 1);
        put_record(&maker, 1, 1, frame, CAPTURE_FRAME_MAX, CAPTURE_FRAME_MAX);
        put_record(&maker, 1, 1, frame, CAPTURE_FRAME_MAX + 1, CAPTURE_FRAME_MAX + 1);
        free(frame);
        struct reading reading = read_made(&maker);
        assert_damaged(&reading, 2, "offset");
        buffer_done(&reading.octets);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcap_is_read_in_either_order_and_unit),
        cmocka_unit_test(pcap_times_go_on_after_2038_and_add_what_fractions_say),
        cmocka_unit_test(pcap_keeps_its_link_type_and_drops_what_says_how_long_a_checksum_is),
        cmocka_unit_test(a_pcap_cut_anywhere_gives_the_frames_in_front_of_the_cut),
        cmocka_unit_test(a_pcap_record_longer_than_any_frame_is_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
