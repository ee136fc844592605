/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/labels.h"

#include "ingest/aws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct batch batch;

static int begin(void **state) {
    (void)state;
    return batch_init(&batch, NULL) ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    batch_done(&batch);
    return 0;
}

static struct inventory *opened(const char *text) {
    struct inventory *inventory;
    struct error err;
    if (!inventory_open_bytes(&inventory, "inventory", bytes_text(text), &err)) {
        fail_msg("%s", err.message);
    }
    return inventory;
}

static struct address address_of(const char *text) {
    struct address address;
    assert_true(address_parse(bytes_text(text), &address));
    return address;
}

static void add_record(const char *src, const char *dst, int64_t end_s) {
    uint32_t i = batch.count++;
    batch.end_ms[i] = end_s * 1000;
    batch.src[i] = dictionary_code(&batch.addresses, address_of(src));
    batch.dst[i] = dictionary_code(&batch.addresses, address_of(dst));
}

/* "pod namespace workload" of an address, "-" for each that it has not. */
static const char *label_of(const char *address) {
    static char text[128];
    uint16_t code;
    assert_true(dictionary_find(&batch.addresses, address_of(address), &code));
    if (batch.labels == NULL) {
        return "none";
    }
    uint16_t ids[3] = { batch.labels[code].pod, batch.labels[code].namespace_,
                        batch.labels[code].workload };
    size_t size = 0;
    for (int i = 0; i < 3; i++) {
        struct bytes string = ids[i] == 0 ? bytes_text("-") : batch.strings[ids[i]];
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%.*s", i == 0 ? "" : " ",
                                 (int)string.size, (const char *)string.data);
    }
    return text;
}

static void each_address_gets_what_the_inventory_knows(void **state) {
    (void)state;
    struct inventory *inventory = opened("node,match,pod,namespace,workload\n"
                                         "n1,10.0.0.5,web-1,shop,web\n"
                                         "n1,10.0.0.6,bare,,\n"
                                         "n1,10.0.0.7,,shop,\n"
                                         "n1,10.0.0.0/24,,,\n"
                                         "n2,2001:db8::5,web-2,shop,web\n");
    batch_reset(&batch);
    add_record("10.0.0.5", "10.0.0.6", 1);
    add_record("10.0.0.7", "10.0.0.8", 1);
    add_record("2001:db8::5", "8.8.8.8", 1);
    assert_true(labels_fill(&batch, inventory, NULL));
    assert_string_equal(label_of("10.0.0.5"), "web-1 shop web");
    assert_string_equal(label_of("10.0.0.6"), "bare - -");
    assert_string_equal(label_of("10.0.0.7"), "- shop -");
    assert_string_equal(label_of("10.0.0.8"), "- - -");
    assert_string_equal(label_of("2001:db8::5"), "web-2 shop web");
    assert_string_equal(label_of("8.8.8.8"), "- - -");
    assert_int_equal(batch.string_count, 6); /* "" web-1 shop web bare web-2: each once */
    inventory_free(inventory);
}

static void a_label_is_as_of_the_first_record_that_finds_a_pod(void **state) {
    (void)state;
    struct inventory *inventory = opened("node,match,pod,from,to\n"
                                         "n1,10.0.0.5,old,@100,@200\n"
                                         "n1,10.0.0.5,new,@200,\n");
    batch_reset(&batch);
    add_record("10.0.0.5", "10.0.0.9", 50);
    add_record("10.0.0.5", "10.0.0.9", 199);
    add_record("10.0.0.5", "10.0.0.9", 200);
    assert_true(labels_fill(&batch, inventory, NULL));
    assert_string_equal(label_of("10.0.0.5"), "old - -");
    batch_reset(&batch);
    add_record("10.0.0.9", "10.0.0.5", 200);
    assert_true(labels_fill(&batch, inventory, NULL));
    assert_string_equal(label_of("10.0.0.5"), "new - -");
    batch_reset(&batch);
    for (int i = 0; i < 100; i++) {
        add_record("10.0.0.5", "10.0.0.9", i);
    }
    assert_true(labels_fill(&batch, inventory, NULL));
    assert_string_equal(label_of("10.0.0.5"), "none");
    inventory_free(inventory);
}

static void without_pods_nothing_is_labelled(void **state) {
    (void)state;
    struct inventory *inventory = opened("node,match\nn1,10.0.0.5\n");
    batch_reset(&batch);
    add_record("10.0.0.5", "10.0.0.6", 1);
    assert_true(labels_fill(&batch, inventory, NULL));
    assert_null(batch.labels);
    assert_true(labels_fill(&batch, NULL, NULL));
    assert_null(batch.labels);
    assert_int_equal(batch.string_count, 0);
    inventory_free(inventory);
}

static void a_group_that_is_there_stays(void **state) {
    (void)state;
    struct inventory *inventory = opened("node,match,pod\nn1,10.0.0.5,web-1\n");
    batch_reset(&batch);
    add_record("10.0.0.5", "10.0.0.6", 1);
    struct batch_label label = { 0 };
    assert_true(batch_add_string(&batch, bytes_text("s3"), &label.group, NULL));
    assert_true(batch_set_label(&batch, batch.src[0], label, NULL));
    assert_true(labels_fill(&batch, inventory, NULL));
    assert_string_equal(label_of("10.0.0.5"), "web-1 - -");
    assert_true(bytes_equal(batch.strings[batch.labels[batch.src[0]].group], bytes_text("s3")));
    inventory_free(inventory);
}

static void a_flow_logs_batch_comes_with_its_labels(void **state) {
    (void)state;
    struct inventory *inventory = opened(
        "{\"kind\":\"Node\",\"metadata\":{\"name\":\"n1\"},\"status\":{\"addresses\":[{\"type\":"
        "\"InternalIP\",\"address\":\"10.0.0.1\"}]}}"
        "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"web-1\",\"namespace\":\"shop\"},\"spec\":{"
        "\"nodeName\":\"n1\"},\"status\":{\"podIP\":\"100.64.1.5\"}}");
    struct source_options options = { .inventory = inventory };
    struct source_result result;
    struct input *input;
    struct source *source;
    const char *text =
        "interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr srcport dstport protocol packets "
        "bytes start end action flow-direction log-status\n"
        "eni-1 10.0.0.1 8.8.8.8 100.64.1.5 8.8.8.8 40000 443 6 3 300 100 130 ACCEPT egress OK\n";
    assert_true(input_open_bytes(&input, bytes_text(text), NULL));
    assert_true(aws_source.open(&source, input, bytes_text("fl"), &options, NULL));
    assert_true(aws_source.next(source, &batch, &result, NULL));
    assert_int_equal(batch.count, 1);
    assert_string_equal(label_of("100.64.1.5"), "web-1 shop -");
    assert_string_equal(label_of("8.8.8.8"), "- - -");
    assert_true(bytes_equal(batch.nodes[batch.node[0]].name, bytes_text("n1")));
    aws_source.close(source);
    inventory_free(inventory);
}

/* With the packet's addresses alone, an interface's own one may be any of its pods'. */
static void pods_tell_directions_where_a_log_has_only_packet_addresses(void **state) {
    (void)state;
    struct inventory *inventory = opened("node,match,pod\n"
                                         "n1,eni-1,\n"
                                         "n1,100.64.1.5,web-1\n"
                                         "n1,100.64.1.6,web-2\n"
                                         "n2,100.64.2.5,db-1\n");
    struct source_options options = { .inventory = inventory };
    struct source_result result;
    struct input *input;
    struct source *source;
    const char *text = "interface-id pkt-srcaddr pkt-dstaddr bytes start end\n"
                       "eni-1 100.64.1.5 100.64.2.5 300 100 130\n"
                       "eni-1 100.64.2.5 100.64.1.6 300 100 130\n"
                       "eni-1 100.64.1.5 100.64.1.6 300 100 130\n";
    assert_true(input_open_bytes(&input, bytes_text(text), NULL));
    assert_true(aws_source.open(&source, input, bytes_text("fl"), &options, NULL));
    assert_true(aws_source.next(source, &batch, &result, NULL));
    assert_int_equal(batch.count, 3);
    assert_int_equal(batch.direction[0], DIRECTION_OUT);
    assert_int_equal(batch.direction[1], DIRECTION_IN);
    assert_int_equal(batch.direction[2], DIRECTION_UNKNOWN);
    assert_int_equal(batch.nodes[batch.node[0]].own_count, 2); /* not one that it has not met */
    aws_source.close(source);
    inventory_free(inventory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_gets_what_the_inventory_knows),
        cmocka_unit_test(a_label_is_as_of_the_first_record_that_finds_a_pod),
        cmocka_unit_test(without_pods_nothing_is_labelled),
        cmocka_unit_test(a_group_that_is_there_stays),
        cmocka_unit_test(a_flow_logs_batch_comes_with_its_labels),
        cmocka_unit_test(pods_tell_directions_where_a_log_has_only_packet_addresses),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
