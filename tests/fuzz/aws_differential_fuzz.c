/* SPDX-License-Identifier: Apache-2.0 */
/* Property: the fast parsers and the plain one read the same batches from any bytes, every batch
 * passes batch_check, and lines = headers + records + nodata + skipdata + malformed. */
#include "ingest/aws.h"
#include "ingest/aws_fast.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is wrong stops the program, as a fuzzer wants it. */
static void require(bool is_true) {
    if (!is_true) {
        abort();
    }
}

static struct source *open_source(struct bytes text, bool is_scalar) {
    struct error err;
    struct input *input;
    struct source *source;
    struct source_options options = { .aws_format = NULL };
    require(input_open_bytes(&input, text, &err));
    enum cpu_width width = is_scalar ? CPU_SCALAR : CPU_AVX512;
    require(aws_open_width(&source, input, bytes_text("fl"), &options, width, &err));
    return source;
}

static void require_same_counts(const struct source_counts *a, const struct source_counts *b) {
    require(memcmp(a, b, sizeof *a) == 0);
    require(a->lines == a->headers + a->records + a->nodata + a->skipdata + a->malformed);
}

#define REQUIRE_SAME(column)                                                                       \
    require(memcmp(a->column, b->column, a->count * sizeof *a->column) == 0)

static void require_same(const struct batch *a, const struct batch *b) {
    require(a->count == b->count && a->addresses.count == b->addresses.count);
    REQUIRE_SAME(start_ms);
    REQUIRE_SAME(end_ms);
    REQUIRE_SAME(bytes);
    REQUIRE_SAME(packets);
    REQUIRE_SAME(src);
    REQUIRE_SAME(dst);
    REQUIRE_SAME(src_port);
    REQUIRE_SAME(dst_port);
    REQUIRE_SAME(node);
    REQUIRE_SAME(quality);
    REQUIRE_SAME(protocol);
    REQUIRE_SAME(tcp_flags);
    REQUIRE_SAME(direction);
    REQUIRE_SAME(initiator);
    REQUIRE_SAME(action);
    require(memcmp(a->addresses.values, b->addresses.values,
                   a->addresses.count * sizeof *a->addresses.values) == 0);
    require(a->coverage_count == b->coverage_count && a->node_count == b->node_count);
    for (uint32_t i = 0; i < a->node_count; i++) {
        require(bytes_equal(a->nodes[i].name, b->nodes[i].name));
        require(bytes_equal(a->nodes[i].identity, b->nodes[i].identity));
        require(a->nodes[i].own_count == b->nodes[i].own_count);
    }
}

static struct batch batches[2];
static bool has_batches;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct error err;
    if (!has_batches) {
        require(batch_init(&batches[0], &err) && batch_init(&batches[1], &err));
        has_batches = true;
    }
    static struct source_result results[2];
    struct source *plain = open_source(bytes_of(data, size), true);
    struct source *fast = open_source(bytes_of(data, size), false);
    do {
        require(aws_source.next(plain, &batches[0], &results[0], &err));
        require(aws_source.next(fast, &batches[1], &results[1], &err));
        require_same_counts(&results[0].counts, &results[1].counts);
        require(results[0].is_end == results[1].is_end);
        require(results[0].reject_count == results[1].reject_count);
        require(batch_check(&batches[0], &err));
        require_same(&batches[0], &batches[1]);
    } while (!results[0].is_end);
    aws_source.close(plain);
    aws_source.close(fast);
    return 0;
}
