/* SPDX-License-Identifier: Apache-2.0 */
/* The fast parsers and the plain one give the same batches, counts and rejects: on random layouts,
 * on random values, on lines with octets changed, with pieces that end anywhere. */
#include "tests/unit/aws_object.inc.h"

#define SEED_DEFAULT UINT64_C(88172645463325252)
#define TEXT_MAX ((size_t)1 << 20)

static uint64_t state64;

static uint64_t next_random(void) {
    state64 ^= state64 << 13;
    state64 ^= state64 >> 7;
    state64 ^= state64 << 17;
    return state64;
}

static uint32_t below(uint32_t bound) {
    return (uint32_t)((next_random() >> 32) * bound >> 32);
}

static uint64_t seed_of_run(void) {
    const char *text = getenv("SEED");
    return text == NULL ? SEED_DEFAULT : strtoull(text, NULL, 10) | 1;
}

/* Every field that a record reads, some that it skips, and one that no version has. */
static const char *const NAMES[] = {
    "version",     "account-id",     "interface-id", "srcaddr",   "dstaddr",      "srcport",
    "dstport",     "protocol",       "packets",      "bytes",     "start",        "end",
    "action",      "log-status",     "instance-id",  "tcp-flags", "pkt-srcaddr",  "pkt-dstaddr",
    "resource-id", "flow-direction", "vpc-id",       "region",    "traffic-path", "new-field",
};
#define NAME_COUNT (sizeof NAMES / sizeof NAMES[0])
#define DEFAULT_COUNT 14u

struct layout {
    uint32_t names[NAME_COUNT];
    uint32_t count;
};

/* The default layout, or a subset of all fields in any order that mostly has what a record needs.
 */
static struct layout random_layout(void) {
    struct layout layout = { .count = 0 };
    if (below(3) == 0) {
        for (uint32_t i = 0; i < DEFAULT_COUNT; i++) {
            layout.names[layout.count++] = i;
        }
        return layout;
    }
    for (uint32_t i = 0; i < NAME_COUNT; i++) {
        bool is_needed = i == 2 || i == 3 || i == 4 || i == 10 || i == 11;
        if (below(is_needed ? 40 : 4) != 0) {
            layout.names[layout.count++] = i;
        }
    }
    for (uint32_t i = layout.count; i > 1; i--) {
        uint32_t other = below(i);
        uint32_t name = layout.names[other];
        layout.names[other] = layout.names[i - 1];
        layout.names[i - 1] = name;
    }
    return layout;
}

static int put_address(char *at) {
    uint32_t kind = below(20);
    if (kind == 0) {
        return sprintf(at, "2001:db8::%x:%x", below(3), below(5));
    }
    if (kind == 1) {
        static const char *const ODD[] = { "256.1.1.1", "01.2.3.4", "1.2.3",     "::ffff:10.0.0.1",
                                           "1.2.3.4.5", "0.0.0.0",  "1..2.3",    "255.255.255.255",
                                           "10.0.0.00", "::",       "1.2.3.4/8", "fe80::1%eth0" };
        return sprintf(at, "%s", ODD[below(12)]);
    }
    return kind < 10 ? sprintf(at, "10.0.%u.%u", below(2), below(30))
                     : sprintf(at, "%u.%u.%u.%u", below(256), below(256), below(256), below(256));
}

static int put_number(char *at, uint64_t maximum) {
    static const char *const ODD[] = { "65535",
                                       "65536",
                                       "255",
                                       "256",
                                       "99999999",
                                       "100000000",
                                       "9223372036854775807",
                                       "9223372036854775808",
                                       "00",
                                       "007",
                                       "12345678901234567890",
                                       "+1",
                                       "1e3",
                                       "0",
                                       "4294967296",
                                       "9999999999999999" };
    if (below(30) == 0) {
        return sprintf(at, "%s", ODD[below(16)]);
    }
    uint64_t value = (next_random() >> below(60)) % (maximum + 1);
    return sprintf(at, "%llu", (unsigned long long)value);
}

static int put_word(char *at, const char *const *words, uint32_t count) {
    return sprintf(at, "%s", words[below(count)]);
}

static int put_id(char *at, const char *front) {
    if (below(50) == 0) {
        return sprintf(at, "%s%040u", front, below(20)); /* longer than a short key */
    }
    return below(5) == 0 ? sprintf(at, "%s%x", front, below(20))
                         : sprintf(at, "%s%017x", front, below(20));
}

static int put_value(char *at, uint32_t name) {
    static const char *const ACTIONS[] = { "ACCEPT", "REJECT", "ACCEPT", "ACCEPT", "ACCEPTED" };
    static const char *const STATUSES[] = { "OK", "OK", "OK",     "OK",       "OK",  "OK",
                                            "OK", "OK", "NODATA", "SKIPDATA", "OKAY" };
    static const char *const DIRECTIONS[] = { "ingress", "egress", "egress", "in" };
    if (below(40) == 0) {
        return sprintf(at, "-");
    }
    switch (name) {
    case 0: return put_number(at, 11);
    case 1: return below(8) == 0 ? sprintf(at, "unknown") : sprintf(at, "123456789012");
    case 2: return put_id(at, "eni-");
    case 3:
    case 4:
    case 16:
    case 17: return put_address(at);
    case 5:
    case 6: return put_number(at, 65535);
    case 7: return put_number(at, 255);
    case 15: return put_number(at, 31);
    case 8: return put_number(at, 100000);
    case 9: return put_number(at, UINT64_C(1) << 50);
    case 10: return sprintf(at, "%u", 1700000000 + below(100));
    case 11: return sprintf(at, "%u", 1700000040 + below(100));
    case 12: return put_word(at, ACTIONS, below(20) == 0 ? 5 : 4);
    case 13: return put_word(at, STATUSES, below(20) == 0 ? 11 : 10);
    case 14: return below(3) == 0 ? sprintf(at, "-") : put_id(at, "i-");
    case 18: return sprintf(at, "nat-%u", below(3));
    case 19: return put_word(at, DIRECTIONS, below(30) == 0 ? 4 : 3);
    default: return sprintf(at, "text%u", below(1000));
    }
}

static const char *line_end(void) {
    static const char *const ENDS[] = { "\r\n", " \n", "\n\n", "\n" };
    return below(20) == 0 ? ENDS[below(4)] : "\n";
}

static size_t put_line(char *at, const struct layout *layout, bool is_header) {
    size_t size = 0;
    if (below(30) == 0) {
        size += (size_t)sprintf(at, "2018-09-22T20:28:14.000Z ");
    }
    for (uint32_t i = 0; i < layout->count; i++) {
        if (i > 0) {
            at[size++] = ' ';
            if (below(200) == 0) {
                at[size++] = below(2) == 0 ? ' ' : '\t';
            }
        }
        uint32_t name = layout->names[i];
        size += is_header ? (size_t)sprintf(at + size, "%s", NAMES[name])
                          : (size_t)put_value(at + size, name);
    }
    return size + (size_t)sprintf(at + size, "%s", line_end());
}

static void mutate(char *text, size_t size) {
    static const char CHANGES[] = " \n\r\t-.:0129aTZ\x01\x80";
    for (uint32_t left = below(4); left > 0; left--) {
        size_t at = below((uint32_t)size);
        text[at] =
            below(2) == 0 ? CHANGES[below(sizeof CHANGES)] : (char)(text[at] ^ 1 << below(8));
    }
}

static size_t put_object(char *text, uint32_t lines) {
    struct layout layout = random_layout();
    size_t size = put_line(text, &layout, true);
    for (uint32_t i = 0; i < lines && size < TEXT_MAX - 2048; i++) {
        if (below(300) == 0) {
            layout = random_layout();
            size += put_line(text + size, &layout, true);
        }
        size_t line = put_line(text + size, &layout, false);
        if (below(8) == 0) {
            mutate(text + size, line);
        }
        size += line;
    }
    return size;
}

static bool are_same_rejects(const struct flat *a, const struct flat *b) {
    bool is_same = a->reject_count == b->reject_count;
    for (uint32_t i = 0; is_same && i < a->reject_count; i++) {
        is_same = a->rejects[i].reason == b->rejects[i].reason &&
                  a->rejects[i].line == b->rejects[i].line &&
                  strcmp(a->rejects[i].excerpt, b->rejects[i].excerpt) == 0;
    }
    return is_same;
}

static void assert_same(const char *text, size_t size, size_t piece_size, uint64_t seed) {
    struct object plain = { .text = text, .size = size, .is_scalar = true };
    struct object fast = { .text = text, .size = size, .piece_size = piece_size };
    struct flat a;
    struct flat b;
    object_read(&plain, &a);
    object_read(&fast, &b);
    for (size_t i = 0; i < a.count && i < b.count; i++) {
        if (memcmp(&a.records[i], &b.records[i], sizeof a.records[i]) != 0) {
            fail_msg("record %zu differs; SEED=%llu", i, (unsigned long long)seed);
        }
    }
    if (a.hash != b.hash || memcmp(&a.counts, &b.counts, sizeof a.counts) != 0 ||
        !are_same_rejects(&a, &b)) {
        fail_msg("batches, counts or rejects differ; SEED=%llu", (unsigned long long)seed);
    }
    flat_done(&a);
    flat_done(&b);
}

/* Without a fast parser there is nothing to compare, and that must be seen. */
static void need_fast(void) {
    if (aws_fast_of(CPU_AVX512).lines == NULL) {
        print_message("SKIPPED: this processor has no fast parser of AWS flow logs\n");
        skip();
    }
}

static void fast_and_plain_agree_on_random_objects(void **state) {
    (void)state;
    need_fast();
    char *text = malloc(TEXT_MAX);
    state64 = seed_of_run();
    for (int round = 0; round < 150; round++) {
        uint64_t seed = state64;
        size_t size = put_object(text, 1 + below(round % 10 == 0 ? 4000 : 300));
        size_t piece = below(3) == 0 ? 1 + below(5000) : INPUT_PIECE_SIZE;
        assert_same(text, size, piece, seed);
    }
    free(text);
}

/* One line with each of its octets set to each value: 100 octets, 256 values. */
static void fast_and_plain_agree_whatever_one_octet_is(void **state) {
    (void)state;
    need_fast();
    static const char *const LINES[] = {
        "2 123456789012 eni-1235b8ca123456789 172.31.16.139 10.0.0.21 20641 22 6 20 4249 "
        "1418530010 "
        "1418530070 ACCEPT OK\n",
        "2 123456789012 eni-1235b8ca123456789 1.2.3.4 255.25.2.21 2 65535 17 20000 123456789 "
        "1999999999 1999999999 REJECT OK\r\n",
        /* A word of 40 octets that begins like an address: its length modulo 32 fits one. */
        "2 123456789012 eni-1235b8ca123456789 10.0.0.1zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz 9.9.9.9 2 5 "
        "6 2 "
        "1 1999999999 1999999999 REJECT OK\n",
    };
    char text[4096];
    for (size_t k = 0; k < 3; k++) {
        size_t size = strlen(LINES[k]);
        for (size_t at = 0; at < size; at++) {
            /* Sixteen copies an object, each with another value, behind a line that makes the
             * interface known. */
            for (unsigned first = 0; first < 256; first += 16) {
                size_t used = (size_t)sprintf(text, "%s", LINES[0]);
                for (unsigned value = first; value < first + 16; value++) {
                    memcpy(text + used, LINES[k], size);
                    text[used + at] = (char)value;
                    used += size;
                }
                memcpy(text + used, LINES[k], size);
                assert_same(text, used + size, INPUT_PIECE_SIZE, at << 16 | first);
            }
        }
    }
}

/* Agreeing is easy for a parser that declines every line. Each reads 1,000 usual lines behind the
 * first one, which the plain parser takes so that the interface is known. */
static void assert_takes_all(const char *format, const char *line, bool is_default) {
    struct error err;
    struct aws_layout layout;
    struct aws_rows rows;
    struct batch batch;
    struct aws_record record;
    enum reject_reason reason;
    size_t size = strlen(line);
    char *text = calloc(1, 1000 * size + INPUT_PADDING);
    for (size_t i = 0; i < 1000; i++) {
        memcpy(text + i * size, line, size);
    }
    assert_true(batch_init(&batch, &err));
    assert_true(aws_layout_parse(&layout, bytes_text(format), &err));
    assert_int_equal(layout.is_default, is_default);
    assert_true(aws_rows_init(&rows, NULL, &err) && aws_rows_set_layout(&rows, &layout, &err));
    aws_rows_begin(&rows, &batch);
    assert_int_equal(aws_line_parse(&layout, bytes_of(line, size - 1), &record, &reason),
                     AWS_LINE_RECORD);
    assert_int_equal(aws_rows_add(&rows, &record), AWS_ADDED);
    const uint8_t *begin = (const uint8_t *)text;
    const uint8_t *end = begin + 1000 * size;
    struct aws_fast fast = aws_fast_of(CPU_AVX512);
    aws_burst *burst = is_default && fast.default_lines != NULL ? fast.default_lines : fast.lines;
    const uint8_t *at = burst(&rows, begin, end, SIZE_MAX);
    assert_int_equal(at - begin, end - begin);
    assert_int_equal(rows.count, 1001);
    aws_rows_end(&rows);
    aws_rows_done(&rows);
    batch_done(&batch);
    free(text);
}

static void usual_lines_are_not_declined(void **state) {
    (void)state;
    need_fast();
    assert_takes_all("version account-id interface-id srcaddr dstaddr srcport dstport protocol "
                     "packets bytes start end action log-status",
                     "2 123456789012 eni-1235b8ca123456789 172.31.16.139 10.0.0.21 20641 22 6 20 "
                     "4249 1418530010 1418530070 ACCEPT OK\n",
                     true);
    assert_takes_all(
        "version srcaddr dstaddr srcport dstport protocol start end type packets bytes "
        "account-id vpc-id instance-id interface-id action tcp-flags pkt-srcaddr "
        "pkt-dstaddr traffic-path flow-direction log-status",
        "5 2001:db8::1 10.0.0.71 80 34210 6 1616729292 1616729349 IPv4 14 15044 "
        "123456789012 vpc-abcdefab012345678 i-0c50d5961bcb2d47b eni-1235b8ca123456789 "
        "ACCEPT - 52.95.128.179 - - ingress OK\r\n",
        false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_lines_are_not_declined),
        cmocka_unit_test(fast_and_plain_agree_on_random_objects),
        cmocka_unit_test(fast_and_plain_agree_whatever_one_octet_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
