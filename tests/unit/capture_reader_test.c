/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/capture_maker.h"

#include <zstd.h>

/* Frames of all sizes up to the bound, so that blocks cross the pieces of the input anywhere. */
static struct maker maker_of_many(bool is_pcapng) {
    struct maker maker = maker_of(is_pcapng);
    uint8_t *frame = malloc(CAPTURE_FRAME_MAX);
    for (size_t i = 0; i < CAPTURE_FRAME_MAX; i++) {
        frame[i] = (uint8_t)(i * 7 + i / 256);
    }
    if (is_pcapng) {
        put_section(&maker);
        put_interface(&maker, 1, (struct interface_wish){ 0 });
    } else {
        put_pcap_header(&maker, 0xA1B2C3D4, 1);
    }
    for (size_t i = 0; i < 40; i++) {
        size_t size = i == 20 ? CAPTURE_FRAME_MAX : i * i * i;
        if (is_pcapng) {
            put_enhanced(&maker, 0, i, frame + i, size - (i == 20 ? i : 0), (uint32_t)size);
        } else {
            put_record(&maker, 0, (uint32_t)i, frame + i, size - (i == 20 ? i : 0), (uint32_t)size);
        }
    }
    free(frame);
    assert_false(maker.file.failed);
    return maker;
}

static void assert_same(const struct reading *a, const struct reading *b) {
    assert_end(a, 40);
    assert_end(b, 40);
    for (uint32_t i = 0; i < 40; i++) {
        assert_int_equal(a->frames[i].time_ns, b->frames[i].time_ns);
        assert_int_equal(a->frames[i].wire_size, b->frames[i].wire_size);
        assert_int_equal(a->frames[i].data.size, b->frames[i].data.size);
    }
    assert_true(bytes_equal(buffer_bytes(&a->octets), buffer_bytes(&b->octets)));
}

static void a_capture_is_the_same_in_chunks_and_compressed(void **state) {
    (void)state;
    struct reading first = { 0 };
    for (int is_pcapng = 0; is_pcapng <= 1; is_pcapng++) {
        struct maker maker = maker_of_many(is_pcapng);
        struct bytes file = buffer_bytes(&maker.file);
        struct reading whole;
        read_chunks(file, 65536, &whole);
        struct reading other;
        read_chunks(file, 777, &other);
        assert_same(&whole, &other);
        buffer_done(&other.octets);
        size_t bound = ZSTD_compressBound(file.size);
        uint8_t *packed = malloc(bound);
        size_t size = ZSTD_compress(packed, bound, file.data, file.size, 3);
        read_chunks(bytes_of(packed, size), 65536, &other);
        assert_same(&whole, &other);
        buffer_done(&other.octets);
        read_chunks(bytes_of(packed, size / 2), 65536, &other);
        assert_damaged(&other, other.count, "offset");
        assert_true(other.count > 0);
        buffer_done(&other.octets);
        free(packed);
        if (is_pcapng) { /* both formats hold the same frames */
            assert_same(&first, &whole);
            buffer_done(&whole.octets);
        } else {
            first = whole;
        }
        buffer_done(&maker.file);
    }
    buffer_done(&first.octets);
}

static void what_is_no_capture_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "\xd4",
        "version account-id interface-id\n2 123 eni-1\n",
        "\n\r\r\n",
        "\xd4\xc3\xb2\xa1",
        "\xd4\xc3\xb2\xa1\x01",
        "\x1f\x8b\x08",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct reading reading;
        read_chunks(bytes_text(texts[i]), 65536, &reading);
        assert_false(reading.is_open);
        assert_int_equal(reading.err.code, ERROR_FORMAT);
        buffer_done(&reading.octets);
    }
}

static void captures_are_recognised_by_their_front(void **state) {
    (void)state;
    assert_true(capture_recognise(bytes_of("\xd4\xc3\xb2\xa1", 4)));
    assert_true(capture_recognise(bytes_of("\xa1\xb2\xc3\xd4", 4)));
    assert_true(capture_recognise(bytes_of("\x4d\x3c\xb2\xa1", 4)));
    assert_true(capture_recognise(bytes_of("\xa1\xb2\x3c\x4d", 4)));
    assert_true(capture_recognise(bytes_of("\x34\xcd\xb2\xa1", 4)));
    assert_true(capture_recognise(bytes_of("\n\r\r\n\x1c\0\0\0\x4d\x3c\x2b\x1a", 12)));
    assert_true(capture_recognise(bytes_of("\n\r\r\n\0\0\0\x1c\x1a\x2b\x3c\x4d", 12)));
    assert_false(capture_recognise(bytes_of("\n\r\r\n\0\0\0\x1c\x1a\x2b\x3c\x4e", 12)));
    assert_false(capture_recognise(bytes_of("\n\r\r\n\0\0\0\x1c\x1a\x2b\x3c", 11)));
    assert_false(capture_recognise(bytes_of("\xd4\xc3\xb2", 3)));
    assert_false(capture_recognise(bytes_of(NULL, 0)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_capture_is_the_same_in_chunks_and_compressed),
        cmocka_unit_test(what_is_no_capture_is_refused),
        cmocka_unit_test(captures_are_recognised_by_their_front),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
