/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "detect/service.h"

static void the_table_is_ascending_and_gives_reasons(void **state) {
    (void)state;
    for (size_t i = 0; i < service_row_count; i++) {
        assert_true(service_rows[i].reason[0] != '\0');
        assert_true((service_rows[i].flags & SERVICE_SERVER) != 0);
        assert_true(i == 0 || service_rows[i - 1].port < service_rows[i].port);
    }
}

static void every_port_has_the_flags_of_its_row(void **state) {
    (void)state;
    static struct service_map map;
    service_map_fill(&map);
    size_t row = 0;
    for (uint32_t port = 0; port < 65536; port++) {
        uint8_t want = port < 1024 ? SERVICE_SERVER : 0;
        if (row < service_row_count && service_rows[row].port == port) {
            want = service_rows[row++].flags;
        }
        assert_int_equal(map.flags[port], want);
    }
    assert_int_equal(row, service_row_count);
}

static void the_ports_that_features_name_are_flagged(void **state) {
    (void)state;
    static struct service_map map;
    service_map_fill(&map);
    static const struct {
        uint16_t port;
        uint8_t flag;
    } cases[] = {
        { 22, SERVICE_ADMIN },       { 23, SERVICE_ADMIN },        { 135, SERVICE_ADMIN },
        { 445, SERVICE_ADMIN },      { 3389, SERVICE_ADMIN },      { 5900, SERVICE_ADMIN },
        { 5985, SERVICE_ADMIN },     { 25, SERVICE_MAIL },         { 465, SERVICE_MAIL },
        { 587, SERVICE_MAIL },       { 53, SERVICE_DNS },          { 17, SERVICE_AMPLIFIER },
        { 19, SERVICE_AMPLIFIER },   { 53, SERVICE_AMPLIFIER },    { 111, SERVICE_AMPLIFIER },
        { 123, SERVICE_AMPLIFIER },  { 137, SERVICE_AMPLIFIER },   { 161, SERVICE_AMPLIFIER },
        { 389, SERVICE_AMPLIFIER },  { 1900, SERVICE_AMPLIFIER },  { 3702, SERVICE_AMPLIFIER },
        { 5353, SERVICE_AMPLIFIER }, { 11211, SERVICE_AMPLIFIER },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true((map.flags[cases[i].port] & cases[i].flag) != 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_ascending_and_gives_reasons),
        cmocka_unit_test(every_port_has_the_flags_of_its_row),
        cmocka_unit_test(the_ports_that_features_name_are_flagged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
