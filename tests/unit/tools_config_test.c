/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "detect/rule.h"
#include "tools/config_file.h"
#include "tools/config_value.h"

#include "scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static bool read_text(struct config *config, const char *text, struct error *err) {
    config_init(config);
    return config_read(config, "f", ".", bytes_text(text), err) && say_finish(&config->say, err);
}

static void write_file(const char *folder, const char *name, const char *text) {
    struct error err;
    assert_true(file_replace(scratch_path(folder, name), bytes_text(text), &err));
}

static void numbers_are_read_with_their_units(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *unit;
        double want; /* -1: refused */
    } cases[] = {
        { "5000000", "bytes/min", 5e6 },
        { "5 MB", "bytes/min", 5e6 },
        { "5MB/min", "bytes/min", 5e6 },
        { "5M", "bytes/min", 5e6 },
        { "5e6", "bytes/min", 5e6 },
        { "1 MiB", "bytes", 1048576 },
        { "1.5 kB", "bytes", 1500 },
        { "80 Mbit/s", "bytes/s", 1e7 },
        { "8 Mbit/s", "bytes/min", 6e7 },
        { "1 MB/s", "bytes/min", 6e7 },
        { "60 bytes/h", "bytes/min", 1 },
        { "5 MB/min", "bytes", -1 },
        { "5 MB/parsec", "bytes/min", -1 },
        { "5 packets", "bytes", -1 },
        { "10k", "packets/min", 1e4 },
        { "10 kpackets/s", "packets/min", 6e5 },
        { "1500 conversations/min", "conversations/min", 1500 },
        { "1500 peers", "conversations/min", -1 },
        { "3", "min", 3 },
        { "3 min", "min", 3 },
        { "90s", "min", 1.5 },
        { "1h 30m", "min", 90 },
        { "1h30min", "min", 90 },
        { "1h30", "min", -1 },
        { "2 d", "hours", 48 },
        { "1 week", "days", 7 },
        { "2", "hours", 2 },
        { "5 MB", "min", -1 },
        { "0.5", "share", 0.5 },
        { "50%", "share", 0.5 },
        { "50 %", "share", 0.5 },
        { "50 %", "bits", -1 },
        { "2.5 bits", "bits", 2.5 },
        { "2k", "bits", -1 },
        { "1e-9", "alerts/day", 1e-9 },
        { "0.24 alerts/d", "alerts/day", 0.24 },
        { "", "bits", -1 },
        { " 1", "bits", -1 },
        { "-1", "bits", -1 },
        { "+1", "bits", -1 },
        { "0x10", "bits", -1 },
        { "inf", "bits", -1 },
        { "nan", "bits", -1 },
        { "1e999", "bits", -1 },
        { ".5", "bits", -1 },
        { "5.", "bits", -1 },
        { "1,5", "bits", -1 },
        { "11111111111111111111111111111111111111111", "bits", -1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = { 0 };
        double value = -2;
        bool ok = config_value_parse(bytes_text(cases[i].text), cases[i].unit, &value, &err);
        if (ok != (cases[i].want >= 0) || (ok && value != cases[i].want)) {
            fail_msg("'%s' of %s: %d %g %s", cases[i].text, cases[i].unit, ok, value, err.message);
        }
        assert_true(ok || (err.code == ERROR_ARGUMENT && value == -2));
    }
}

static void numbers_are_written_as_they_are_read(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *unit;
        const char *want;
    } cases[] = {
        { 5e6, "bytes/min", "5 MB/min" },
        { 30e3, "bytes", "30 kB" },
        { 1500, "bytes", "1500 B" },
        { 0, "bytes/s", "0 B/s" },
        { 0.1, "share", "0.1" },
        { 1500, "peers/min", "1500" },
        { 3, "min", "3 min" },
        { 24, "hours", "24 hours" },
        { 1e-9, "alerts/day", "1e-09" },
        { 0.1 + 0.2, "bits", "0.30000000000000004" },
        { 1e12, "packets", "1000000000000" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[CONFIG_VALUE_TEXT_SIZE];
        double again;
        struct error err;
        size_t length = config_value_format(cases[i].value, cases[i].unit, text);
        assert_string_equal(text, cases[i].want);
        assert_int_equal(length, strlen(text));
        assert_true(config_value_parse(bytes_text(text), cases[i].unit, &again, &err));
        assert_true(again == cases[i].value);
    }
}

static void each_bound_of_each_number_is_written_as_it_is_read(void **state) {
    (void)state;
    for (size_t i = 0; i < RULE_PARAM_COUNT; i++) {
        const struct rule_param_row *row = &rule_param_rows[i];
        const double values[] = { row->minimum, row->initial, row->maximum,
                                  nextafter(row->maximum, 0) };
        for (size_t k = 0; k < 4; k++) {
            char text[CONFIG_VALUE_TEXT_SIZE];
            double again = -1;
            struct error err = { 0 };
            config_value_format(values[k], row->unit, text);
            if (!config_value_parse(bytes_text(text), row->unit, &again, &err) ||
                again != values[k]) {
                fail_msg("%s: '%s' is %.17g, not %.17g: %s", row->name, text, again, values[k],
                         err.message);
            }
        }
    }
}

static void the_defaults_are_read_as_the_defaults(void **state) {
    (void)state;
    struct config defaults;
    struct config again;
    struct buffer text;
    struct error err = { 0 };
    config_init(&defaults);
    buffer_init(&text, (size_t)1 << 20);
    config_print(&defaults, &text);
    assert_false(text.failed);
    buffer_u8(&text, '\0');
    if (!read_text(&again, (const char *)text.data, &err)) {
        fail_msg("%s", err.message);
    }
    assert_true(detector_config_hash(&defaults.detector) == detector_config_hash(&again.detector));
    assert_true(say_hash(&defaults.say) == say_hash(&again.say));
    /* All that may be said is shown: each number and each rule. */
    for (size_t i = 0; i < RULE_PARAM_COUNT; i++) {
        char key[80];
        snprintf(key, sizeof key, "\n    %s: ", strchr(rule_param_rows[i].name, '.') + 1);
        assert_non_null(strstr((const char *)text.data, key));
    }
    for (size_t i = 0; i < RULE_COUNT; i++) {
        char key[80];
        snprintf(key, sizeof key, "\n  %s:\n    enabled: on\n", rule_rows[i].name);
        assert_non_null(strstr((const char *)text.data, key));
    }
    config_done(&defaults);
    config_done(&again);
    buffer_done(&text);
}

static void what_differs_is_printed_and_read_again(void **state) {
    (void)state;
    struct config config;
    struct config again;
    struct buffer text;
    struct error err = { 0 };
    config_init(&config);
    for (size_t i = 0; i < RULE_PARAM_COUNT; i++) {
        config.detector.rules.values[i] =
            (rule_param_rows[i].initial + rule_param_rows[i].minimum) / 2;
    }
    config.detector.rules.rules_off = (UINT32_C(1) << (RULE_COUNT - 1)) | 1;
    config.detector.cluster = bytes_text("a \"b\" \\ c");
    config.detector.window_ms = 10500;
    config.detector.memory_bytes_max = 12345678;
    config.detector.nodes_max = 77;
    buffer_init(&text, (size_t)1 << 20);
    config_print(&config, &text);
    buffer_u8(&text, '\0');
    if (!read_text(&again, (const char *)text.data, &err)) {
        fail_msg("%s", err.message);
    }
    assert_true(detector_config_hash(&config.detector) == detector_config_hash(&again.detector));
    assert_true(say_hash(&config.say) == say_hash(&again.say));
    config_done(&config);
    config_done(&again);
    buffer_done(&text);
}

static void the_examples_are_read(void **state) {
    (void)state;
    struct config config;
    struct error err = { 0 };
    if (!read_text(&config, config_examples, &err)) {
        fail_msg("%s", err.message);
    }
    const struct say *say = &config.say;
    assert_int_equal(say->set_count, 2);
    assert_true(say->sets[0].params.values[RULE_PARAM_EXFIL_FLOOR] == 500e6);
    assert_true(say->sets[0].params.values[RULE_PARAM_EXFIL_MARGIN] == 3);
    assert_true(say->sets[1].params.values[RULE_PARAM_EXFIL_FLOOR] == 5e6);
    assert_true(say->sets[1].params.values[RULE_PARAM_LIMIT_IN_BYTES_PER_S] == 1e8);
    assert_int_equal(say->plan_count, 2);
    assert_true(say->plans[0].span.every_ms == INT64_C(7) * 86400000);
    assert_true(say->plans[1].is_change && say->has_calendar);
    assert_true(say->plans[1].span.from_ms == INT64_C(1772323200000));
    assert_int_equal(say->exempt_count, 2);
    assert_int_equal(say->exempts[0].port_count, 3);
    assert_int_equal(say->exempts[0].ports[1], 465);
    assert_int_equal(say->silence_count, 2);
    assert_false(say->silences[0].is_allowed);
    assert_true(say->silences[1].is_allowed);
    assert_int_equal(say_ack_of(say, "00112233445566778899aabbccddeeff"), SAY_BENIGN);
    config_done(&config);
}

static void empty_sections_are_empty(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "# nothing\n",
        "---\n",
        "{}",
        "\xef\xbb\xbfrules:\n",
        "rules:\ndetector:\nsilences:\nchanges:\noverrides: []\n",
        "rules:\n  exfil:\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct config config;
        struct error err = { 0 };
        if (!read_text(&config, texts[i], &err)) {
            fail_msg("'%s': %s", texts[i], err.message);
        }
        config_done(&config);
    }
}

static void an_override_begins_as_the_rules_of_the_file(void **state) {
    (void)state;
    struct config config;
    struct error err = { 0 };
    assert_true(read_text(&config,
                          "overrides:\n- { roles: db, rules: { exfil: { z: 9 } } }\n"
                          "rules:\n  exfil: { floor: 7 MB }\n  flood_in: off\n",
                          &err));
    const struct rule_params *params = &config.say.sets[0].params;
    assert_true(params->values[RULE_PARAM_EXFIL_FLOOR] == 7e6);
    assert_true(params->values[RULE_PARAM_EXFIL_Z] == 9);
    assert_int_equal(params->rules_off, UINT32_C(1) << RULE_FLOOD_IN);
    config_done(&config);
}

static void what_is_wrong_is_said_with_its_place(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        const char *want;
    } cases[] = {
        { "unknown section", "rulez:\n", "f:1:1: unknown key 'rulez'; did you mean 'rules'?" },
        { "unknown rule", "rules:\n  exfill: off\n",
          "f:2:3: unknown key 'exfill'; did you mean 'exfil'?" },
        { "unknown number", "rules:\n  exfil:\n    florr: 5\n",
          "f:3:5: unknown key 'florr'; did you mean 'floor'?" },
        { "nothing near", "rules:\n  exfil: { qqqqqqq: 1 }\n", "f:2:12: unknown key 'qqqqqqq'" },
        { "out of bounds", "rules:\n  exfil:\n    margin: 31\n",
          "f:3:13: exfil.margin: 31, must be 0 to 30 bits" },
        { "another unit", "rules:\n  exfil:\n    floor: 5 min\n",
          "f:3:12: '5 min' is no number of bytes/min (like 5 MB, 80 Mbit, 4096)" },
        { "a list for a number", "rules:\n  exfil:\n    floor: [5]\n",
          "f:3:12: a number is wanted here, not a list" },
        { "a number for a rule", "rules:\n  exfil: 5\n", "f:2:10: 'on' or 'off' is wanted here" },
        { "what is no rule", "rules:\n  ledger: off\n",
          "f:2:11: 'ledger' is no rule that could be on or off" },
        { "a number twice", "rules:\n  exfil:\n    z: 5\n    z: 6\n",
          "f:4:5: 'exfil.z' was given already, at line 3" },
        { "a rule twice", "rules:\n  exfil:\n  scan:\n  exfil:\n",
          "f:4:3: 'exfil' was given already, at line 2" },
        { "a section twice", "rules:\ndetector:\nrules:\n",
          "f:3:1: 'rules' was given already, at line 1" },
        { "a bound of the detector", "detector:\n  window: 2h\n",
          "f:2:11: window: 7200000 ms, must be 1000 to 3600000 ms" },
        { "a time without a unit", "detector:\n  window: 60\n",
          "f:2:11: '60' is no length of time (like 60s, 30 min, 1h30m, 7d)" },
        { "a part of a node", "detector: { nodes_max: 1.5 }\n",
          "f:1:24: a whole number of nodes up to 4294967295 is wanted here" },
        { "a silence without an end", "silences:\n- filter: out\n",
          "f:2:3: 'until' is missing here" },
        { "a silence of everything", "silences:\n- until: 2026-01-01\n",
          "f:2:3: this is about everything: say 'filter', or nodes: '*' if it is meant" },
        { "a relative end", "silences:\n- { filter: out, until: now+1d }\n",
          "f:2:25: 'now+1d' is no time (like 2026-11-24T10:30:00Z)" },
        { "an end before the beginning",
          "silences:\n- { filter: out, until: 2026-01-01, from: 2026-01-01 }\n",
          "f:2:25: 'until' must be later than 'from'" },
        { "a bad filter", "silences:\n- filter: out and\n  until: 2026-01-01\n", "f:2:11: " },
        { "a bad pattern", "silences:\n- { nodes: 'a[', until: 2026-01-01 }\n",
          "f:2:12: 'a[' is no name and no pattern of *, ? and [set]" },
        { "an unknown class", "silences:\n- { classes: [scan, exfill], until: 2026-01-01 }\n",
          "f:2:21: there is none of that name: 'exfill'" },
        { "a change without classes",
          "changes:\n- { name: a, from: 2026-01-01, until: 2026-01-02 }\n",
          "f:2:3: 'classes' is missing here" },
        { "an overlong repetition",
          "maintenance:\n- { name: a, from: 2026-01-01, until: 2026-01-03, every: 1d }\n",
          "f:2:58: 'every' is shorter than the time from 'from' to 'until'" },
        { "an override for nobody", "overrides:\n- { rules: { exfil: off } }\n",
          "f:2:3: for whom? 'nodes' or 'roles' is missing here" },
        { "no port", "never_recycle:\n- { name: a, ports: [70000] }\n",
          "f:2:22: a port is a whole number up to 65535" },
        { "no episode", "acknowledgements:\n- { episode: 12, verdict: benign }\n",
          "f:2:14: an episode is 32 hex digits, as in alerts" },
        { "no verdict",
          "acknowledgements:\n- { episode: 00112233445566778899aabbccddeeff, verdict: bad }\n",
          "f:2:57: 'benign' or 'malicious' is wanted here" },
        { "a list for a map", "- a\n", "f:1:1: a map is wanted here, not a list" },
        { "a map for a list", "silences: { a: b }\n", "f:1:11: a list is wanted here, not a map" },
        { "an alias", "rules: &a\n", "f:1:8: an anchor may not stand here" },
        { "a tag", "rules: !x\n", "f:1:8: a tag may not stand here" },
        { "a map as a key", "? { a: b }\n: c\n", "f:1:3: a key must be a text" },
        { "two documents", "rules:\n---\nrules:\n", "f:2:1: a second document" },
        { "not YAML", "rules: [\n", "f:2:1: " },
        { "not UTF-8", "rules: \xff\n", "f: invalid leading UTF-8 octet, at byte 7" },
        { "deep", "[[[[[[[[[[[[[[[[[[[[", "f:1:13: nested too deep" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config config;
        struct error err = { 0 };
        bool ok = read_text(&config, cases[i].text, &err);
        bool is_prefix = cases[i].want[strlen(cases[i].want) - 1] == ' ';
        if (ok || (is_prefix ? strncmp(err.message, cases[i].want, strlen(cases[i].want)) != 0
                             : strcmp(err.message, cases[i].want) != 0)) {
            fail_msg("%s: %s", cases[i].name, ok ? "was taken" : err.message);
        }
        assert_int_equal(err.code, ERROR_ARGUMENT);
        config_done(&config);
    }
}

static void an_operator_file_says_no_more_than_it_may(void **state) {
    (void)state;
    struct config config;
    struct error err = { 0 };
    config_init(&config);
    assert_true(config_read_operator(
        &config, "f", bytes_text("silences:\n- { filter: udp, until: 2026-01-01 }\n"), &err));
    assert_false(config_read_operator(&config, "f", bytes_text("rules:\n"), &err));
    assert_string_equal(err.message, "f:1:1: unknown key 'rules'");
    assert_true(config_read_operator_file(&config, "/nonexistent/operator.yaml", &err));
    config_done(&config);
}

static void files_are_found_beside_the_configuration(void **state) {
    (void)state;
    char *folder = scratch_new();
    struct config config;
    struct error err = { 0 };
    write_file(folder, "services",
               "# ours\n10.1.0.0/16 store # a comment\n\n2001:db8::/32\tcdn\r\n");
    write_file(folder, "ops.yaml", "allow:\n- { filter: udp, until: 2026-01-01 }\n");
    write_file(folder, "weir.yaml", "service_prefixes: services\noperator_file: ops.yaml\n");
    config_init(&config);
    if (!config_load(&config, scratch_path(folder, "weir.yaml"), folder, &err)) {
        fail_msg("%s", err.message);
    }
    assert_true(config.say.has_prefixes);
    assert_int_equal(config.say.prefix_count, 2);
    assert_string_equal(config.say.prefixes[1].service, "cdn");
    assert_int_equal(config.say.silence_count, 1);
    config_done(&config);
    static const struct {
        const char *text;
        const char *want;
    } bad[] = {
        { "10.0.0.0/8\n", "services:1:1: a CIDR and the name" },
        { "\n10.0.0.0/8 a b\n", "services:2:1: a CIDR and the name" },
        { "10.0.0.0/99 a\n", "services:1:1: " },
        { "10.0.0.0/8 a\n10.1.0.0/16 b\n", "services: two service prefixes hold 10.1.0.0" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_file(folder, "services", bad[i].text);
        config_init(&config);
        assert_false(config_load(&config, scratch_path(folder, "weir.yaml"), NULL, &err));
        if (strstr(err.message, bad[i].want) == NULL) {
            fail_msg("%s: %s", bad[i].text, err.message);
        }
        config_done(&config);
    }
    scratch_free(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_with_their_units),
        cmocka_unit_test(numbers_are_written_as_they_are_read),
        cmocka_unit_test(each_bound_of_each_number_is_written_as_it_is_read),
        cmocka_unit_test(the_defaults_are_read_as_the_defaults),
        cmocka_unit_test(what_differs_is_printed_and_read_again),
        cmocka_unit_test(the_examples_are_read),
        cmocka_unit_test(empty_sections_are_empty),
        cmocka_unit_test(an_override_begins_as_the_rules_of_the_file),
        cmocka_unit_test(what_is_wrong_is_said_with_its_place),
        cmocka_unit_test(an_operator_file_says_no_more_than_it_may),
        cmocka_unit_test(files_are_found_beside_the_configuration),
    };
    return cmocka_run_group_tests_name("tools_config", tests, NULL, NULL);
}
