/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/filter_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define PATH_SIZE 64

static void write_list(char path[PATH_SIZE], struct bytes contents) {
    (void)snprintf(path, PATH_SIZE, "/tmp/weir-filter-list-XXXXXX");
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, contents.data, contents.size), contents.size);
    assert_int_equal(close(file), 0);
}

/* Compiles `format` with the path of a file that holds `contents`. */
static bool compile_list(struct filter **out, const char *format, struct bytes contents,
                         struct error *err) {
    char path[PATH_SIZE];
    char text[2 * PATH_SIZE];
    write_list(path, contents);
    const char *at = strchr(format, '%');
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - format), format, path, at + 1);
    bool is_compiled = filter_compile(out, bytes_text(text), err);
    (void)unlink(path);
    return is_compiled;
}

static bool has_address(const struct filter *filter, const char *text) {
    struct address address;
    assert_true(address_parse(bytes_text(text), &address));
    return address_set_has(&filter->root->values->all_addresses, address);
}

static void a_list_file_may_hold_comments_commas_ranges_and_a_mark(void **state) {
    (void)state;
    struct filter *filter = NULL;
    struct error err = { 0 };
    struct bytes contents = bytes_text("\xef\xbb\xbf# seen in May\r\n10.0.0.1,10.0.0.2 # both\r\n"
                                       "\n192.0.2.0/24\n2001:db8::1-2001:db8::9");
    assert_true(compile_list(&filter, "host in @%", contents, &err));
    assert_true(has_address(filter, "10.0.0.1"));
    assert_true(has_address(filter, "10.0.0.2"));
    assert_true(has_address(filter, "192.0.2.77"));
    assert_true(has_address(filter, "2001:db8::9"));
    assert_false(has_address(filter, "10.0.0.3"));
    assert_false(has_address(filter, "2001:db8::a"));
    filter_free(filter);
}

static void a_file_may_stand_in_a_list_and_its_values_join_it(void **state) {
    (void)state;
    struct filter *filter = NULL;
    struct error err = { 0 };
    assert_true(compile_list(&filter, "port in {22, @%, 80}", bytes_text("443 8000-8010"), &err));
    assert_true(filter_has_number(filter->root, 22));
    assert_true(filter_has_number(filter->root, 80));
    assert_true(filter_has_number(filter->root, 8010));
    assert_false(filter_has_number(filter->root, 8011));
    assert_int_equal(filter->root->values->number_count, 2); /* what is printed */
    filter_free(filter);
}

static void a_list_of_nodes_may_mix_names_and_addresses(void **state) {
    (void)state;
    struct filter *filter = NULL;
    struct error err = { 0 };
    assert_true(compile_list(&filter, "node in @%", bytes_text("web-1\n10.0.0.0/8\ndb-1\n"), &err));
    assert_true(filter_has_name(filter->root, bytes_text("web-1")));
    assert_true(filter_has_name(filter->root, bytes_text("db-1")));
    assert_false(filter_has_name(filter->root, bytes_text("web")));
    assert_true(has_address(filter, "10.9.9.9"));
    filter_free(filter);
}

static void an_empty_list_file_matches_nothing(void **state) {
    (void)state;
    struct filter *filter = NULL;
    struct error err = { 0 };
    assert_true(compile_list(&filter, "src in @%", bytes_text("# nothing yet\n"), &err));
    assert_false(has_address(filter, "10.0.0.1"));
    filter_free(filter);
}

static void an_error_in_a_list_file_names_file_and_line(void **state) {
    (void)state;
    struct filter *filter = NULL;
    struct error err = { 0 };
    assert_false(compile_list(&filter, "src in @%", bytes_text("10.0.0.1\n\n10.0.0.\n"), &err));
    assert_int_equal(err.code, ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, ":3: expected an address"));
    assert_non_null(strstr(err.message, "\nsrc in @/tmp/weir-filter-list-"));
}

static void a_missing_list_file_is_an_io_error_at_its_place(void **state) {
    (void)state;
    struct filter *filter = NULL;
    struct error err = { 0 };
    assert_false(filter_compile(&filter, bytes_text("tcp and src in @/nonexistent/l"), &err));
    assert_int_equal(err.code, ERROR_IO);
    assert_non_null(strstr(err.message, "column 13: /nonexistent/l: "));
}

/* Lines of addresses, scattered over all of IPv4. */
static struct bytes many_addresses(size_t count) {
    char *text = malloc(count * 16 + 1);
    assert_non_null(text);
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t ipv4 = (uint32_t)i * UINT32_C(2654435761); /* odd: no two are equal */
        size += (size_t)sprintf(text + size, "%u.%u.%u.%u\n", ipv4 >> 24, ipv4 >> 16 & 255,
                                ipv4 >> 8 & 255, ipv4 & 255);
    }
    return bytes_of(text, size);
}

static void a_million_addresses_are_a_list_like_any_other(void **state) {
    (void)state;
    struct bytes text = many_addresses(1000000);
    struct filter *filter = NULL;
    struct error err = { 0 };
    assert_true(compile_list(&filter, "host in @%", text, &err));
    const struct address_set *set = &filter->root->values->all_addresses;
    assert_int_equal(set->ipv4_count, 1000000);
    for (uint32_t i = 0; i < 1001000; i++) {
        struct address address = address_from_ipv4(i * UINT32_C(2654435761));
        assert_int_equal(address_set_has(set, address), i < 1000000);
    }
    filter_free(filter);
    free((void *)text.data);
}

static void too_large_a_list_file_is_refused(void **state) {
    (void)state;
    size_t size = (size_t)FILTER_FILE_SIZE_MAX + 1;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, '\n', size);
    struct filter *filter = NULL;
    struct error err = { 0 };
    assert_false(compile_list(&filter, "host in @%", bytes_of(text, size), &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    free(text);
}

static void the_size_of_all_list_files_together_is_bounded(void **state) {
    (void)state;
    size_t size = (size_t)FILTER_FILE_SIZE_MAX / 2;
    char *blanks = malloc(size);
    assert_non_null(blanks);
    memset(blanks, '\n', size);
    char path[PATH_SIZE];
    write_list(path, bytes_of(blanks, size));
    char text[8 * PATH_SIZE];
    struct filter *filter = NULL;
    struct error err = { 0 };
    (void)snprintf(text, sizeof text, "src in @%s or dst in @%s", path, path);
    assert_true(filter_compile(&filter, bytes_text(text), &err));
    filter_free(filter);
    (void)snprintf(text, sizeof text, "src in @%s or dst in @%s or peer in @%s", path, path, path);
    assert_false(filter_compile(&filter, bytes_text(text), &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    (void)unlink(path);
    free(blanks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_file_may_hold_comments_commas_ranges_and_a_mark),
        cmocka_unit_test(a_file_may_stand_in_a_list_and_its_values_join_it),
        cmocka_unit_test(a_list_of_nodes_may_mix_names_and_addresses),
        cmocka_unit_test(an_empty_list_file_matches_nothing),
        cmocka_unit_test(an_error_in_a_list_file_names_file_and_line),
        cmocka_unit_test(a_missing_list_file_is_an_io_error_at_its_place),
        cmocka_unit_test(a_million_addresses_are_a_list_like_any_other),
        cmocka_unit_test(too_large_a_list_file_is_refused),
        cmocka_unit_test(the_size_of_all_list_files_together_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
