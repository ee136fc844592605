/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "detect/acquaintance.h"

static struct error err;

/* Hashes that differ in the bits that count. */
static uint64_t hash_of(uint32_t number) {
    return (uint64_t)(number + 1) << 33;
}

static void admit(struct acquaintance *peers, uint32_t number, bool is_answered, int64_t hour) {
    struct acquaintance_news news = { hash_of(number), is_answered, false };
    assert_true(acquaintance_admit(peers, &news, 1, hour, &err));
}

static bool knows(const struct acquaintance *peers, uint32_t number, int64_t hour) {
    return acquaintance_find(peers, hash_of(number), hour) != NULL;
}

static void whoever_was_met_is_known_for_32_days(void **state) {
    (void)state;
    struct acquaintance peers;
    acquaintance_init(&peers);
    assert_false(knows(&peers, 1, 500000));
    admit(&peers, 1, true, 500000);
    assert_true(knows(&peers, 1, 500000));
    assert_false(knows(&peers, 2, 500000));
    assert_true(knows(&peers, 1, 500000 + ACQUAINTANCE_HOURS));
    assert_false(knows(&peers, 1, 500001 + ACQUAINTANCE_HOURS));
    struct acquaintance_entry *entry = acquaintance_find(&peers, hash_of(1), 500100);
    assert_true(acquaintance_touch(&peers, entry, 500100));
    assert_false(acquaintance_touch(&peers, entry, 500100));
    assert_true(knows(&peers, 1, 500100 + ACQUAINTANCE_HOURS));
    acquaintance_done(&peers);
}

static void beyond_the_bound_the_silent_go_then_the_oldest(void **state) {
    (void)state;
    struct acquaintance peers;
    acquaintance_init(&peers);
    for (uint32_t i = 0; i < ACQUAINTANCE_MAX - 1; i++) {
        admit(&peers, i, true, 1000 + i);
    }
    admit(&peers, 9000, false, 1400);
    assert_int_equal(peers.count, ACQUAINTANCE_MAX);
    assert_true(knows(&peers, 9000, 1700));
    admit(&peers, 5000, true, 1700); /* the one that never answered makes room */
    assert_false(knows(&peers, 9000, 1700));
    assert_true(knows(&peers, 0, 1700));
    admit(&peers, 5001, true, 1700);
    assert_false(knows(&peers, 0, 1700));
    assert_true(knows(&peers, 1, 1700));
    admit(&peers, 5002, false, 1700); /* does not come in */
    assert_false(knows(&peers, 5002, 1700));
    assert_int_equal(peers.count, ACQUAINTANCE_MAX);
    assert_true(peers.slot_count * sizeof *peers.slots <= 4096);
    acquaintance_done(&peers);
}

static void an_answer_is_remembered(void **state) {
    (void)state;
    struct acquaintance peers;
    acquaintance_init(&peers);
    admit(&peers, 1, false, 10);
    assert_int_equal(acquaintance_find(&peers, hash_of(1), 10)->mark & 1, 0);
    admit(&peers, 1, true, 12);
    admit(&peers, 1, false, 13);
    const struct acquaintance_entry *entry = acquaintance_find(&peers, hash_of(1), 13);
    assert_int_equal(entry->mark & 1, 1);
    assert_int_equal(entry->first, 0);
    assert_int_equal(entry->last, 3);
    acquaintance_done(&peers);
}

static void order_and_repetition_of_news_do_not_show(void **state) {
    (void)state;
    struct acquaintance tables[2];
    struct buffer saved[2];
    for (int turn = 0; turn < 2; turn++) {
        acquaintance_init(&tables[turn]);
        for (int64_t hour = 100; hour < 140; hour++) {
            struct acquaintance_news news[60];
            for (uint32_t i = 0; i < 60; i++) {
                uint32_t k = turn == 0 ? i : 59 - i;
                news[i] = (struct acquaintance_news){ hash_of((uint32_t)hour * 20 + k / 2),
                                                      k % 7 == 0, false };
            }
            assert_true(acquaintance_admit(&tables[turn], news, 60, hour, &err));
        }
        buffer_init(&saved[turn], 1 << 16);
        acquaintance_save(&tables[turn], &saved[turn]);
    }
    assert_true(bytes_equal(buffer_bytes(&saved[0]), buffer_bytes(&saved[1])));
    for (size_t i = 0; i < saved[0].size * 8; i++) { /* one bit wrong: loads or is refused */
        saved[0].data[i / 8] ^= (uint8_t)(1u << i % 8);
        struct cursor cursor = cursor_of(buffer_bytes(&saved[0]));
        assert_true(acquaintance_load(&tables[0], &cursor, &err));
        assert_true(tables[0].count <= ACQUAINTANCE_MAX);
        (void)knows(&tables[0], 7, 150);
        saved[0].data[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (int turn = 0; turn < 2; turn++) {
        acquaintance_done(&tables[turn]);
        buffer_done(&saved[turn]);
    }
}

/* The definition: all in one list, sorted by hash, merged, sorted by worth, cut. */
struct plain {
    struct acquaintance_entry all[ACQUAINTANCE_MAX + 4000];
    uint32_t count;
};

static int compare_marks(const void *a, const void *b) {
    const struct acquaintance_entry *one = a;
    const struct acquaintance_entry *other = b;
    if (one->mark >> 1 != other->mark >> 1) {
        return one->mark >> 1 < other->mark >> 1 ? -1 : 1;
    }
    return one->first - other->first;
}

static int compare_worth(const void *a, const void *b) {
    const struct acquaintance_entry *one = a;
    const struct acquaintance_entry *other = b;
    if ((one->mark & 1) != (other->mark & 1)) {
        return (one->mark & 1) != 0 ? -1 : 1;
    }
    if (one->last != other->last) {
        return one->last > other->last ? -1 : 1;
    }
    if (one->first != other->first) {
        return one->first < other->first ? -1 : 1;
    }
    return (one->mark > other->mark) - (one->mark < other->mark);
}

static void admit_plainly(struct plain *plain, const struct acquaintance_news *news, uint32_t count,
                          uint16_t age) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t mark = (uint32_t)(news[i].hash >> 33) << 1 | news[i].is_answered;
        plain->all[plain->count++] =
            (struct acquaintance_entry){ .mark = mark, .first = age, .last = age };
    }
    qsort(plain->all, plain->count, sizeof *plain->all, compare_marks);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < plain->count; i++) {
        struct acquaintance_entry *entry = &plain->all[i];
        if (entry->last + ACQUAINTANCE_HOURS < age) {
            continue;
        }
        struct acquaintance_entry *into = kept == 0 ? NULL : &plain->all[kept - 1];
        if (into != NULL && into->mark >> 1 == entry->mark >> 1) {
            into->last = into->last > entry->last ? into->last : entry->last;
            into->mark |= entry->mark & 1;
        } else {
            plain->all[kept++] = *entry;
        }
    }
    qsort(plain->all, kept, sizeof *plain->all, compare_worth);
    plain->count = kept < ACQUAINTANCE_MAX ? kept : ACQUAINTANCE_MAX;
}

static void assert_same(const struct acquaintance *peers, const struct plain *plain, int64_t hour) {
    uint32_t known = 0;
    for (uint32_t i = 0; i < peers->slot_count; i++) {
        const struct acquaintance_entry *entry = &peers->slots[i];
        known += entry->mark != 0 && entry->last + ACQUAINTANCE_HOURS >= hour - peers->born_hour;
    }
    assert_int_equal(known, plain->count);
    for (uint32_t i = 0; i < plain->count; i++) {
        const struct acquaintance_entry *want = &plain->all[i];
        const struct acquaintance_entry *entry =
            acquaintance_find(peers, (uint64_t)(want->mark >> 1) << 33, hour);
        assert_non_null(entry);
        assert_memory_equal(entry, want, sizeof *want);
    }
}

/* Windows of 0 to 4,000 news of 60 to 60,000 hashes, hours apart, some so far that most expire. */
static void who_stays_is_what_sorting_all_gives(void **state) {
    (void)state;
    static struct plain plain;
    static struct acquaintance_news news[4000];
    uint64_t random = UINT64_C(88172645463325252);
    for (uint32_t turn = 0; turn < 12; turn++) {
        struct acquaintance peers;
        acquaintance_init(&peers);
        plain.count = 0;
        int64_t hour = 1000;
        uint32_t most = turn % 3 == 0 ? 9 : turn % 3 == 1 ? 200 : 4000;
        uint32_t hashes = turn % 4 < 2 ? 60000 : 60 * (turn + 1);
        for (uint32_t window = 0; window < 120; window++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            uint32_t count = 1 + (uint32_t)(random >> 33) % most;
            for (uint32_t i = 0; i < count; i++) {
                random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
                uint64_t hash = hash_of((uint32_t)(random >> 40) % hashes);
                bool is_fresh = i % 2 == 0 && acquaintance_find(&peers, hash, hour) == NULL;
                bool is_answered = turn % 2 == 0 && (random >> 36 & 15) == 0;
                news[i] = (struct acquaintance_news){ hash, is_answered, is_fresh };
            }
            admit_plainly(&plain, news, count, (uint16_t)(hour - 1000));
            assert_true(acquaintance_admit(&peers, news, count, hour, &err));
            assert_same(&peers, &plain, hour);
            hour += window % 40 == 39 ? 700 : (random >> 20 & 3) == 0;
        }
        acquaintance_done(&peers);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_was_met_is_known_for_32_days),
        cmocka_unit_test(beyond_the_bound_the_silent_go_then_the_oldest),
        cmocka_unit_test(an_answer_is_remembered),
        cmocka_unit_test(order_and_repetition_of_news_do_not_show),
        cmocka_unit_test(who_stays_is_what_sorting_all_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
