/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/filter_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define TEXT_MAX ((size_t)1 << 22)

static bool compiles(struct bytes text, struct error *err) {
    struct filter *filter = NULL;
    bool is_compiled = filter_compile(&filter, text, err);
    if (is_compiled) {
        filter_free(filter);
    }
    return is_compiled;
}

/* The normal form, on the heap. */
static char *printed(const char *text) {
    struct filter *filter = NULL;
    struct error err;
    if (!filter_compile(&filter, bytes_text(text), &err)) {
        fail_msg("%s\n%s", text, err.message);
    }
    struct buffer out;
    buffer_init(&out, TEXT_MAX);
    filter_print(filter, &out);
    buffer_u8(&out, 0);
    assert_false(out.failed);
    filter_free(filter);
    return (char *)out.data;
}

struct form {
    const char *text;
    const char *want;
};

static const struct form forms[] = {
    { "", "" },
    { "  # nothing but a comment", "" },
    { "src 10.0.0.1", "src 10.0.0.1" },
    { "SRC HOST 10.0.0.1", "src 10.0.0.1" },
    { "src net 10.0.0.0/8", "src 10.0.0.0/8" },
    { "net 10.0.0.0/8", "host 10.0.0.0/8" },
    { "10.0.0.0/8", "host 10.0.0.0/8" },
    { "2001:db8::/32", "host 2001:db8::/32" },
    { "ip in [10.0.0.9 10.0.0.1, 10.0.0.0/30]", "host in {10.0.0.0/30, 10.0.0.9}" },
    { "host in {::1, 1.2.3.4,}", "host in {1.2.3.4, ::1}" },
    { "dst != 10.0.0.1", "not dst 10.0.0.1" },
    { "peer 10.0.0.1-10.0.0.9", "peer 10.0.0.1-10.0.0.9" },
    { "host 10.0.0.0-10.0.0.255", "host 10.0.0.0/24" },
    { "::/0", "host ::/0" },
    { "internet", "peer internet" },
    { "src private or dst net local", "src private or dst local" },
    { "port 80", "port 80" },
    { "port = 80", "port 80" },
    { "src port 1-1024", "src port 1-1024" },
    { "dst_port in {443, 80, 8000-8100, 8050-9000}", "dst port in {80, 443, 8000-9000}" },
    { "port > 1024", "port 1025-65535" },
    { "dst port <= 7", "dst port 0-7" },
    { "portrange 1-2", "port 1-2" },
    { "proto 6", "proto tcp" },
    { "udp", "proto udp" },
    { "proto in {udp, 6, 200-201, ipv6-icmp}", "proto in {tcp, udp, icmp6, 200-201}" },
    { "flags S", "flags S/S" },
    { "flags sa/sfra", "flags SA/FSRA" },
    { "flags /SA", "flags /SA" },
    { "syn", "flags S/SA" },
    { "action accept || action reject", "action accept or action reject" },
    { "in && ! out", "in and not out" },
    { "bytes>1.5M", "bytes > 1500000" },
    { "bytes == 1KiB", "bytes = 1024" },
    { "packets<=10k", "packets <= 10000" },
    { "duration >= 1h30m", "duration >= 5400s" },
    { "duration < 250ms", "duration < 250ms" },
    { "bps > 1G and pps != 0 and bpp < 100", "bps > 1000000000 and pps != 0 and bpp < 100" },
    { "node web-1", "node web-1" },
    { "node \"web 1\"", "node \"web 1\"" },
    { "node 'say \"hi\"'", "node \"say \\\"hi\\\"\"" },
    { "node 10.0.0.1", "node 10.0.0.1" },
    { "node \"10.0.0.1\"", "node \"10.0.0.1\"" },
    { "node in {web-2, web-1, 10.0.0.0/8, web-2}", "node in {web-1, web-2, 10.0.0.0/8}" },
    { "node ~ web-*", "node ~ web-*" },
    { "node ~ \"web-[0-9]*\"", "node ~ \"web-[0-9]*\"" },
    { "node \"in\"", "node \"in\"" },
    { "flow_log fl-1", "flow_log fl-1" },
    { "flow_log ~ fl-?", "flow_log ~ fl-?" },
    { "quality sampled", "quality sampled" },
    { "quality in {twin, estimated}", "quality in {estimated, twin}" },
    { "community-id 1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
      "community-id 1:LQU9qZlK+B5F3KDmev6m5PMibrg=" },
    { "community-id in {1:d/FP5EW3wiY1vCndhwleRRKHowQ=,1:LQU9qZlK+B5F3KDmev6m5PMibrg=}",
      "community-id in {1:LQU9qZlK+B5F3KDmev6m5PMibrg=, 1:d/FP5EW3wiY1vCndhwleRRKHowQ=}" },
    { "tcp or udp and port 53", "proto tcp or (proto udp and port 53)" },
    { "(tcp or udp) and port 53", "(proto tcp or proto udp) and port 53" },
    { "not tcp and udp", "not proto tcp and proto udp" },
    { "not (tcp and udp)", "not (proto tcp and proto udp)" },
    { "not not tcp", "proto tcp" },
    { "!(!tcp)", "proto tcp" },
    { "((tcp)) and (udp and (in))", "proto tcp and proto udp and in" },
    { "tcp # and udp\n or in", "proto tcp or in" },
};

static void normal_forms_are_as_documented_and_stay(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char *once = printed(forms[i].text);
        char *twice = printed(once);
        if (strcmp(once, forms[i].want) != 0 || strcmp(once, twice) != 0) {
            fail_msg("'%s'\n gives '%s'\n expected '%s'\n and again '%s'", forms[i].text, once,
                     forms[i].want, twice);
        }
        free(once);
        free(twice);
    }
}

struct refusal {
    const char *text;
    const char *want; /* the whole message */
};

static const struct refusal refusals[] = {
    { "tcp port 80",
      "column 5: expected 'and' or 'or' between two terms, found 'port'\ntcp port 80\n    ^" },
    { "prot tcp", "column 1: unknown word 'prot'; did you mean 'port'?\nprot tcp\n^" },
    { "src port htp", "column 10: expected a port (0 to 65535) or a range N-M, found 'htp'\nsrc "
                      "port htp\n         ^" },
    { "src web-1",
      "column 5: expected an address or CIDR (host names are not resolved), found 'web-1'\n"
      "src web-1\n    ^" },
    { "dst example.com",
      "column 5: expected an address or CIDR (host names are not resolved), found 'example.com'\n"
      "dst example.com\n    ^" },
    { "port 1 and",
      "column 11: expected a term such as 'port 443' or 'src 10.0.0.0/8', found the end\n"
      "port 1 and\n          ^" },
    { "(tcp", "column 1: this parenthesis is never closed\n(tcp\n^" },
    { "tcp)", "column 4: this parenthesis was never opened\ntcp)\n   ^" },
    { "tcp\nand foo bar",
      "line 2, column 5: expected a term such as 'port 443' or 'src 10.0.0.0/8', found 'foo'\n"
      "and foo bar\n    ^" },
    { "node \"web", "column 6: this quote is never closed\nnode \"web\n     ^" },
    { "bytes 10", "column 7: expected <, <=, >, >=, = or !=, found '10'\nbytes 10\n      ^" },
    { "tcp & udp", "column 5: expected && or and\ntcp & udp\n    ^" },
    { "port in {80, 81", "column 16: expected } at the end of the list, found the end\n"
                         "port in {80, 81\n               ^" },
    { "flags S/A", "column 7: expected a mask that holds the flags before the slash, found 'S/A'\n"
                   "flags S/A\n      ^" },
};

static void errors_point_at_the_place_and_say_what_was_expected(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct error err = { 0 };
        assert_false(compiles(bytes_text(refusals[i].text), &err));
        assert_int_equal(err.code, ERROR_ARGUMENT);
        if (strcmp(err.message, refusals[i].want) != 0) {
            fail_msg("'%s' gives\n%s\nexpected\n%s", refusals[i].text, err.message,
                     refusals[i].want);
        }
    }
}

static const char *const refused[] = {
    "and",
    "or",
    "not",
    "!",
    "tcp and",
    "()",
    "tcp or or udp",
    "port",
    "port in",
    "port in {}",
    "port in {80,,81}",
    "port in {80]",
    "port 65536",
    "port 90-80",
    "port -1",
    "port < 0",
    "port > 65535",
    "src",
    "src 10.0.0.1/8",
    "src 10.0.0.0/33",
    "node and",
    "node",
    "node ~",
    "node ~ \"[a\"",
    "node 10.0.0.1/8",
    "host ::-10.0.0.1",
    "host 10.0.0.9-10.0.0.1",
    "proto 256",
    "proto nonsense",
    "flags",
    "flags X",
    "flags S/",
    "flags /",
    "action",
    "action maybe",
    "bytes > ",
    "bytes > x",
    "bytes > 1.5",
    "bytes > 18446744073709551616",
    "bytes > 1 k",
    "duration > 1y",
    "quality",
    "quality good",
    "community-id 1:abc",
    "community-id 2:x",
    "@file",
    "src @",
    "src in @",
    "\"tcp\"",
    "tcp \x01",
    "80",
    "1.2.3",
    "10.0.0.0/8/8",
    "~",
    "{",
    "]",
    "=",
    "< 5",
    "in {80}",
    "tcp | udp",
    "src in @/nonexistent/list",
};

static void what_is_not_a_filter_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct error err = { 0 };
        if (compiles(bytes_text(refused[i]), &err)) {
            fail_msg("'%s' compiles", refused[i]);
        }
        if (strchr(err.message, '^') == NULL) {
            fail_msg("'%s': no caret in\n%s", refused[i], err.message);
        }
    }
}

static void a_nul_byte_is_refused_everywhere(void **state) {
    (void)state;
    struct error err;
    assert_false(compiles(bytes_of("tcp\0", 4), &err));
    assert_false(compiles(bytes_of("node \"a\0b\"", 10), &err));
    assert_false(compiles(bytes_of("node \"a\\\0b\"", 11), &err));
    assert_false(compiles(bytes_of("src in @a\0b", 11), &err));
}

static void an_error_deep_in_a_long_text_shows_a_window_around_it(void **state) {
    (void)state;
    char text[2000];
    size_t size = 0;
    while (size < 1500) {
        size += (size_t)snprintf(text + size, sizeof text - size, "port %zu or ", size);
    }
    (void)snprintf(text + size, sizeof text - size, "prtt 1 or tcp");
    struct error err;
    assert_false(compiles(bytes_text(text), &err));
    const char *line = strchr(err.message, '\n') + 1;
    const char *caret = strchr(line, '\n') + 1;
    size_t column = strspn(caret, " ");
    assert_memory_equal(line + column, "prtt", 4);
    assert_string_equal(caret + column, "^");
}

static void an_error_never_carries_control_characters_or_broken_utf8(void **state) {
    (void)state;
    struct error err;
    assert_false(compiles(bytes_text("node \"\x1b[31m\xc3\xa9\xff\" tcp"), &err));
    for (const char *at = err.message; *at != '\0'; at++) {
        assert_true(*at == '\n' || (*at >= 0x20 && *at < 0x7f));
    }
    assert_non_null(strstr(err.message, "column 16:"));
}

/* `count` copies of `part`, then `last`. */
static char *repeated(const char *part, size_t count, const char *last) {
    size_t size = strlen(part);
    char *text = malloc(size * count + strlen(last) + 1);
    assert_non_null(text);
    for (size_t i = 0; i < count; i++) {
        memcpy(text + i * size, part, size);
    }
    memcpy(text + size * count, last, strlen(last) + 1);
    return text;
}

static enum error_code code_of(char *text) {
    struct error err = { 0 };
    (void)compiles(bytes_text(text), &err);
    free(text);
    return err.code;
}

static void nesting_is_bounded_and_runs_of_terms_do_not_nest(void **state) {
    (void)state;
    assert_int_equal(code_of(repeated("not ", 100000, "tcp")), ERROR_NONE);
    assert_int_equal(code_of(repeated("tcp or ", 65535, "tcp")), ERROR_NONE);
    assert_int_equal(code_of(repeated("tcp or ", 65536, "tcp")), ERROR_LIMIT);
    assert_int_equal(code_of(repeated("(", 100000, "tcp")), ERROR_LIMIT);
}

/* Alternating operators and parentheses, `depth` levels of the tree. */
static char *nested(size_t depth) {
    char *text = malloc(depth * 16 + 16);
    assert_non_null(text);
    size_t size = 0;
    for (size_t i = 0; i < depth; i++) {
        size += (size_t)sprintf(text + size, i + 1 == depth ? "tcp %s udp" : "tcp %s (",
                                i % 2 == 0 ? "or" : "and");
    }
    for (size_t i = 1; i < depth; i++) {
        text[size++] = ')';
    }
    text[size] = '\0';
    return text;
}

static void the_deepest_tree_prints_and_parses_again(void **state) {
    (void)state;
    char *text = nested(FILTER_DEPTH_MAX);
    char *once = printed(text);
    char *twice = printed(once);
    assert_string_equal(once, twice);
    free(text);
    free(once);
    free(twice);
    assert_int_equal(code_of(nested(FILTER_DEPTH_MAX + 1)), ERROR_LIMIT);
}

static void list_entries_count_as_terms(void **state) {
    (void)state;
    char *entries = repeated("1,", FILTER_TERMS_MAX - 1, "}");
    char *text = malloc(strlen(entries) + 16);
    sprintf(text, "port in {%s", entries);
    assert_int_equal(code_of(text), ERROR_NONE);
    text = malloc(strlen(entries) + 16);
    sprintf(text, "port in {1,%s", entries);
    assert_int_equal(code_of(text), ERROR_LIMIT);
    free(entries);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal_forms_are_as_documented_and_stay),
        cmocka_unit_test(errors_point_at_the_place_and_say_what_was_expected),
        cmocka_unit_test(what_is_not_a_filter_is_refused),
        cmocka_unit_test(a_nul_byte_is_refused_everywhere),
        cmocka_unit_test(an_error_deep_in_a_long_text_shows_a_window_around_it),
        cmocka_unit_test(an_error_never_carries_control_characters_or_broken_utf8),
        cmocka_unit_test(nesting_is_bounded_and_runs_of_terms_do_not_nest),
        cmocka_unit_test(the_deepest_tree_prints_and_parses_again),
        cmocka_unit_test(list_entries_count_as_terms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
