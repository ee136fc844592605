/* SPDX-License-Identifier: Apache-2.0 */
/* The examples of weir-filter(7) are read from the page itself, so none can go stale. */
#include "flow/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define PAGE "docs/weir-filter.7"
#define EXAMPLE ".Dl "

static void each_example_of_the_manual_compiles(void **state) {
    (void)state;
    FILE *page = fopen(PAGE, "r");
    if (page == NULL) {
        print_message("SKIPPED: %s is not there (tests run from the root of the tree)\n", PAGE);
        skip();
    }
    char line[256];
    unsigned examples = 0;
    while (fgets(line, sizeof line, page) != NULL) {
        if (strncmp(line, EXAMPLE, strlen(EXAMPLE)) != 0) {
            continue;
        }
        struct bytes text = bytes_of(line + strlen(EXAMPLE), strcspn(line, "\n") - strlen(EXAMPLE));
        struct filter *filter = NULL;
        struct error err;
        examples++;
        if (filter_compile(&filter, text, &err)) {
            filter_free(filter);
        } else if (strchr(line, '@') == NULL || err.code != ERROR_IO) { /* its file is not here */
            fail_msg("%s", err.message);
        }
    }
    (void)fclose(page);
    assert_true(examples >= 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_example_of_the_manual_compiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
