/* SPDX-License-Identifier: Apache-2.0 */
/* Flow logs that other projects test their parsers with, and what those parsers read from them. The
 * files are not part of this tree: they are looked for in data/aws below WEIR_SHARED, else below
 * ../shared, and the tests are skipped, aloud, where they are not there. */
#include "tests/unit/aws_object.inc.h"

static char *load(const char *name, size_t *size) {
    const char *shared = getenv("WEIR_SHARED");
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/data/aws/%s", shared == NULL ? "../shared" : shared,
                   name);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        print_message("SKIPPED: %s is not there\n", path);
        skip();
    }
    char *text = malloc(1 << 17);
    *size = fread(text, 1, (1 << 17) - 1, file);
    text[*size] = '\0';
    (void)fclose(file);
    return text;
}

static void read_sample(const char *name, const char *format, struct flat *flat) {
    size_t size;
    char *text = load(name, &size);
    struct object object = { .text = text, .size = size, .format = format };
    object_read(&object, flat);
    free(text);
}

static void assert_counts(const struct flat *flat, uint64_t headers, uint64_t records,
                          uint64_t nodata, uint64_t skipdata, uint64_t malformed) {
    assert_int_equal(flat->counts.headers, headers);
    assert_int_equal(flat->counts.records, records);
    assert_int_equal(flat->counts.nodata, nodata);
    assert_int_equal(flat->counts.skipdata, skipdata);
    assert_int_equal(flat->counts.malformed, malformed);
}

static void assert_address(struct address got, const char *want) {
    char text[ADDRESS_TEXT_SIZE];
    text[address_format(got, text)] = '\0';
    assert_string_equal(text, want);
}

static void every_sample_has_its_counts(void **state) {
    (void)state;
    static const struct {
        const char *name, *format;
        uint64_t headers, records, nodata, skipdata, malformed;
    } SAMPLES[] = {
        { "beats--accept-reject-traffic.log", NULL, 1, 4, 0, 0, 0 },
        { "beats--bad.log", NULL, 0, 0, 0, 0, 1 },
        { "beats--custom-nat-gateway.log", NULL, 1, 0, 0, 0, 2 },     /* no times */
        { "beats--custom-transit-gateway.log", NULL, 0, 0, 0, 0, 1 }, /* no header */
        { "beats--no-data-skip-data.log", NULL, 0, 0, 1, 1, 0 },
        { "beats--tcp-flag-sequence.log", NULL, 1, 1, 0, 0, 0 },
        { "elastic--test-extra-samples.log", NULL, 0, 5, 1, 1, 0 },
        { "elastic--test-tgw-samples.log", NULL, 0, 0, 0, 0, 10 },
        { "elastic--test-tgw-samples.log", "tgw", 0, 3, 1, 6, 0 },
        { "elastic--test-with-message-field.log", NULL, 0, 0, 1, 0, 0 },
        { "otel--valid_tgw_flow_log.log", NULL, 1, 1, 0, 0, 0 },
        { "otel--valid_vpc_flow_log_multi.log", NULL, 1, 2, 0, 0, 0 },
        { "otel--vpc_flow_log_too_few_fields.log", NULL, 1, 0, 0, 0, 1 },
        { "otel--vpc_flow_log_too_many_fields.log", NULL, 1, 0, 0, 0, 1 },
    };
    for (size_t i = 0; i < sizeof SAMPLES / sizeof SAMPLES[0]; i++) {
        struct flat flat;
        read_sample(SAMPLES[i].name, SAMPLES[i].format, &flat);
        print_message("%s\n", SAMPLES[i].name);
        assert_counts(&flat, SAMPLES[i].headers, SAMPLES[i].records, SAMPLES[i].nodata,
                      SAMPLES[i].skipdata, SAMPLES[i].malformed);
        flat_done(&flat);
    }
}

/* otel--expected.tsv */
static void opentelemetrys_records_are_equal(void **state) {
    (void)state;
    struct flat flat;
    read_sample("otel--valid_vpc_flow_log_multi.log", NULL, &flat);
    static const struct {
        const char *src, *dst;
        uint16_t src_port, dst_port;
        uint8_t action;
    } WANT[] = {
        { "172.31.16.139", "172.31.16.21", 20641, 22, ACTION_ACCEPT },
        { "172.31.9.69", "172.31.9.12", 49761, 3389, ACTION_REJECT },
    };
    for (size_t i = 0; i < 2; i++) {
        const struct flat_record *record = &flat.records[i];
        assert_address(record->src, WANT[i].src);
        assert_address(record->dst, WANT[i].dst);
        assert_int_equal(record->src_port, WANT[i].src_port);
        assert_int_equal(record->dst_port, WANT[i].dst_port);
        assert_int_equal(record->action, WANT[i].action);
        assert_int_equal(record->protocol, 6);
        assert_int_equal(record->packets, 20);
        assert_int_equal(record->bytes, 4249);
        assert_int_equal(record->start_ms, 1418530010000);
        assert_int_equal(record->end_ms, 1418530070000);
        assert_string_equal(record->node, "eni-1235b8ca123456789");
    }
    flat_done(&flat);
}

/* The line of otel--valid_tgw_flow_log.log. */
static void a_gateways_record_is_of_the_interface_that_it_came_in_by(void **state) {
    (void)state;
    struct flat flat;
    read_sample("otel--valid_tgw_flow_log.log", NULL, &flat);
    const struct flat_record *record = &flat.records[0];
    assert_string_equal(record->node, "eni-0abc12345def67890"); /* tgw-src-eni of an ingress line */
    assert_string_equal(record->interface, "eni-0abc12345def67890");
    assert_int_equal(record->direction, DIRECTION_OUT);
    assert_address(record->src, "10.0.0.1");
    assert_address(record->dst, "10.0.1.1");
    assert_int_equal(record->dst_port, 443);
    assert_int_equal(record->packets, 10);
    assert_int_equal(record->bytes, 1000);
    assert_int_equal(record->tcp_flags, 2);
    assert_int_equal(record->action, ACTION_UNKNOWN);
    flat_done(&flat);
}

/* elastic--expected.tsv: its start is ten times too small, and is kept. */
static void elastics_version_5_record_is_equal(void **state) {
    (void)state;
    struct flat flat;
    read_sample("elastic--test-v5-all-fields.log",
                "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets "
                "bytes start end action log-status vpc-id subnet-id instance-id tcp-flags type "
                "pkt-srcaddr pkt-dstaddr region az-id sublocation-type sublocation-id "
                "pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path",
                &flat);
    assert_counts(&flat, 0, 1, 0, 0, 0);
    const struct flat_record *record = &flat.records[0];
    assert_address(record->src, "89.160.20.156");
    assert_address(record->dst, "10.200.0.80");
    assert_int_equal(record->src_port, 50041);
    assert_int_equal(record->dst_port, 33004);
    assert_int_equal(record->protocol, 17);
    assert_int_equal(record->packets, 52);
    assert_int_equal(record->bytes, 1);
    assert_int_equal(record->start_ms, 164000066000);
    assert_int_equal(record->end_ms, 1640000297000);
    assert_int_equal(record->action, ACTION_REJECT);
    assert_int_equal(record->direction, DIRECTION_IN);
    assert_int_equal(record->tcp_flags, 1);
    assert_string_equal(record->interface, "eni-069xxxxxb7a490");
    assert_string_equal(record->identity, "i-0axxxxxx1ad77");
    flat_done(&flat);
}

/* The text value of "key" : "value" or "key" : number behind `at`, within one entry. */
static bool find_value(const char *at, const char *key, char out[256]) {
    char quoted[64];
    (void)snprintf(quoted, sizeof quoted, "\"%s\"", key);
    const char *found = strstr(at, quoted);
    if (found == NULL) {
        return false;
    }
    found = strchr(found + strlen(quoted), ':') + 1;
    found += strspn(found, " \"");
    size_t size = strcspn(found, "\",\n}");
    assert_true(size < 256);
    memcpy(out, found, size);
    out[size] = '\0';
    return true;
}

static uint64_t number_of(const char *fields, const char *key) {
    char value[256];
    assert_true(find_value(fields, key, value));
    return strtoull(value, NULL, 10);
}

static void assert_fields(const struct flat_record *record, const char *fields) {
    char value[256];
    assert_true(find_value(fields, "srcaddr", value));
    assert_address(record->src, value);
    assert_true(find_value(fields, "dstaddr", value));
    assert_address(record->dst, value);
    assert_true(find_value(fields, "action", value));
    assert_int_equal(record->action == ACTION_ACCEPT, strcmp(value, "ACCEPT") == 0);
    assert_int_equal(record->src_port, number_of(fields, "srcport"));
    assert_int_equal(record->dst_port, number_of(fields, "dstport"));
    assert_int_equal(record->protocol, number_of(fields, "protocol"));
    assert_int_equal(record->packets, number_of(fields, "packets"));
    assert_int_equal(record->bytes, number_of(fields, "bytes"));
    assert_int_equal(record->start_ms, number_of(fields, "start") * 1000);
    assert_int_equal(record->end_ms, number_of(fields, "end") * 1000);
}

/* Each entry holds a real line ("body") and the fields that its origin read from it. In every
 * second entry the fields are not the line's (source and destination are exchanged, and there are
 * ten times as many bytes): those lines are only read. */
static void opensearchs_lines_equal_their_parsed_fields(void **state) {
    (void)state;
    size_t size;
    char *text = load("opensearch--amazon_vpc_flow-sample.json", &size);
    size_t count = 0;
    for (const char *at = strstr(text, "\"body\""); at != NULL; at = strstr(at + 1, "\"body\"")) {
        char line[256];
        assert_true(find_value(at, "body", line));
        struct object object = { .text = line };
        struct flat flat;
        object_read(&object, &flat);
        assert_counts(&flat, 0, 1, 0, 0, 0);
        if (count % 2 == 0) {
            const char *fields = strstr(at, "\"vpc\"");
            assert_non_null(fields);
            assert_fields(&flat.records[0], fields);
        }
        count++;
        flat_done(&flat);
    }
    assert_int_equal(count, 22);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_has_its_counts),
        cmocka_unit_test(opentelemetrys_records_are_equal),
        cmocka_unit_test(a_gateways_record_is_of_the_interface_that_it_came_in_by),
        cmocka_unit_test(elastics_version_5_record_is_equal),
        cmocka_unit_test(opensearchs_lines_equal_their_parsed_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
