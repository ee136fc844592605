/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/inventory.h"

#include "base/time.h"
#include "tests/unit/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <zlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define FOLDER "tests/data/inventory/"

static struct inventory *opened_file(const char *path) {
    struct inventory *inventory;
    struct error err;
    if (!inventory_open(&inventory, path, &err)) {
        fail_msg("%s", err.message);
    }
    return inventory;
}

static struct inventory *opened(const char *text) {
    struct inventory *inventory;
    struct error err;
    if (!inventory_open_bytes(&inventory, "cluster.json", bytes_text(text), &err)) {
        fail_msg("%s", err.message);
    }
    return inventory;
}

static int64_t ms_of(const char *text) {
    struct time_context context = { .end_ms = TIME_UNKNOWN };
    int64_t time_ms;
    assert_true(time_parse(bytes_text(text), &context, &time_ms, NULL));
    return time_ms;
}

static struct address address_of(const char *text) {
    struct address address;
    assert_true(address_parse(bytes_text(text), &address));
    return address;
}

/* "node identity role pod namespace workload", "-" for what is empty; "none" without an entry. */
static const char *said(const struct inventory_entry *entry) {
    static char text[512];
    if (entry == NULL) {
        return "none";
    }
    const struct bytes parts[] = { entry->node, entry->identity,   entry->role,
                                   entry->pod,  entry->namespace_, entry->workload };
    size_t size = 0;
    for (size_t i = 0; i < COUNT(parts); i++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%.*s", i == 0 ? "" : " ",
                                 parts[i].size == 0 ? 1 : (int)parts[i].size,
                                 parts[i].size == 0 ? "-" : (const char *)parts[i].data);
    }
    return text;
}

static const char *who(const struct inventory *inventory, const char *address, const char *when) {
    return said(inventory_find_address(inventory, address_of(address), ms_of(when), NULL));
}

#define LATER "2026-02-25T06:15:00Z"

static void nodes_are_known_by_addresses_prefixes_and_instance(void **state) {
    (void)state;
    struct inventory *inventory = opened_file(FOLDER "cluster.json");
    static const char *const FIRST = "ip-10-0-1-5.ec2.internal 11111111-aaaa general - - -";
    assert_string_equal(who(inventory, "10.0.1.5", LATER), FIRST); /* its kube-proxy has it too */
    assert_string_equal(who(inventory, "203.0.113.5", LATER), FIRST);
    assert_string_equal(who(inventory, "10.0.1.6", LATER), "none");
    assert_string_equal(
        said(inventory_find_id(inventory, bytes_text("i-0abc1234567890def"), ms_of(LATER), NULL)),
        FIRST);
    /* A group says more than "worker". */
    static const char *const SECOND = "gke-n2 22222222-bbbb batch - - -";
    assert_string_equal(who(inventory, "10.4.2.200", LATER), SECOND);
    assert_string_equal(who(inventory, "fd00:10:4:2::77", LATER), SECOND);
    assert_string_equal(
        said(inventory_find_id(inventory, bytes_text("shop-prod/europe-west1-b/gke-n2"),
                               ms_of(LATER), NULL)),
        SECOND);
    assert_string_equal(who(inventory, "2001:db8:3::7", LATER),
                        "cp-1 33333333-cccc control-plane - - -");
    inventory_free(inventory);
}

static void a_node_is_valid_from_its_creation_to_its_deletion(void **state) {
    (void)state;
    struct inventory *inventory = opened_file(FOLDER "cluster.json");
    assert_string_equal(who(inventory, "10.0.1.5", "2026-02-20T09:59:59Z"), "none");
    assert_string_not_equal(who(inventory, "10.0.1.5", "2026-02-20T10:00:00Z"), "none");
    assert_string_not_equal(who(inventory, "10.0.3.7", "2026-02-28T23:59:59Z"), "none");
    assert_string_equal(who(inventory, "10.0.3.7", "2026-03-01T00:00:00Z"), "none");
    struct inventory_span span;
    (void)inventory_find_address(inventory, address_of("10.0.1.5"), ms_of(LATER), &span);
    assert_true(span.from_ms == ms_of("2026-02-20T10:00:00Z") && span.to_ms == INT64_MAX);
    inventory_free(inventory);
}

static void pods_lead_to_their_node_and_workload(void **state) {
    (void)state;
    struct inventory *inventory = opened_file(FOLDER "cluster.json");
    assert_string_equal(who(inventory, "10.0.1.20", LATER),
                        "ip-10-0-1-5.ec2.internal 11111111-aaaa general "
                        "web-6d4b75cb6d-x2x7p shop web");
    static const char *const DB = "gke-n2 22222222-bbbb batch db-0 shop db";
    assert_string_equal(who(inventory, "10.4.2.9", LATER), DB);
    assert_string_equal(who(inventory, "fd00:10:4:2::9", LATER), DB);
    assert_string_equal(who(inventory, "10.4.3.2", LATER),
                        "cp-1 33333333-cccc control-plane kube-apiserver-cp-1 kube-system "
                        "kube-apiserver");
    assert_true(inventory_has_pods(inventory));
    inventory_free(inventory);
}

static void a_pods_address_is_its_nodes_again_when_it_is_gone(void **state) {
    (void)state;
    struct inventory *inventory = opened_file(FOLDER "cluster.json");
    static const char *const NODE = "gke-n2 22222222-bbbb batch - - -";
    static const struct {
        const char *address, *when, *pod;
    } CASES[] = {
        /* finished: until its last container ended, that second included */
        { "10.4.2.10", "2026-02-25T06:09:59Z", NULL },
        { "10.4.2.10", "2026-02-25T06:10:00Z", "report-29533210-abcde shop report" },
        { "10.4.2.10", "2026-02-25T06:12:30Z", "report-29533210-abcde shop report" },
        { "10.4.2.10", "2026-02-25T06:12:31Z", NULL },
        /* leaving: until its deletion */
        { "10.4.2.11", "2026-02-25T06:20:29Z", "leaving shop -" },
        { "10.4.2.11", "2026-02-25T06:20:30Z", NULL },
        /* evicted, without containers: until its condition changed */
        { "10.4.2.12", "2026-02-25T05:30:00Z", "evicted shop -" },
        { "10.4.2.12", "2026-02-25T05:30:01Z", NULL },
        /* restarted on the way: still the same pod */
        { "10.4.2.9", "2026-02-25T05:30:01Z", "db-0 shop db" },
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        char want[256];
        snprintf(want, sizeof want, "gke-n2 22222222-bbbb batch %s", CASES[i].pod);
        assert_string_equal(who(inventory, CASES[i].address, CASES[i].when),
                            CASES[i].pod == NULL ? NODE : want);
    }
    inventory_free(inventory);
}

static void a_nodes_addresses_are_listed_apart_from_its_pods(void **state) {
    (void)state;
    struct inventory *inventory = opened_file(FOLDER "cluster.json");
    struct address own[8];
    struct bytes name = bytes_text("ip-10-0-1-5.ec2.internal");
    assert_int_equal(inventory_addresses(inventory, name, ms_of(LATER), own, 8), 2);
    assert_true(address_equal(own[0], address_of("10.0.1.5")));
    assert_true(address_equal(own[1], address_of("203.0.113.5")));
    assert_int_equal(inventory_addresses(inventory, name, ms_of(LATER), own, 1), 1);
    assert_int_equal(inventory_pod_addresses(inventory, name, ms_of(LATER), own, 8), 1);
    assert_true(address_equal(own[0], address_of("10.0.1.20")));
    assert_int_equal(inventory_pod_addresses(inventory, name, 0, own, 8), 0);
    inventory_free(inventory);
}

static void items_of_a_nodelist_need_no_kind_of_their_own(void **state) {
    (void)state;
    struct inventory *inventory = opened_file(FOLDER "lists.json");
    assert_string_equal(who(inventory, "10.1.0.1", LATER), "n1 u1 - - - -");
    assert_string_equal(who(inventory, "10.1.0.77", LATER), "n1 u1 - solo a -");
    inventory_free(inventory);
}

static void of_two_lists_what_began_last_counts(void **state) {
    (void)state;
    struct inventory *inventory = opened_file(FOLDER "days.json");
    assert_string_equal(who(inventory, "10.1.0.1", "2026-02-21T00:00:00Z"), "n1 u1 old - - -");
    assert_string_equal(who(inventory, "10.1.0.1", "2026-02-22T00:00:00Z"), "n1 u2 new - - -");
    assert_string_equal(who(inventory, "10.1.0.50", "2026-02-22T00:59:59Z"), "n1 u1 old early a -");
    assert_string_equal(who(inventory, "10.1.0.50", "2026-02-22T01:00:00Z"), "n1 u2 new late a -");
    /* The second list says that the job of the first has ended. */
    assert_string_equal(who(inventory, "10.1.0.51", "2026-02-20T02:00:00Z"), "n1 u1 old job a -");
    assert_string_equal(who(inventory, "10.1.0.51", "2026-02-20T02:00:01Z"), "none");
    inventory_free(inventory);
}

static void objects_in_any_order_of_keys_are_told_by_their_shape(void **state) {
    (void)state;
    struct inventory *inventory =
        opened("\xef\xbb\xbf \n{\"items\":["
               "{\"status\":{\"podIPs\":[{\"ip\":\"10.0.0.2\"}],\"podIP\":\"10.0.0.2\"},\"spec\":{"
               "\"nodeName\":\"n\"},\"metadata\":{\"namespace\":\"a\",\"name\":\"p\"}},"
               "{\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"10.0.0.1\"},7,"
               "{\"address\":\"host\",\"type\":\"Hostname\"}]},\"metadata\":{\"uid\":\"u\","
               "\"name\":\"n\"}},"
               "null,[],3,{},{\"kind\":\"Secret\"}],\"kind\":\"List\"}");
    assert_string_equal(who(inventory, "10.0.0.1", LATER), "n u - - - -");
    assert_string_equal(who(inventory, "10.0.0.2", LATER), "n u - p a -");
    inventory_free(inventory);
}

static void what_is_wrong_is_named(void **state) {
    (void)state;
    static const struct {
        const char *text, *want;
    } CASES[] = {
        { "{}", "cluster.json: JSON with neither nodes nor pods" },
        { "{\"kind\":\"List\",\"items\":[]}", "neither nodes nor pods" },
        { "{\"kind\":\"Status\",\"message\":\"forbidden\"}", "neither nodes nor pods" },
        { "{\"kind\":\"Node\",", "line 1, column 16 (octet 15): the text ends where a key" },
        { "{\"kind\":\"List\",\"items\":[{]}", "line 1, column 26 (octet 25): a key is due" },
        { "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"namespace\":\"a\"},\"status\":{"
          "\"podIP\":"
          "\"10.0.0\"}}",
          "a/p: status.podIP '10.0.0' is not an address" },
        { "{\"kind\":\"Node\",\"metadata\":{\"name\":\"n\",\"creationTimestamp\":\"yesterday\"}}",
          "n: metadata.creationTimestamp 'yesterday' is not a time" },
        { "{\"kind\":\"Node\",\"metadata\":{\"name\":\"n\"},\"spec\":{\"podCIDR\":\"10.0.0.1/8\"}}",
          "n: spec.podCIDRs '10.0.0.1/8' is not a prefix" },
        { "\xff\xfe{", "is UTF-16" },
        { "apiVersion: v1\nitems:\n- kind: Node\n", "is YAML: print it by -o json" },
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct inventory *inventory = NULL;
        struct error err = { 0 };
        bool ok = inventory_open_bytes(&inventory, "cluster.json", bytes_text(CASES[i].text), &err);
        if (ok || err.code != ERROR_FORMAT || strstr(err.message, CASES[i].want) == NULL) {
            fail_msg("'%s': %s", CASES[i].text, err.message);
        }
        assert_null(inventory);
    }
}

static void other_kinds_may_hold_anything(void **state) {
    (void)state;
    struct inventory *inventory =
        opened("{\"kind\":\"Odd\",\"spec\":{\"podCIDR\":\"x\"},\"status\":{\"podIP\":\"y\"}}"
               "{\"kind\":\"Node\",\"metadata\":{\"name\":\"n\"}}");
    assert_string_equal(who(inventory, "10.0.0.1", LATER), "none");
    inventory_free(inventory);
}

static void a_file_may_be_compressed(void **state) {
    (void)state;
    char *folder = scratch_new();
    const char *path = scratch_path(folder, "cluster.json.gz");
    FILE *plain = fopen(FOLDER "lists.json", "r");
    assert_non_null(plain);
    gzFile file = gzopen(path, "wb");
    for (int octet = fgetc(plain); octet != EOF; octet = fgetc(plain)) {
        gzputc(file, octet);
    }
    gzclose(file);
    fclose(plain);
    struct inventory *inventory = opened_file(path);
    assert_string_equal(who(inventory, "10.1.0.77", LATER), "n1 u1 - solo a -");
    inventory_free(inventory);
    scratch_free(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_are_known_by_addresses_prefixes_and_instance),
        cmocka_unit_test(a_node_is_valid_from_its_creation_to_its_deletion),
        cmocka_unit_test(pods_lead_to_their_node_and_workload),
        cmocka_unit_test(a_pods_address_is_its_nodes_again_when_it_is_gone),
        cmocka_unit_test(a_nodes_addresses_are_listed_apart_from_its_pods),
        cmocka_unit_test(items_of_a_nodelist_need_no_kind_of_their_own),
        cmocka_unit_test(of_two_lists_what_began_last_counts),
        cmocka_unit_test(objects_in_any_order_of_keys_are_told_by_their_shape),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(other_kinds_may_hold_anything),
        cmocka_unit_test(a_file_may_be_compressed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
