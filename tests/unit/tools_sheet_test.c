/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sheet.h"

#include "base/utf8.h"
#include "base/zone.h"
#include "tools/printable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct sheet_column columns[] = {
    { "name", SHEET_TEXT },  { "port", SHEET_NUMBER }, { "bytes", SHEET_BYTES },
    { "first", SHEET_TIME }, { "share", SHEET_SHARE },
};
#define COLUMN_COUNT (sizeof columns / sizeof *columns)

static char *printed;
static size_t printed_size;
static FILE *out;

static void begin(struct sheet *sheet, enum sheet_form form) {
    out = open_memstream(&printed, &printed_size);
    sheet_begin(sheet, form, columns, COLUMN_COUNT, out);
}

static void row(struct sheet *sheet, const char *name, int64_t bytes) {
    struct error err;
    const struct sheet_cell cells[COLUMN_COUNT] = {
        { .text = bytes_text(name) }, { .number = 443 },  { .number = bytes },
        { .number = 1772000000000 },  { .number = 1234 },
    };
    assert_true(sheet_row(sheet, cells, &err));
}

/* What was printed, until the next call. */
static const char *end(struct sheet *sheet) {
    static char *last;
    struct error err;
    assert_true(sheet_end(sheet, &err));
    fclose(out);
    free(last);
    last = printed;
    return last;
}

static void no_rows_are_a_valid_answer_in_each_form(void **state) {
    (void)state;
    static const char *const want[] = { "", "name,port,bytes,first,share\r\n", "", "[]\n" };
    for (enum sheet_form form = SHEET_TABLE; form <= SHEET_JSON; form++) {
        struct sheet sheet;
        begin(&sheet, form);
        assert_string_equal(end(&sheet), want[form]);
    }
}

static void csv_quotes_as_rfc_4180_says(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *want;
    } cases[] = {
        { "web-1", "web-1" },         { "", "" },
        { "a,b", "\"a,b\"" },         { "say \"hi\"", "\"say \"\"hi\"\"\"" },
        { "a\nb", "\"a\nb\"" },       { "a\rb", "\"a\rb\"" },
        { "\"", "\"\"\"\"" },         { " blank ", " blank " },
        { "n\xc3\xb6", "n\xc3\xb6" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sheet sheet;
        char want[256];
        begin(&sheet, SHEET_CSV);
        row(&sheet, cases[i].name, 5);
        snprintf(want, sizeof want,
                 "name,port,bytes,first,share\r\n%s,443,5,2026-02-25T06:13:20.000Z,12.34\r\n",
                 cases[i].want);
        assert_string_equal(end(&sheet), want);
    }
}

static void json_escapes_what_is_hostile(void **state) {
    (void)state;
    struct sheet sheet;
    begin(&sheet, SHEET_JSON);
    row(&sheet, "\x1b[31m\"\\\n\xff\xc2\x9b", 1);
    row(&sheet, "b", 2);
    assert_string_equal(
        end(&sheet),
        "[\n{\"name\":\"\\u001b[31m\\\"\\\\\\n\xef\xbf\xbd\\u009b\",\"port\":443,\"bytes\":1,"
        "\"first\":\"2026-02-25T06:13:20.000Z\",\"share\":12.34},\n"
        "{\"name\":\"b\",\"port\":443,\"bytes\":2,"
        "\"first\":\"2026-02-25T06:13:20.000Z\",\"share\":12.34}\n]\n");
}

static void counts_beyond_two_to_the_63_stay_positive(void **state) {
    (void)state;
    for (enum sheet_form form = SHEET_TABLE; form <= SHEET_JSON; form++) {
        struct sheet sheet;
        begin(&sheet, form);
        row(&sheet, "x", -1);
        assert_non_null(strstr(end(&sheet), "18446744073709551615"));
    }
}

static void a_tables_columns_stand_under_each_other(void **state) {
    (void)state;
    struct sheet sheet;
    begin(&sheet, SHEET_TABLE);
    sheet.is_human = true;
    row(&sheet, "n\xc3\xb6rd", 1500000);
    row(&sheet, "db", 7);
    assert_string_equal(end(&sheet), "name  port   bytes  first                      share\n"
                                     "n\xc3\xb6rd   443  1.5 MB  2026-02-25T06:13:20.000Z  12.3 %\n"
                                     "db     443     7 B  2026-02-25T06:13:20.000Z  12.3 %\n");
}

static void markdown_is_a_table_whatever_a_cell_holds(void **state) {
    (void)state;
    struct sheet sheet;
    begin(&sheet, SHEET_MARKDOWN);
    row(&sheet, "a|b", 7);
    assert_string_equal(end(&sheet), "| name | port | bytes | first | share |\n"
                                     "|---|---|---|---|---|\n"
                                     "| a\\|b | 443 | 7 | 2026-02-25T06:13:20.000Z | 12.34 |\n");
    begin(&sheet, SHEET_MARKDOWN);
    assert_string_equal(end(&sheet),
                        "| name | port | bytes | first | share |\n|---|---|---|---|---|\n");
}

static void decimals_and_what_is_not_known(void **state) {
    (void)state;
    static const struct sheet_column two[] = { { "x", SHEET_DECIMAL }, { "y", SHEET_DECIMAL } };
    static const char *const want[] = { "     x  y\n  1.25  -\n-0.005  -\n 5.2 M  -\n     0  -\n",
                                        "x,y\r\n1.25,\r\n-0.005,\r\n5200000,\r\n0,\r\n",
                                        "{\"x\":1.25,\"y\":null}\n{\"x\":-0.005,\"y\":null}\n" };
    static const int64_t thousandths[] = { 1250, -5, 5200000000, 0 };
    for (enum sheet_form form = SHEET_TABLE; form <= SHEET_NDJSON; form++) {
        struct sheet sheet;
        struct error err;
        out = open_memstream(&printed, &printed_size);
        sheet_begin(&sheet, form, two, 2, out);
        sheet.is_human = form == SHEET_TABLE;
        /* Two are enough for JSON. */
        size_t count = form == SHEET_NDJSON ? 2 : sizeof thousandths / sizeof *thousandths;
        for (size_t i = 0; i < count; i++) {
            const struct sheet_cell cells[] = { { .number = thousandths[i] }, { .is_none = true } };
            assert_true(sheet_row(&sheet, cells, &err));
        }
        assert_string_equal(end(&sheet), want[form]);
    }
}

static void the_zone_is_shown_with_its_offset(void **state) {
    (void)state;
    struct sheet sheet;
    struct error err;
    struct zone *zone;
    assert_true(zone_open("+05:30", &zone, &err));
    begin(&sheet, SHEET_CSV);
    sheet.zone = zone;
    row(&sheet, "x", 1);
    assert_non_null(strstr(end(&sheet), "2026-02-25T11:43:20.000+05:30"));
    zone_close(zone);
}

/* Whether a terminal would only draw it: UTF-8 without control characters but line ends. */
static bool is_harmless(const char *text) {
    size_t left = strlen(text);
    for (const uint8_t *at = (const uint8_t *)text; left > 0;) {
        size_t size = utf8_size(at, left);
        if (size == 0 || (utf8_is_control(at, size) && *at != '\n' && *at != '\r')) {
            return false;
        }
        at += size;
        left -= size;
    }
    return true;
}

static void hostile_names_never_reach_a_terminal_raw(void **state) {
    (void)state;
    static const char *const names[] = {
        "\x1b]0;owned\x07",
        "\x1b[2J",
        "a\rb",
        "\x7f",
        "\xc2\x9b"
        "31m",
        "\x9b"
        "31m",
        "\xff\xfe",
        "\xe2\x80\xae"
        "gpj.exe",
        "tail \xc3",
        "\x08\x08\x08",
        "a\x0b\x0c",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (enum sheet_form form = SHEET_TABLE; form <= SHEET_JSON; form++) {
            struct sheet sheet;
            begin(&sheet, form);
            sheet.is_human = true;
            row(&sheet, names[i], 1);
            if (!is_harmless(end(&sheet))) {
                fail_msg("name %zu in form %d", i, (int)form);
            }
        }
    }
}

static void every_octet_becomes_printable(void **state) {
    (void)state;
    for (unsigned first = 1; first < 256; first++) {
        for (unsigned second = 1; second < 256; second++) {
            struct buffer text;
            const uint8_t octets[2] = { (uint8_t)first, (uint8_t)second };
            buffer_init(&text, 64);
            printable_put(&text, bytes_of(octets, 2));
            buffer_u8(&text, 0);
            assert_true(is_harmless((const char *)text.data));
            assert_null(strpbrk((const char *)text.data, "\r\n\x1b"));
            buffer_done(&text);
        }
    }
}

static void csv_for_a_program_keeps_every_octet(void **state) {
    (void)state;
    struct sheet sheet;
    begin(&sheet, SHEET_CSV);
    row(&sheet, "\x1b[31m\xff", 1);
    assert_non_null(strstr(end(&sheet), "\x1b[31m\xff,443"));
}

static void rows_beyond_the_measured_ones_follow(void **state) {
    (void)state;
    static const unsigned counts[] = { SHEET_MEASURED_ROWS - 1, SHEET_MEASURED_ROWS,
                                       SHEET_MEASURED_ROWS + 1, 3 * SHEET_MEASURED_ROWS };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct sheet sheet;
        begin(&sheet, SHEET_TABLE);
        for (unsigned k = 0; k < counts[i]; k++) {
            row(&sheet, k < SHEET_MEASURED_ROWS ? "short" : "longer than any before", 1);
        }
        const char *text = end(&sheet);
        unsigned lines = 0;
        for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
            lines++;
        }
        assert_int_equal(lines, counts[i] + 1);
        assert_memory_equal(text, "name   port", 11);
    }
}

static void a_row_of_more_than_a_mebibyte_is_an_error(void **state) {
    (void)state;
    struct sheet sheet;
    struct error err = { 0 };
    char *name = malloc(2 << 20);
    memset(name, 'x', 2 << 20);
    const struct sheet_cell cells[COLUMN_COUNT] = { { .text = bytes_of(name, 2 << 20) } };
    begin(&sheet, SHEET_CSV);
    assert_false(sheet_row(&sheet, cells, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    (void)sheet_end(&sheet, &err);
    fclose(out);
    free(printed);
    free(name);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_rows_are_a_valid_answer_in_each_form),
        cmocka_unit_test(csv_quotes_as_rfc_4180_says),
        cmocka_unit_test(json_escapes_what_is_hostile),
        cmocka_unit_test(counts_beyond_two_to_the_63_stay_positive),
        cmocka_unit_test(a_tables_columns_stand_under_each_other),
        cmocka_unit_test(markdown_is_a_table_whatever_a_cell_holds),
        cmocka_unit_test(decimals_and_what_is_not_known),
        cmocka_unit_test(the_zone_is_shown_with_its_offset),
        cmocka_unit_test(hostile_names_never_reach_a_terminal_raw),
        cmocka_unit_test(every_octet_becomes_printable),
        cmocka_unit_test(csv_for_a_program_keeps_every_octet),
        cmocka_unit_test(rows_beyond_the_measured_ones_follow),
        cmocka_unit_test(a_row_of_more_than_a_mebibyte_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
