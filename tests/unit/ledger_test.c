/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "detect/ledger.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define BORN (20000 * DAY)

static struct error err;

static void begin(struct ledger *ledger) {
    struct ledger_params params;
    ledger_params_init(&params);
    assert_true(ledger_init(ledger, &params, &err));
    ledger_begin(ledger, BORN, BORN + MINUTE);
}

/* One to which nothing is suspect, and all is little: these are tests of their own. */
static void begin_trusting(struct ledger *ledger) {
    begin(ledger);
    ledger->params.suspect = 1e-9;
    ledger->params.little_bytes = 1e15;
}

static struct ledger_contact contact_of(uint32_t number, uint64_t bytes_out) {
    return (struct ledger_contact){ .group = (number + 1) * UINT64_C(0x9e3779b97f4a7c15),
                                    .peer = address_from_ipv4(0x08000000 + number),
                                    .bytes_out = bytes_out,
                                    .bytes_in = 100,
                                    .port = 443,
                                    .is_rare = true };
}

/* One window of a node. */
static struct ledger_reading take(struct ledger *ledger, int64_t start_ms, int64_t length_ms,
                                  uint32_t node, struct ledger_contact *contacts, uint32_t count) {
    struct ledger_reading reading;
    ledger_begin(ledger, start_ms, start_ms + length_ms);
    assert_true(ledger_take(ledger, node, contacts, count, &reading, &err));
    return reading;
}

static struct ledger_reading take_one(struct ledger *ledger, int64_t start_ms,
                                      struct ledger_contact contact) {
    return take(ledger, start_ms, MINUTE, 0, &contact, 1);
}

static void save_all(const struct ledger *ledger, uint32_t nodes, struct buffer *out) {
    buffer_init(out, 1 << 20);
    ledger_save(ledger, out);
    for (uint32_t i = 0; i < nodes; i++) {
        assert_true(ledger_node_save(ledger, i, out, &err));
    }
}

static bool load_all(struct ledger *ledger, uint32_t nodes, struct bytes bytes) {
    struct ledger_params params;
    ledger_params_init(&params);
    assert_true(ledger_init(ledger, &params, &err));
    struct cursor cursor = cursor_of(bytes);
    ledger_load(ledger, &cursor);
    for (uint32_t i = 0; i < nodes; i++) {
        assert_true(ledger_node_load(ledger, i, &cursor, &err));
    }
    return !cursor.failed && cursor_left(&cursor) == 0;
}

/* --- peers ----------------------------------------------------------------------------------- */

static void bytes_to_a_rare_peer_add_up(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    struct ledger_reading reading = { 0 };
    for (int64_t i = 0; i < 90; i++) {
        reading = take_one(&ledger, BORN + i * MINUTE, contact_of(1, 20000));
    }
    assert_true(reading.bytes_out == 90 * 20000.0 && reading.bytes_in == 9000);
    assert_true(reading.minutes == 90);
    const struct ledger_entry *entry = ledger_entry(&ledger, 0, reading.bytes_index);
    assert_int_equal(ledger_entry_first_ms(entry), BORN);
    assert_int_equal(ledger_entry_last_ms(entry), BORN + 89 * MINUTE);
    assert_int_equal(entry->port, 443);
    assert_true(address_equal(entry->peer, address_from_ipv4(0x08000001)));
    reading = take(&ledger, BORN + 90 * MINUTE, MINUTE, 0, NULL, 0);
    assert_true(reading.bytes_out == 0 && reading.minutes == 0);
    assert_int_equal(reading.bytes_index, LEDGER_NONE);
    assert_null(ledger_entry(&ledger, 0, LEDGER_NONE));
    ledger_done(&ledger);
}

static void a_peer_that_is_not_rare_now_is_passed_over(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    struct ledger_contact contact = contact_of(1, 20000);
    (void)take_one(&ledger, BORN, contact);
    contact.is_rare = false;
    struct ledger_reading reading = take_one(&ledger, BORN + MINUTE, contact);
    assert_int_equal(reading.bytes_index, LEDGER_NONE);
    contact.is_rare = true;
    reading = take_one(&ledger, BORN + 2 * MINUTE, contact);
    assert_true(reading.bytes_out == 40000 && reading.minutes == 2);
    ledger_done(&ledger);
}

static void a_small_peer_is_taken_in_with_its_second_minute(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    assert_int_equal(take_one(&ledger, BORN, contact_of(1, 9999)).bytes_index, LEDGER_NONE);
    struct ledger_reading reading = take_one(&ledger, BORN + 10 * MINUTE, contact_of(1, 1));
    assert_true(reading.bytes_out == 10000 && reading.minutes == 2);
    assert_true(take_one(&ledger, BORN + 11 * MINUTE, contact_of(2, 10000)).bytes_out == 10000);
    ledger_done(&ledger);
}

static void ten_kilobytes_within_a_minute_count_over_its_windows(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    struct ledger_reading reading = { 0 };
    for (int64_t i = 0; i < 5; i++) {
        struct ledger_contact contact = contact_of(1, 2000);
        reading = take(&ledger, BORN + i * 10 * SECOND, 10 * SECOND, 0, &contact, 1);
        assert_true(reading.bytes_out == (i < 4 ? 0 : 10000));
    }
    assert_true(reading.minutes == 1);
    ledger_done(&ledger);
}

static void a_scan_does_not_push_out_who_comes_back(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    struct ledger_contact contacts[500];
    for (int64_t minute = 0; minute < 30; minute++) {
        contacts[0] = contact_of(0, 300);
        for (uint32_t i = 1; i < 500; i++) {
            contacts[i] = contact_of((uint32_t)minute * 1000 + i, 60);
        }
        struct ledger_reading reading =
            take(&ledger, BORN + minute * MINUTE, MINUTE, 0, contacts, 500);
        assert_true(reading.bytes_out == (minute == 0 ? 0 : 300.0 * (double)(minute + 1)));
    }
    assert_true(ledger_node_bytes(&ledger, 0) < 1792);
    assert_int_equal(ledger_node_bytes(&ledger, 7), sizeof(struct ledger_node));
    assert_non_null(ledger_entry(&ledger, 0, 0));
    assert_null(ledger_entry(&ledger, 0, 1));
    ledger_done(&ledger);
}

/* The entry of a peer that contact_of makes, or NULL. */
static const struct ledger_entry *entry_of(const struct ledger *ledger, uint32_t number) {
    for (uint8_t i = 0; i < LEDGER_ENTRIES_MAX; i++) {
        const struct ledger_entry *entry = ledger_entry(ledger, 0, i);
        if (entry != NULL && entry->group == contact_of(number, 0).group) {
            return entry;
        }
    }
    return NULL;
}

static void beyond_the_bound_the_fewest_bytes_go(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    for (uint32_t i = 0; i < LEDGER_ENTRIES_MAX; i++) {
        (void)take_one(&ledger, BORN + i * MINUTE, contact_of(i, 20000 + i * 100));
    }
    (void)take_one(&ledger, BORN + 20 * MINUTE, contact_of(50, 11000));
    assert_non_null(entry_of(&ledger, 50)); /* though it has the fewest: it must begin somehow */
    assert_null(entry_of(&ledger, 0));
    assert_non_null(entry_of(&ledger, 1));
    (void)take_one(&ledger, BORN + 21 * MINUTE, contact_of(51, 11000));
    assert_non_null(entry_of(&ledger, 51));
    assert_null(entry_of(&ledger, 50));
    ledger_done(&ledger);
}

static void who_was_idle_for_a_day_goes_first(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    (void)take_one(&ledger, BORN, contact_of(0, 1000000000)); /* a lot, but long ago */
    for (uint32_t i = 1; i < LEDGER_ENTRIES_MAX; i++) {
        (void)take_one(&ledger, BORN + 2 * HOUR + i * MINUTE, contact_of(i, 20000 + i * 100));
    }
    (void)take_one(&ledger, BORN + DAY + MINUTE, contact_of(50, 11000));
    assert_null(entry_of(&ledger, 0));
    assert_non_null(entry_of(&ledger, 1));
    assert_non_null(entry_of(&ledger, 50));
    ledger_done(&ledger);
}

static void of_more_than_fit_in_one_window_the_largest_stay(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    struct ledger_contact contacts[40];
    for (uint32_t i = 0; i < 40; i++) {
        contacts[i] = contact_of(i, 20000 + i);
    }
    struct ledger_reading reading = take(&ledger, BORN, MINUTE, 0, contacts, 40);
    assert_true(reading.bytes_out == 20039);
    for (uint32_t i = 0; i < 40; i++) {
        assert_int_equal(entry_of(&ledger, i) != NULL, i >= 40 - LEDGER_ENTRIES_MAX);
    }
    ledger_done(&ledger);
}

static void a_download_does_not_hide_an_upload(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    struct ledger_contact contacts[2] = { contact_of(1, 90000000), contact_of(2, 6000000) };
    contacts[0].bytes_in = 900000000;
    struct ledger_reading reading = take(&ledger, BORN, MINUTE, 0, contacts, 2);
    assert_true(reading.bytes_out == 6000000);
    contacts[0] = contact_of(1, 90000000);
    contacts[0].bytes_in = 900000000;
    reading = take(&ledger, BORN + MINUTE, MINUTE, 0, contacts, 1);
    assert_true(reading.bytes_out == 180000000 && reading.bytes_in == 1800000000);
    ledger_done(&ledger);
}

/* The same contacts, whole or in parts, in both orders, over nodes in both orders. */
static void run_mixed(struct ledger *ledger, bool is_reverse) {
    for (int64_t w = 0; w < 4000; w++) {
        ledger_begin(ledger, BORN + w * MINUTE, BORN + (w + 1) * MINUTE);
        for (uint32_t k = 0; k < 3; k++) {
            uint32_t node = is_reverse ? 2 - k : k;
            struct ledger_contact contacts[60];
            uint32_t count = 0;
            uint32_t seed = (uint32_t)w * 7919 + node * 104729;
            for (uint32_t i = 0; i < 10 + seed % 20; i++) {
                struct ledger_contact contact =
                    contact_of((seed / 3 + i * i) % 90, (seed % 11 + i) % 7 * 4000);
                contact.bytes_in = i * 3000;
                contact.is_rare = (seed + i) % 3 != 0;
                contacts[count++] = contact;
                if (i % 2 == 0) { /* another address of the same group, another port */
                    contact.peer.low += 5;
                    contact.port = 80;
                    contact.bytes_out = i;
                    contacts[count++] = contact;
                }
            }
            for (uint32_t i = 0; is_reverse && i < count / 2; i++) {
                struct ledger_contact kept = contacts[i];
                contacts[i] = contacts[count - 1 - i];
                contacts[count - 1 - i] = kept;
            }
            struct ledger_reading reading;
            assert_true(ledger_take(ledger, node, contacts, count, &reading, &err));
            if (reading.bytes_out > reading.limits[LEDGER_BYTES].threshold / 8) {
                ledger_fired(ledger, node, LEDGER_BYTES);
            }
        }
    }
}

static void the_order_of_contacts_and_nodes_does_not_show(void **state) {
    (void)state;
    struct buffer saved[2];
    for (int turn = 0; turn < 2; turn++) {
        struct ledger ledger;
        begin(&ledger);
        run_mixed(&ledger, turn == 1);
        save_all(&ledger, 3, &saved[turn]);
        ledger_done(&ledger);
    }
    assert_true(bytes_equal(buffer_bytes(&saved[0]), buffer_bytes(&saved[1])));
    buffer_done(&saved[0]);
    buffer_done(&saved[1]);
}

/* --- minutes and gaps ------------------------------------------------------------------------- */

static void active_minutes_are_minutes_whatever_the_window(void **state) {
    (void)state;
    static const struct {
        int64_t length_ms;
        int64_t step_ms; /* from one active window to the next */
        uint32_t count;
        double minutes;
    } cases[] = {
        { 10 * SECOND, 10 * SECOND, 360, 60 }, /* an hour, each window */
        { 60 * SECOND, 60 * SECOND, 60, 60 },  { 600 * SECOND, 600 * SECOND, 6, 60 },
        { 10 * SECOND, 60 * SECOND, 60, 60 },  /* once a minute */
        { 10 * SECOND, 30 * SECOND, 120, 60 }, /* twice */
        { 90 * SECOND, 90 * SECOND, 40, 60 },  /* windows that share a minute */
        { 60 * SECOND, 600 * SECOND, 7, 7 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ledger ledger;
        begin(&ledger);
        struct ledger_reading reading = { 0 };
        for (uint32_t n = 0; n < cases[i].count; n++) {
            struct ledger_contact contact = contact_of(1, 20000);
            reading =
                take(&ledger, BORN + n * cases[i].step_ms, cases[i].length_ms, 0, &contact, 1);
        }
        if (reading.minutes != cases[i].minutes) {
            fail_msg("case %zu: %g minutes", i, reading.minutes);
        }
        ledger_done(&ledger);
    }
}

static void a_peer_that_comes_like_a_clock_is_a_beacon(void **state) {
    (void)state;
    for (int turn = 0; turn < 2; turn++) { /* every 5 minutes; now and then one later */
        struct ledger ledger;
        begin(&ledger);
        int64_t at_ms = BORN;
        for (uint32_t i = 0; i < 30; i++) {
            (void)take_one(&ledger, at_ms, contact_of(1, 500));
            const struct ledger_entry *entry = entry_of(&ledger, 1);
            assert_int_equal(entry != NULL && ledger_entry_is_beacon(entry), turn == 0 && i >= 12);
            at_ms += (turn == 0 || i % 3 != 0 ? 5 : 7) * MINUTE;
        }
        const struct ledger_entry *entry = entry_of(&ledger, 1);
        assert_int_equal(entry->gap_count, 29);
        assert_true(turn == 1 || entry->gap_mean_s == 300);
        ledger_done(&ledger);
    }
}

static void whom_a_rule_fired_by_is_remembered_longest(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    (void)take_one(&ledger, BORN + MINUTE, contact_of(1, 10000000));
    ledger_fired(&ledger, 0, LEDGER_BYTES);
    for (uint32_t i = 2; i <= 16; i++) {
        (void)take_one(&ledger, BORN + i * MINUTE, contact_of(i, 30000));
    }
    for (uint32_t i = 0; i < 15; i++) { /* fifteen others make room */
        (void)take_one(&ledger, BORN + 2 * DAY + i * MINUTE, contact_of(100 + i, 30000));
    }
    struct ledger_reading reading =
        take_one(&ledger, BORN + 2 * DAY + HOUR, contact_of(1, 1000000));
    assert_true(reading.bytes_out == 0); /* known, and told */
    ledger_done(&ledger);
}

/* --- rates and long ones ------------------------------------------------------------------------
 */

static void the_rate_is_of_the_upload_that_got_most_in_the_window(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    struct ledger_contact contacts[3] = { contact_of(1, 90000000), contact_of(2, 30000000),
                                          contact_of(3, 20000000) };
    contacts[0].bytes_in = 80000000; /* an exchange */
    struct ledger_reading reading = take(&ledger, BORN, 30000, 0, contacts, 3);
    assert_true(reading.rate == 60e6); /* in half a minute */
    assert_int_equal(ledger_entry(&ledger, 0, reading.rate_index)->bytes_out, 30000000);
    reading = take(&ledger, BORN + MINUTE, MINUTE, 0, NULL, 0);
    assert_true(reading.rate == 0);
    assert_int_equal(reading.rate_index, LEDGER_NONE);
    ledger_done(&ledger);
}

static void a_drip_counts_from_its_tenth_minute_on_and_an_upload_never(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    for (int64_t minute = 0; minute < 12; minute++) {
        struct ledger_contact contacts[2] = { contact_of(1, 20000),
                                              contact_of(2, minute < 4 ? 50000000 : 0) };
        struct ledger_reading reading =
            take(&ledger, BORN + minute * MINUTE, MINUTE, 0, contacts, minute < 4 ? 2 : 1);
        assert_true(reading.long_out == (minute < 9 ? 0 : 20000.0 * (double)(minute + 1)));
    }
    ledger_done(&ledger);
}

/* --- days ------------------------------------------------------------------------------------- */

static void before_a_day_of_the_fleet_there_is_no_threshold(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    struct ledger_reading reading = take(&ledger, BORN + DAY - MINUTE, MINUTE, 0, NULL, 0);
    assert_true(reading.limits[LEDGER_BYTES].threshold == LEDGER_NEVER);
    assert_true(reading.limits[LEDGER_MINUTES].threshold == LEDGER_NEVER);
    reading = take(&ledger, BORN + DAY, MINUTE, 0, NULL, 0);
    assert_true(reading.limits[LEDGER_BYTES].threshold < 1e9);
    ledger_done(&ledger);
}

/* Each day the nodes are seen in all 24 windows of an hour; what one sends goes at noon, to a peer
 * of its own that day. */
static void run_day(struct ledger *ledger, int64_t day, const uint32_t *mega, uint32_t nodes) {
    for (int64_t hour = 0; hour < 24; hour++) {
        int64_t start_ms = BORN + day * DAY + hour * HOUR;
        ledger_begin(ledger, start_ms, start_ms + HOUR);
        for (uint32_t n = 0; n < nodes; n++) {
            struct ledger_contact contact =
                contact_of(n * 1000 + (uint32_t)day, mega[n] * UINT64_C(1000000));
            struct ledger_reading reading;
            bool is_sent = hour == 12 && mega[n] > 0;
            assert_true(ledger_take(ledger, n, &contact, is_sent, &reading, &err));
        }
    }
}

static void assert_near(double value, double want) {
    if (value < want * (1 - 1e-4) || value > want * (1 + 1e-4)) {
        fail_msg("%.10g, not %.10g", value, want);
    }
}

/* The figures are those of 40 lines of Python that do the formulas of ledger_budget.h with floats
 * and math.log over this table, d <- d 31/32 + 1 and so on at each midnight: the first day that
 * counts is 1, values are cut at the node's T of noon; at 02:00 of day 9 days 1 to 8 of the fleet
 * are known. An hour's window is 60 active minutes. */
static const uint32_t table_mega[10][3] = { { 0, 0, 0 },  { 3, 8, 0 },   { 0, 0, 0 }, { 0, 40, 0 },
                                            { 9, 0, 0 },  { 0, 400, 0 }, { 0, 0, 2 }, { 2, 0, 0 },
                                            { 0, 60, 0 }, { 0, 0, 0 } };

static void a_suspect_day_teaches_nothing_though_no_rule_fired(void **state) {
    (void)state;
    static const uint32_t quiet[10] = { 2, 0, 0 };
    static const uint32_t attack[10] = { 400, 0, 0 };
    double thresholds[2];
    for (int turn = 0; turn < 2; turn++) {
        struct ledger ledger;
        begin(&ledger);
        for (int64_t day = 0; day < 9; day++) {
            run_day(&ledger, day, turn == 1 && day == 6 ? attack : quiet, 3);
        }
        struct ledger_reading reading = take(&ledger, BORN + 9 * DAY + 2 * HOUR, HOUR, 0, NULL, 0);
        thresholds[turn] = reading.limits[LEDGER_BYTES].threshold;
        ledger_done(&ledger);
    }
    assert_true(thresholds[1] <= thresholds[0] * 1.05);
}

static void thresholds_are_those_of_the_formula(void **state) {
    (void)state;
    static const double bytes[3] = { 632985174.8363409, 892724088.2899264, 256663372.9562072 };
    static const double minutes[3] = { 1217.5224776215982, 1411.2726829122396, 826.2315999230626 };
    static const double rates[3] = { 0.3570594800939652, 0.4320230041766851, 0.21649536142985143 };
    struct ledger ledger;
    begin_trusting(&ledger);
    for (int64_t day = 0; day < 9; day++) {
        run_day(&ledger, day, table_mega[day], 3);
    }
    ledger_begin(&ledger, BORN + 9 * DAY + 2 * HOUR, BORN + 9 * DAY + 3 * HOUR);
    for (uint32_t n = 0; n < 3; n++) {
        struct ledger_reading reading;
        assert_true(ledger_take(&ledger, n, NULL, 0, &reading, &err));
        assert_near(reading.limits[LEDGER_BYTES].threshold, bytes[n]);
        assert_near(reading.limits[LEDGER_MINUTES].threshold, minutes[n]);
        assert_near(reading.limits[LEDGER_BYTES].rate, rates[n]);
    }
    ledger_done(&ledger);
}

static void a_day_of_the_fleet_is_used_from_two_in_the_morning(void **state) {
    (void)state;
    struct ledger ledger;
    begin_trusting(&ledger);
    for (int64_t day = 0; day < 2; day++) {
        run_day(&ledger, day, table_mega[day], 3);
    }
    struct ledger_reading reading =
        take(&ledger, BORN + 2 * DAY + 119 * MINUTE, MINUTE, 2, NULL, 0);
    /* one day of its own without anything, and nothing of the fleet: 2.5 in 6 days */
    assert_near(reading.limits[LEDGER_BYTES].rate, 2.5 / 6);
    assert_int_equal(ledger_get_sums(&ledger)->day, BORN / DAY + 1);
    assert_int_equal(ledger_get_sums(&ledger)->levels[LEDGER_BYTES].days, 3 * LEDGER_UNIT);
    assert_int_equal(ledger_get_sums(&ledger)->levels[LEDGER_BYTES].exceeded[0], 2 * LEDGER_UNIT);
    reading = take(&ledger, BORN + 2 * DAY + 120 * MINUTE, MINUTE, 2, NULL, 0);
    assert_near(reading.limits[LEDGER_BYTES].rate, 5 * (2.5 / 4) / 6);
    assert_int_equal(ledger_get_sums(&ledger)->day, -1);
    ledger_done(&ledger);
}

static void a_day_on_which_it_fired_counts_once_it_is_acquitted(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    run_day(&ledger, 0, table_mega[0], 1);
    run_day(&ledger, 1, table_mega[1], 1);
    ledger_fired(&ledger, 0, LEDGER_BYTES);
    (void)take(&ledger, BORN + 2 * DAY, MINUTE, 0, NULL, 0);
    const struct ledger_sums *sums = ledger_get_sums(&ledger);
    assert_int_equal(sums->levels[LEDGER_BYTES].days, 0);
    assert_int_equal(sums->levels[LEDGER_BYTES].exceeded[0], 0);
    ledger_acquit(&ledger, 0);
    struct ledger_reading reading = take(&ledger, BORN + 2 * DAY + MINUTE, MINUTE, 0, NULL, 0);
    assert_near(reading.limits[LEDGER_BYTES].rate, 3.5 / 6);
    (void)take(&ledger, BORN + 3 * DAY, MINUTE, 0, NULL, 0);
    /* day 2 itself: two minutes without anything */
    assert_int_equal(sums->levels[LEDGER_BYTES].days, LEDGER_UNIT + LEDGER_UNIT * 2 / 1440);
    assert_int_equal(sums->levels[LEDGER_BYTES].exceeded[0], LEDGER_UNIT);
    ledger_done(&ledger);
}

static void both_measures_of_a_day_are_held_back(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    run_day(&ledger, 1, table_mega[1], 1);
    ledger_fired(&ledger, 0, LEDGER_MINUTES);
    ledger_begin(&ledger, BORN + 2 * DAY, BORN + 2 * DAY + HOUR);
    assert_int_equal(ledger_get_sums(&ledger)->levels[LEDGER_BYTES].days, 0);
    assert_int_equal(ledger_get_sums(&ledger)->levels[LEDGER_MINUTES].days, 0);
    ledger_done(&ledger);
}

static void what_fired_is_news_again_once_it_got_four_times_as_much(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    for (int64_t i = 0; i < 3; i++) { /* it stays news while it goes on */
        assert_true(take_one(&ledger, BORN + i * MINUTE, contact_of(1, 10000000)).bytes_out > 0);
        ledger_fired(&ledger, 0, LEDGER_BYTES);
    }
    assert_true(take_one(&ledger, BORN + 31 * MINUTE, contact_of(1, 10000000)).bytes_out == 40e6);
    ledger_fired(&ledger, 0, LEDGER_BYTES);
    /* after half an hour of silence 40 MB are known */
    struct ledger_contact contacts[2] = { contact_of(1, 10000000), contact_of(2, 30000) };
    struct ledger_reading reading = take(&ledger, BORN + 61 * MINUTE, MINUTE, 0, contacts, 2);
    assert_true(reading.bytes_out == 30000);
    assert_true(reading.minutes == 1); /* of the other: what fired is told */
    reading = take_one(&ledger, BORN + 62 * MINUTE, contact_of(1, 90000000));
    assert_true(reading.bytes_out == 0);
    assert_int_equal(reading.bytes_index, LEDGER_NONE);
    reading = take_one(&ledger, BORN + 63 * MINUTE, contact_of(1, 40000000));
    assert_true(reading.bytes_out == 180e6);
    ledger_acquit(&ledger, 0); /* nothing has fired by it since */
    assert_true(take_one(&ledger, BORN + 64 * MINUTE, contact_of(1, 1)).bytes_out > 180e6);
    ledger_fired(&ledger, 0, LEDGER_BYTES);
    ledger_acquit(&ledger, 0);
    assert_true(take_one(&ledger, BORN + 65 * MINUTE, contact_of(1, 1)).bytes_out == 0);
    ledger_done(&ledger);
}

static void sums_of_partitions_add_up_to_those_of_one_fleet(void **state) {
    (void)state;
    struct ledger whole;
    struct ledger parts[3];
    begin(&whole);
    for (uint32_t n = 0; n < 3; n++) {
        begin(&parts[n]);
    }
    for (int64_t day = 0; day < 9; day++) {
        run_day(&whole, day, table_mega[day], 3);
        for (uint32_t n = 0; n < 3; n++) { /* each part has one node that sends, the n-th */
            uint32_t mega[3] = { 0, 0, 0 };
            mega[n] = table_mega[day][n];
            for (int64_t hour = 0; hour < 24; hour++) {
                int64_t start_ms = BORN + day * DAY + hour * HOUR;
                struct ledger_contact contact =
                    contact_of(n * 1000 + (uint32_t)day, mega[n] * UINT64_C(1000000));
                (void)take(&parts[n], start_ms, HOUR, n, &contact, hour == 12 && mega[n] > 0);
            }
        }
        int64_t next_ms = BORN + (day + 1) * DAY;
        struct ledger_sums sums = { 0 };
        for (uint32_t n = 0; n < 3; n++) {
            ledger_begin(&parts[n], next_ms, next_ms + HOUR);
            const struct ledger_sums *own = ledger_get_sums(&parts[n]);
            if (n == 0) {
                sums = *own;
            } else {
                assert_true(ledger_sums_add(&sums, own, &err));
            }
        }
        ledger_begin(&whole, next_ms, next_ms + HOUR);
        assert_memory_equal(&sums, ledger_get_sums(&whole), sizeof sums);
        for (uint32_t n = 0; n < 3; n++) {
            assert_true(ledger_put_sums(&parts[n], &sums, &err));
        }
    }
    struct ledger_sums sums = *ledger_get_sums(&whole);
    sums.day++;
    assert_false(ledger_put_sums(&whole, &sums, &err));
    assert_false(ledger_sums_add(&sums, ledger_get_sums(&whole), &err));
    for (uint32_t n = 0; n < 3; n++) {
        int64_t start_ms = BORN + 9 * DAY + 2 * HOUR;
        struct ledger_reading one = take(&whole, start_ms, HOUR, n, NULL, 0);
        struct ledger_reading other = take(&parts[n], start_ms, HOUR, n, NULL, 0);
        assert_memory_equal(one.limits, other.limits, sizeof one.limits);
        ledger_done(&parts[n]);
    }
    ledger_done(&whole);
}

static void a_node_that_leaves_leaves_its_day_behind(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    for (int64_t hour = 0; hour < 6; hour++) {
        struct ledger_contact contact = contact_of(1, 3000000);
        (void)take(&ledger, BORN + DAY + hour * HOUR, HOUR, 5, &contact, hour == 3);
    }
    assert_true(ledger_node_bytes(&ledger, 5) > sizeof(struct ledger_node));
    ledger_forget(&ledger, 5);
    assert_int_equal(ledger_node_bytes(&ledger, 5), sizeof(struct ledger_node));
    ledger_begin(&ledger, BORN + 2 * DAY, BORN + 2 * DAY + HOUR);
    assert_int_equal(ledger_get_sums(&ledger)->levels[LEDGER_BYTES].days, LEDGER_UNIT / 4);
    assert_int_equal(ledger_get_sums(&ledger)->levels[LEDGER_BYTES].exceeded[0], LEDGER_UNIT);
    struct ledger_reading reading = take(&ledger, BORN + 2 * DAY, HOUR, 5, NULL, 0);
    assert_near(reading.limits[LEDGER_BYTES].rate, 0.5);
    ledger_done(&ledger);
}

static void a_small_daily_errand_does_not_add_up_for_ever(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    struct ledger_reading reading = { 0 };
    for (int64_t day = 0; day < 400; day++) {
        reading = take_one(&ledger, BORN + day * DAY, contact_of(1, 1000000));
    }
    assert_true(reading.bytes_out > 31e6 && reading.bytes_out <= 32e6);
    reading = take_one(&ledger, BORN + (399 + 32) * DAY, contact_of(1, 1000000));
    assert_true(reading.bytes_out > 1000000);
    reading = take_one(&ledger, BORN + (399 + 32 + 33) * DAY, contact_of(1, 1000000));
    assert_true(reading.bytes_out == 1000000);
    ledger_done(&ledger);
}

/* --- state ------------------------------------------------------------------------------------ */

static void a_state_is_the_same_after_saving_and_loading(void **state) {
    (void)state;
    struct ledger ledger;
    struct ledger loaded;
    struct buffer saved;
    struct buffer again;
    begin(&ledger);
    run_mixed(&ledger, false);
    save_all(&ledger, 4, &saved);
    assert_true(load_all(&loaded, 4, buffer_bytes(&saved)));
    save_all(&loaded, 4, &again);
    assert_true(bytes_equal(buffer_bytes(&saved), buffer_bytes(&again)));
    for (uint32_t n = 0; n < 4; n++) { /* and it goes on the same way */
        struct ledger_contact contact = contact_of(3, 5000);
        struct ledger_reading one = take(&ledger, BORN + 4 * DAY, MINUTE, n, &contact, 1);
        struct ledger_reading other = take(&loaded, BORN + 4 * DAY, MINUTE, n, &contact, 1);
        assert_memory_equal(&one, &other, sizeof one);
    }
    ledger_done(&ledger);
    ledger_done(&loaded);
    for (size_t i = 0; i < saved.size * 8; i++) { /* one bit wrong: loads or is refused */
        saved.data[i / 8] ^= (uint8_t)(1u << i % 8);
        if (load_all(&loaded, 4, buffer_bytes(&saved))) {
            struct ledger_contact contact = contact_of(3, 5000);
            int64_t start_ms = loaded.budget.today.day * DAY + 2 * DAY;
            (void)take(&loaded, start_ms, MINUTE, 1, &contact, 1);
        }
        ledger_done(&loaded);
        saved.data[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t size = 0; size < saved.size; size++) {
        assert_false(load_all(&loaded, 4, bytes_of(saved.data, size)));
        ledger_done(&loaded);
    }
    buffer_done(&saved);
    buffer_done(&again);
}

static void a_failed_load_leaves_an_empty_node(void **state) {
    (void)state;
    struct ledger ledger;
    begin(&ledger);
    (void)take_one(&ledger, BORN, contact_of(1, 20000));
    struct cursor cursor = cursor_of(bytes_text("\1"));
    assert_true(ledger_node_load(&ledger, 0, &cursor, &err));
    assert_true(cursor.failed);
    assert_null(ledger_entry(&ledger, 0, 0));
    ledger_load(&ledger, &cursor);
    assert_true(ledger.budget.born_ms == -1);
    ledger_done(&ledger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_to_a_rare_peer_add_up),
        cmocka_unit_test(a_peer_that_is_not_rare_now_is_passed_over),
        cmocka_unit_test(a_small_peer_is_taken_in_with_its_second_minute),
        cmocka_unit_test(ten_kilobytes_within_a_minute_count_over_its_windows),
        cmocka_unit_test(a_scan_does_not_push_out_who_comes_back),
        cmocka_unit_test(beyond_the_bound_the_fewest_bytes_go),
        cmocka_unit_test(who_was_idle_for_a_day_goes_first),
        cmocka_unit_test(of_more_than_fit_in_one_window_the_largest_stay),
        cmocka_unit_test(a_download_does_not_hide_an_upload),
        cmocka_unit_test(the_order_of_contacts_and_nodes_does_not_show),
        cmocka_unit_test(active_minutes_are_minutes_whatever_the_window),
        cmocka_unit_test(a_peer_that_comes_like_a_clock_is_a_beacon),
        cmocka_unit_test(whom_a_rule_fired_by_is_remembered_longest),
        cmocka_unit_test(the_rate_is_of_the_upload_that_got_most_in_the_window),
        cmocka_unit_test(a_drip_counts_from_its_tenth_minute_on_and_an_upload_never),
        cmocka_unit_test(before_a_day_of_the_fleet_there_is_no_threshold),
        cmocka_unit_test(a_suspect_day_teaches_nothing_though_no_rule_fired),
        cmocka_unit_test(thresholds_are_those_of_the_formula),
        cmocka_unit_test(a_day_of_the_fleet_is_used_from_two_in_the_morning),
        cmocka_unit_test(a_day_on_which_it_fired_counts_once_it_is_acquitted),
        cmocka_unit_test(both_measures_of_a_day_are_held_back),
        cmocka_unit_test(what_fired_is_news_again_once_it_got_four_times_as_much),
        cmocka_unit_test(sums_of_partitions_add_up_to_those_of_one_fleet),
        cmocka_unit_test(a_node_that_leaves_leaves_its_day_behind),
        cmocka_unit_test(a_small_daily_errand_does_not_add_up_for_ever),
        cmocka_unit_test(a_state_is_the_same_after_saving_and_loading),
        cmocka_unit_test(a_failed_load_leaves_an_empty_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
