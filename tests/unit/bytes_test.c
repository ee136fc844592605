/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void fields_are_little_endian_at_any_alignment(void **state) {
    (void)state;
    static const uint8_t octets[] = { 0xff, 1, 2, 3, 4, 5, 6, 7, 8 };
    assert_int_equal(get_u16(octets + 1), 0x0201);
    assert_int_equal(get_u32(octets + 1), 0x04030201);
    assert_true(get_u64(octets + 1) == UINT64_C(0x0807060504030201));
    uint8_t back[8];
    put_u64(back, UINT64_C(0x0807060504030201));
    assert_memory_equal(back, octets + 1, 8);
}

static void bytes_order_by_content_then_length(void **state) {
    (void)state;
    assert_int_equal(bytes_compare(bytes_text("a"), bytes_text("a")), 0);
    assert_true(bytes_compare(bytes_text("a"), bytes_text("ab")) < 0);
    assert_true(bytes_compare(bytes_text("b"), bytes_text("ab")) > 0);
    assert_true(bytes_compare(bytes_text("\x80"), bytes_text("a")) > 0); /* unsigned */
    assert_int_equal(bytes_compare(bytes_of(NULL, 0), bytes_text("")), 0);
    assert_true(bytes_equal(bytes_of(NULL, 0), bytes_text("")));
}

static void a_failed_read_latches_and_all_later_ones_are_zero(void **state) {
    (void)state;
    struct cursor cursor = cursor_of(bytes_of("\x01\x02\x03\x04\x05", 5));
    assert_int_equal(cursor_u32(&cursor), 0x04030201);
    assert_int_equal(cursor_u16(&cursor), 0); /* one octet is left */
    assert_true(cursor.failed);
    assert_int_equal(cursor_u8(&cursor), 0); /* though it would fit */
    assert_int_equal(cursor_left(&cursor), 0);
    assert_null(cursor_take(&cursor, 0).data);
    assert_int_equal(cursor_varint(&cursor), 0);
    assert_int_equal(cursor_string(&cursor).size, 0);
}

static void nothing_is_read_of_an_empty_view(void **state) {
    (void)state;
    struct cursor cursor = cursor_of(bytes_of(NULL, 0));
    assert_int_equal(cursor_take(&cursor, 0).size, 0);
    assert_false(cursor.failed);
    assert_true(cursor_u64(&cursor) == 0);
    assert_true(cursor.failed);
}

static void a_take_of_more_than_is_left_fails_without_overflow(void **state) {
    (void)state;
    struct cursor cursor = cursor_of(bytes_of("abc", 3));
    assert_int_equal(cursor_take(&cursor, 2).size, 2);
    assert_int_equal(cursor_take(&cursor, SIZE_MAX).size, 0);
    assert_true(cursor.failed);
}

static const struct {
    const char *octets;
    size_t size;
    bool is_valid;
    uint64_t want;
} varints[] = {
    { "\x00", 1, true, 0 },
    { "\x7f", 1, true, 127 },
    { "\x80\x01", 2, true, 128 },
    { "\xff\xff\xff\xff\x0f", 5, true, UINT32_MAX },
    { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, true, UINT64_MAX },
    { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, false, 0 }, /* bit 64 */
    { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10, false, 0 },
    { "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11, false, 0 },
    { "\x80", 1, false, 0 },
    { "\xff\xff", 2, false, 0 },
    { "", 0, false, 0 },
};

static void varints_that_overflow_or_end_early_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(varints); i++) {
        struct cursor cursor = cursor_of(bytes_of(varints[i].octets, varints[i].size));
        uint64_t value = cursor_varint(&cursor);
        if (value != varints[i].want || cursor.failed == varints[i].is_valid) {
            fail_msg("varint %zu: %lu, failed %d", i, value, cursor.failed);
        }
        assert_true(cursor.failed || cursor.offset == varints[i].size);
    }
}

static void every_bit_length_of_varint_and_zigzag_goes_there_and_back(void **state) {
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        for (uint64_t delta = 0; delta < 3; delta++) {
            uint64_t value = (UINT64_C(1) << bit) + delta - 1;
            struct buffer buffer;
            buffer_init(&buffer, 64);
            buffer_varint(&buffer, value);
            struct cursor cursor = cursor_of(buffer_bytes(&buffer));
            assert_true(cursor_varint(&cursor) == value);
            assert_true(zigzag_encode(zigzag_decode(value)) == value);
            buffer_done(&buffer);
        }
    }
    assert_true(zigzag_encode(-1) == 1 && zigzag_encode(1) == 2 && zigzag_encode(-2) == 3);
    assert_true(zigzag_encode(INT64_MIN) == UINT64_MAX);
}

static void a_string_longer_than_what_is_left_is_refused(void **state) {
    (void)state;
    struct cursor cursor = cursor_of(bytes_of("\x03"
                                              "ab",
                                              3));
    assert_int_equal(cursor_string(&cursor).size, 0);
    assert_true(cursor.failed);
    cursor = cursor_of(bytes_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                                "a",
                                11));
    assert_int_equal(cursor_string(&cursor).size, 0);
    assert_true(cursor.failed);
}

static void what_is_written_is_read_back(void **state) {
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 4096);
    buffer_u8(&buffer, 1);
    buffer_u16(&buffer, 0x0203);
    buffer_u32(&buffer, 0x04050607);
    buffer_u64(&buffer, UINT64_C(0x08090a0b0c0d0e0f));
    buffer_string(&buffer, bytes_text("text"));
    buffer_string(&buffer, bytes_of(NULL, 0));
    struct cursor cursor = cursor_of(buffer_bytes(&buffer));
    assert_int_equal(cursor_u8(&cursor), 1);
    assert_int_equal(cursor_u16(&cursor), 0x0203);
    assert_int_equal(cursor_u32(&cursor), 0x04050607);
    assert_true(cursor_u64(&cursor) == UINT64_C(0x08090a0b0c0d0e0f));
    assert_true(bytes_equal(cursor_string(&cursor), bytes_text("text")));
    assert_int_equal(cursor_string(&cursor).size, 0);
    assert_false(cursor.failed);
    assert_int_equal(cursor_left(&cursor), 0);
    buffer_done(&buffer);
}

static void a_put_beyond_the_maximum_writes_nothing_and_latches(void **state) {
    (void)state;
    static const size_t maxima[] = { 1, 4, 255, 256, 257, 300, 1000 };
    for (size_t i = 0; i < COUNT(maxima); i++) {
        struct buffer buffer;
        struct error err = { 0 };
        buffer_init(&buffer, maxima[i]);
        for (size_t k = 0; k < maxima[i]; k++) {
            buffer_u8(&buffer, (uint8_t)k);
        }
        assert_true(buffer_check(&buffer, "x", &err));
        assert_true(buffer.capacity <= maxima[i]); /* doubling stays below the bound, too */
        buffer_u8(&buffer, 0);
        assert_true(buffer.failed);
        assert_int_equal(buffer.size, maxima[i]);
        assert_int_equal(buffer.data[maxima[i] - 1], (uint8_t)(maxima[i] - 1));
        assert_null(buffer_reserve(&buffer, 0));
        assert_false(buffer_check(&buffer, "x", &err));
        assert_int_equal(err.code, ERROR_LIMIT);
        buffer_reset(&buffer);
        buffer_u8(&buffer, 7);
        assert_false(buffer.failed);
        assert_int_equal(buffer.size, 1);
        buffer_done(&buffer);
    }
}

static void a_buffer_of_no_bytes_takes_none(void **state) {
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 0);
    assert_non_null(buffer_reserve(&buffer, 0));
    buffer_put(&buffer, NULL, 0);
    assert_false(buffer.failed);
    buffer_u8(&buffer, 1);
    assert_true(buffer.failed);
    buffer_done(&buffer);
    struct buffer zeroed = { 0 };
    buffer_done(&zeroed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_little_endian_at_any_alignment),
        cmocka_unit_test(bytes_order_by_content_then_length),
        cmocka_unit_test(a_failed_read_latches_and_all_later_ones_are_zero),
        cmocka_unit_test(nothing_is_read_of_an_empty_view),
        cmocka_unit_test(a_take_of_more_than_is_left_fails_without_overflow),
        cmocka_unit_test(varints_that_overflow_or_end_early_are_refused),
        cmocka_unit_test(every_bit_length_of_varint_and_zigzag_goes_there_and_back),
        cmocka_unit_test(a_string_longer_than_what_is_left_is_refused),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(a_put_beyond_the_maximum_writes_nothing_and_latches),
        cmocka_unit_test(a_buffer_of_no_bytes_takes_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
