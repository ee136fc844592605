/* SPDX-License-Identifier: Apache-2.0 */
/* Property: any bytes are a filter or an error with a caret. A filter's normal form compiles to a
 * filter with the same normal form and columns, and over a fixed batch filter_match says of each
 * record what filter_match_record says, scalar or not (the first byte chooses). */
#include "flow/filter_tree.h"

#include <stdlib.h>

#define RECORDS 70u /* one past a word */
#define WORDS (BATCH_RECORDS_MAX / 64)
#define TEXT_MAX ((size_t)1 << 16)

static const char *const address_texts[] = { "10.0.0.1",    "10.0.0.2", "192.168.1.9", "8.8.8.8",
                                             "203.0.113.1", "::1",      "2600::1",     "fe80::2" };

static void require(bool is_true) {
    if (!is_true) {
        abort();
    }
}

static void fill_record(struct batch *batch, uint32_t i) {
    batch->src[i] = (uint16_t)(i % 8);
    batch->dst[i] = (uint16_t)(i * 5 % 7);
    batch->src_port[i] = (uint16_t)(i % 3 == 0 ? 443 : 32768 + i);
    batch->dst_port[i] = (uint16_t)(i % 4 == 0 ? 53 : i * 997);
    batch->protocol[i] = (uint8_t)(i % 5 == 0 ? 1 : i % 2 == 0 ? 17 : 6);
    batch->tcp_flags[i] = (uint8_t)(i * 3);
    batch->quality[i] = (uint16_t)(i * 7 & 0xff);
    batch->direction[i] = (uint8_t)(i % 3);
    batch->initiator[i] = 0;
    batch->action[i] = (uint8_t)(i / 2 % 3);
    batch->node[i] = (uint16_t)(i % 2);
    batch->flow_log[i] = 0;
    batch->bytes[i] = i % 9 == 0 ? UINT64_MAX - i : (uint64_t)i * i * 40;
    batch->packets[i] = i % 6;
    batch->start_ms[i] = 1700000000000 + i;
    batch->end_ms[i] = batch->start_ms[i] + (i % 4) * 1500;
}

static void make_batch(struct batch *batch) {
    struct error err;
    require(batch_init(batch, &err));
    for (size_t i = 0; i < sizeof address_texts / sizeof *address_texts; i++) {
        struct address address;
        require(address_parse(bytes_text(address_texts[i]), &address));
        (void)dictionary_code(&batch->addresses, address);
    }
    struct batch_node web = { .name = bytes_text("web-1"), .identity = bytes_text("i-0a") };
    struct batch_node db = { .name = bytes_text("db 1"), .identity = bytes_text("") };
    uint16_t id;
    uint8_t log;
    require(batch_add_node(batch, &web, &id, &err) && batch_add_node(batch, &db, &id, &err));
    require(batch_add_flow_log(batch, bytes_text("fl-1"), &log, &err));
    batch->stamp.origin = ORIGIN_CAPTURE;
    batch->stamp.unit_ms = 1000;
    batch->count = RECORDS;
    for (uint32_t i = 0; i < RECORDS; i++) {
        fill_record(batch, i);
    }
}

static void check_match(const struct filter *filter, struct filter_scratch *scratch,
                        const struct batch *batch) {
    static uint64_t bits[WORDS];
    uint32_t matched = filter_match(filter, scratch, batch, bits);
    for (uint32_t i = 0; i < batch->count; i++) {
        bool is_match = filter_match_record(filter, batch, i);
        require(is_match == (bits[i / 64] >> (i % 64) & 1));
        matched -= is_match;
    }
    require(matched == 0);
}

static void check_print(const struct filter *filter) {
    struct buffer once;
    struct buffer twice;
    struct filter *again = NULL;
    struct error err;
    buffer_init(&once, 16 * TEXT_MAX);
    buffer_init(&twice, 16 * TEXT_MAX);
    filter_print(filter, &once);
    require(!once.failed);
    require(filter_compile_with(&again, buffer_bytes(&once), filter->kernel, &err));
    filter_print(again, &twice);
    require(bytes_equal(buffer_bytes(&once), buffer_bytes(&twice)));
    require(filter_columns(filter) == filter_columns(again));
    filter_free(again);
    buffer_done(&once);
    buffer_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct batch batch;
    static struct filter_scratch *scratch;
    struct error err = { 0 };
    if (scratch == NULL) {
        make_batch(&batch);
        scratch = filter_scratch_new(&err);
        require(scratch != NULL);
    }
    /* Files are not part of the property, and one that never ends would be waited for. */
    if (size == 0 || size > TEXT_MAX || memchr(data, '@', size) != NULL) {
        return 0;
    }
    const struct filter_kernel *kernel =
        data[0] % 2 == 0 ? &filter_kernel_scalar : filter_kernel_best();
    struct filter *filter = NULL;
    if (!filter_compile_with(&filter, bytes_of(data + 1, size - 1), kernel, &err)) {
        require(err.code != ERROR_NONE && strlen(err.message) < ERROR_MESSAGE_SIZE - 1);
        require(err.code != ERROR_ARGUMENT || strrchr(err.message, '\n')[1] != '\0');
        return 0;
    }
    check_match(filter, scratch, &batch);
    check_print(filter);
    filter_free(filter);
    return 0;
}
