/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/foreign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define BYTES(text)                                                                                \
    { (const uint8_t *)(text), sizeof(text) - 1 }

static void formats_are_told_by_their_first_bytes(void **state) {
    (void)state;
    static const struct {
        struct bytes front;
        const char *want; /* NULL: none */
    } CASES[] = {
        { BYTES(""), NULL },
        { BYTES("PAR1\x15\x00"), "Apache Parquet" },
        { BYTES("PAR"), NULL },
        { BYTES("ORC"), "Apache ORC" },
        { BYTES("Obj\x01\x04"), "Apache Avro" },
        { BYTES("PK\x03\x04"), "a zip archive" },
        { BYTES("BZh91AY"), "bzip2" },
        { BYTES("\xfd"
                "7zXZ\x00"),
          "xz" },
        { BYTES("#separator \\x09\n"), "a Zeek log" },
        { BYTES("\xa5\x0c\x01\x00"), "an nfdump file" },
        { BYTES("version account-id interface-id"), NULL },
        { BYTES(" \t\r\n{"), "JSON of a kind that is not known" },
        { BYTES("\x16{Lu"), NULL }, /* octets without a meaning: only four of them are blanks */
        { BYTES("2 123456789010 eni-1235b8ca123456789 172.31.16.139"), NULL },
        { BYTES(" "), NULL },
        { BYTES("\xef\xbb\xbf"), NULL },
        { BYTES("{"), "JSON of a kind that is not known" },
        { BYTES("\xef\xbb\xbf \r\n[{\"a\":1}"), "JSON of a kind that is not known" },
        { BYTES("{\"logName\":\"projects/p/logs/compute.googleapis.com%2Fvpc_flows\"}"),
          "Google Cloud VPC flow logs (JSON)" },
        { BYTES("{\"records\":[{\"category\":\"FlowLogFlowEvent\"}]}"),
          "Azure virtual network flow logs (JSON)" },
        { BYTES("{\"records\":[{\"category\":\"NetworkSecurityGroupFlowEvent\"}]}"),
          "Azure network security group flow logs (JSON)" },
        { BYTES("{\"jsonPayload\":{}}"), "Google Cloud logs (JSON)" },
        { BYTES("{\"connection\":{}}"), "JSON of a kind that is not known" },
        { BYTES("{\"apiVersion\":\"v1\",\"items\":[]}"), "Kubernetes objects (JSON)" },
        { BYTES("x{\"vpc_flows\":1}"), NULL },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const struct foreign *found = foreign_find(CASES[i].front);
        if (CASES[i].want == NULL) {
            if (found != NULL) {
                fail_msg("case %zu is said to be %s", i, found->name);
            }
        } else {
            assert_non_null(found);
            assert_string_equal(found->name, CASES[i].want);
        }
    }
}

static void a_tar_archive_is_told_by_what_stands_behind_its_first_header(void **state) {
    (void)state;
    uint8_t front[262] = { 'a' };
    memcpy(front + 257, "ustar", 5);
    assert_string_equal(foreign_find(bytes_of(front, sizeof front))->name, "a tar archive");
    assert_null(foreign_find(bytes_of(front, sizeof front - 1)));
}

/* Every front of each, in memory of its own: a read behind the end fails under ASan. */
static void no_front_is_read_behind_its_end(void **state) {
    (void)state;
    static const char *const TEXTS[] = { "{\"logName\":\"vpc_flows\"}", "SQLite format 3",
                                         "\xff\x06\x00\x00sNaPpY", "\xef\xbb\xbf [1]" };
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        for (size_t size = 0; size <= 16 && size <= strlen(TEXTS[i]); size++) {
            uint8_t *copy = malloc(size + 1);
            assert_non_null(copy);
            uint8_t *front = copy + 1;
            memcpy(front, TEXTS[i], size);
            const struct foreign *found = foreign_find(bytes_of(front, size));
            assert_true(found == NULL || found->advice != NULL);
            free(copy);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_are_told_by_their_first_bytes),
        cmocka_unit_test(a_tar_archive_is_told_by_what_stands_behind_its_first_header),
        cmocka_unit_test(no_front_is_read_behind_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
