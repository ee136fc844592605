/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/alert_view.h"

#include "flow/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct alert leak(void) {
    return (struct alert){ .state = ALERT_OPEN,
                           .severity = SEVERITY_HIGH,
                           .class_ = "exfil.volume",
                           .rule = "exfil",
                           .direction = DIRECTION_OUT,
                           .window_start_ms = INT64_C(1795516200000), /* 2026-11-24T10:30:00Z */
                           .window_end_ms = INT64_C(1795516260000),
                           .node = bytes_text("web-1"),
                           .feature = FEATURE_OUT_INIT,
                           .observed = 1e8,
                           .expected = 1e6 };
}

/* What is printed, which the caller frees. */
static char *printed(const struct alert *alert) {
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    alert_view_print(alert, false, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void check(const struct alert *alert, const char *want) {
    char *text = printed(alert);
    if (strstr(text, want) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", want, text);
    }
    free(text);
}

static void an_alert_is_a_line_with_its_node(void **state) {
    (void)state;
    struct alert alert = leak();
    check(&alert,
          "2026-11-24T10:30:00.000Z  open     high      exfil.volume  web-1  100 MB/min sent, "
          "expected 1.0 MB (100x)");
    char *text = printed(&alert);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    free(text);
}

static void an_alert_of_several_nodes_says_how_many_and_names_some(void **state) {
    (void)state;
    const struct bytes names[] = { bytes_text("a"), bytes_text("b"), bytes_text("c\n"),
                                   bytes_text("d"), bytes_text("e"), bytes_text("f") };
    struct alert alert = leak();
    alert.node = bytes_text("");
    alert.nodes = names;
    alert.node_rows = 3;
    alert.node_count = 3;
    check(&alert, "  exfil.volume  3 nodes  100 MB/min sent");
    check(&alert, "\n    nodes: a, b, c\\x0a\n");
    alert.node_rows = 6;
    alert.node_count = 90;
    check(&alert, "  90 nodes  ");
    check(&alert, "\n    nodes: a, b, c\\x0a, d, e and 85 more\n");
    alert.state = ALERT_CLOSED;
    char *text = printed(&alert);
    assert_null(strstr(text, "nodes:"));
    free(text);
}

static void what_has_a_limit_is_shown_with_it(void **state) {
    (void)state;
    struct alert alert = leak();
    alert.feature = FEATURE_LED_OUT;
    alert.expected = 0;
    alert.threshold = 5e6;
    check(&alert, "web-1  100 MB to one rare peer, limit 5.0 MB\n");
    alert.feature = FEATURE_LED_MINUTES;
    alert.observed = 90;
    alert.threshold = 60;
    check(&alert, "web-1  90 minutes with one rare peer, limit 60\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_a_line_with_its_node),
        cmocka_unit_test(what_has_a_limit_is_shown_with_it),
        cmocka_unit_test(an_alert_of_several_nodes_says_how_many_and_names_some),
    };
    return cmocka_run_group_tests_name("alert_view", tests, NULL, NULL);
}
