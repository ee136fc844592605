/* SPDX-License-Identifier: Apache-2.0 */
/* The examples of weir-filter(7) are read from the page itself, so none can go stale; and the page
 * names every word of the parser's table. */
#include "flow/filter_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define PAGE "docs/weir-filter.7"
#define EXAMPLE ".Dl "

static FILE *open_page(void) {
    FILE *page = fopen(PAGE, "r");
    if (page == NULL) {
        print_message("SKIPPED: %s is not there (tests run from the root of the tree)\n", PAGE);
        skip();
    }
    return page;
}

/* Whether `word` stands by itself in a line of a macro that sets words as commands. */
static bool line_has_command(const char *line, const char *word) {
    if (line[0] != '.' || strstr(line, "Cm ") == NULL) {
        return false;
    }
    size_t size = strlen(word);
    for (const char *at = strstr(line, word); at != NULL; at = strstr(at + 1, word)) {
        if (at[-1] == ' ' && strchr(" \n", at[size]) != NULL) {
            return true;
        }
    }
    return false;
}

static void check_named(FILE *page, const char *word) {
    char line[256];
    bool is_named = false;
    rewind(page);
    while (!is_named && fgets(line, sizeof line, page) != NULL) {
        is_named = line_has_command(line, word);
    }
    if (!is_named) {
        (void)fclose(page);
        fail_msg("%s does not name '%s'", PAGE, word);
    }
}

static void the_manual_names_every_keyword_and_quality(void **state) {
    (void)state;
    FILE *page = open_page();
    const char *word;
    for (size_t i = 0; (word = filter_keyword_name(i)) != NULL; i++) {
        check_named(page, word);
    }
    for (unsigned bit = 0; (word = filter_quality_name((uint16_t)(1u << bit))) != NULL; bit++) {
        check_named(page, word);
    }
    (void)fclose(page);
}

static void each_example_of_the_manual_compiles(void **state) {
    (void)state;
    FILE *page = open_page();
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
        cmocka_unit_test(the_manual_names_every_keyword_and_quality),
        cmocka_unit_test(each_example_of_the_manual_compiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
