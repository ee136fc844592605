/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/feed_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct {
    const char *name;
    const char *account; /* NULL: not such a name */
    const char *region;
    const char *flow_log;
    int64_t stamp_ms;
} names[] = {
    { "123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456.log.gz",
      "123456789012", "us-east-1", "fl-1234abcd", INT64_C(1529511600000) },
    { "1_vpcflowlogs_r_fl-_19700101T0000Z", "1", "r", "fl-", 0 },
    { "AWSLogs-2018-123456789012_vpcflowlogs_us-east-1_fl-1_20180620T1620Z_a.parquet",
      "123456789012", "us-east-1", "fl-1", INT64_C(1529511600000) },
    { "1_vpcflowlogs_r_fl-1_20240229T2359Z_x", "1", "r", "fl-1", INT64_C(1709251140000) },
    { "1_vpcflowlogs_r_fl-1_20230229T2359Z_x", NULL, NULL, NULL, 0 }, /* no leap year */
    { "1_vpcflowlogs_r_fl-1_20240101T2400Z_x", NULL, NULL, NULL, 0 },
    { "1_vpcflowlogs_r_fl-1_20241301T0000Z_x", NULL, NULL, NULL, 0 },
    { "1_vpcflowlogs_r_fl-1_20240101T0060Z_x", NULL, NULL, NULL, 0 },
    { "1_vpcflowlogs_r_fl-1_2024010xT0000Z_x", NULL, NULL, NULL, 0 },
    { "1_vpcflowlogs_r_fl-1_20240101T0000Zx", NULL, NULL, NULL, 0 },
    { "1_vpcflowlogs_r_fl-1_20240101T0000", NULL, NULL, NULL, 0 },
    { "_vpcflowlogs_r_fl-1_20240101T0000Z_x", NULL, NULL, NULL, 0 },
    { "a_vpcflowlogs_r_fl-1_20240101T0000Z_x", NULL, NULL, NULL, 0 },
    { "1_vpcflowlogs__fl-1_20240101T0000Z_x", NULL, NULL, NULL, 0 },
    { "1_vpcflowlogs_r_xx-1_20240101T0000Z_x", NULL, NULL, NULL, 0 },
    { "1_vpcflowlogs_r", NULL, NULL, NULL, 0 },
    { "1_vpcflowlogs_", NULL, NULL, NULL, 0 },
    { "flows.log", NULL, NULL, NULL, 0 },
    { "", NULL, NULL, NULL, 0 },
};

static void names_of_s3_objects_tell_account_region_log_and_time(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct feed_name got;
        bool is_name = feed_name_parse(bytes_text(names[i].name), &got);
        if (is_name != (names[i].account != NULL)) {
            fail_msg("%s", names[i].name);
        }
        if (is_name && (!bytes_equal(got.account, bytes_text(names[i].account)) ||
                        !bytes_equal(got.region, bytes_text(names[i].region)) ||
                        !bytes_equal(got.flow_log, bytes_text(names[i].flow_log)) ||
                        got.stamp_ms != names[i].stamp_ms)) {
            fail_msg("%s: %ld", names[i].name, got.stamp_ms);
        }
    }
}

static void every_front_of_a_name_is_judged_within_its_bounds(void **state) {
    (void)state;
    const char *name = names[0].name;
    for (size_t size = 0; size < strlen(name); size++) {
        uint8_t *exact =
            malloc(size > 0 ? size : 1); /* on the heap, where ASan sees a read behind the end */
        memcpy(exact, name, size);
        struct feed_name got;
        bool want = size >= strlen("123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z");
        assert_int_equal(feed_name_parse(bytes_of(exact, size), &got), want);
        free(exact);
    }
}

static void folders_are_normalised(void **state) {
    (void)state;
    static const struct {
        const char *path;
        const char *folder;
    } cases[] = {
        { "a.log", "." },      { "./a.log", "." },        { "x/a.log", "x" },
        { "./x/a.log", "x" },  { "x//y/./a.log", "x/y" }, { "/a.log", "/" },
        { "//x/a.log", "/x" }, { "../x/a.log", "../x" },  { "x/../y/a", "x/../y" },
        { "/./a", "/" },       { ".x/a", ".x" },          { "", "." },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char folder[64];
        feed_name_folder(cases[i].path, folder);
        assert_string_equal(folder, cases[i].folder);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_s3_objects_tell_account_region_log_and_time),
        cmocka_unit_test(every_front_of_a_name_is_judged_within_its_bounds),
        cmocka_unit_test(folders_are_normalised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
