/* SPDX-License-Identifier: Apache-2.0 */
/* Property: any bytes behind a { are read without a crash, batches pass batch_check, and lines =
 * headers + records + nodata + skipdata + malformed, the same however the input's reads end; and
 * lines that are wrapped in JSON, in any of its forms, give the same batches and counts as the same
 * lines in a plain text. The first octet chooses the form. */
#include "base/json_write.h"
#include "ingest/aws.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PER_LIST 3

static void require(bool is_true) {
    if (!is_true) {
        abort();
    }
}

/* ---- wrapping ---- */

static void put_message(struct json_writer *json, struct bytes line) {
    json_begin_object(json);
    json_key(json, "id");
    json_u64(json, 7);
    json_key(json, "message");
    json_text(json, line);
    json_end_object(json);
}

/* One object a line (form 0: with a line end behind it), or lists of a few (form 2). */
static void wrap(struct bytes text, unsigned form, struct buffer *out) {
    struct json_writer json;
    json_init(&json, out);
    unsigned in_list = 0;
    while (text.size > 0) {
        const uint8_t *feed = memchr(text.data, '\n', text.size);
        size_t size = feed == NULL ? text.size : (size_t)(feed - text.data);
        if (form == 2 && in_list == 0) {
            json_begin_object(&json);
            json_key(&json, "messageType");
            json_string(&json, "DATA_MESSAGE");
            json_key(&json, "logEvents");
            json_begin_array(&json);
        }
        put_message(&json, bytes_of(text.data, size));
        in_list = form == 2 ? (in_list + 1) % PER_LIST : 0;
        size_t used = feed == NULL ? size : size + 1;
        text = bytes_of(text.data + used, text.size - used);
        if (form == 2 && (in_list == 0 || text.size == 0)) {
            json_end_array(&json);
            json_end_object(&json);
        }
        if (form == 0) {
            buffer_u8(out, '\n');
        }
        if (in_list == 0) {
            json_init(&json, out);
        }
    }
}

/* ---- reading ---- */

static struct source *open_source(struct bytes text, size_t chunk_size) {
    struct input *input;
    struct source *source;
    struct source_options options = { .aws_format = NULL };
    require(input_open_chunks(&input, text, chunk_size, NULL));
    require(aws_source.open(&source, input, bytes_text("fl"), &options, NULL));
    return source;
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
    REQUIRE_SAME(node);
    REQUIRE_SAME(direction);
    REQUIRE_SAME(action);
    require(a->node_count == b->node_count && a->coverage_count == b->coverage_count);
}

static struct batch batches[2];
static struct source_result results[2];

/* Reads both texts side by side. */
static void compare(struct bytes a, size_t a_chunk, struct bytes b, size_t b_chunk) {
    struct source *sources[2] = { open_source(a, a_chunk), open_source(b, b_chunk) };
    do {
        require(aws_source.next(sources[0], &batches[0], &results[0], NULL));
        require(aws_source.next(sources[1], &batches[1], &results[1], NULL));
        const struct source_counts *counts = &results[0].counts;
        require(memcmp(counts, &results[1].counts, sizeof *counts) == 0);
        require(counts->lines == counts->headers + counts->records + counts->nodata +
                                     counts->skipdata + counts->malformed);
        require(results[0].is_end == results[1].is_end);
        require(results[0].is_damaged == results[1].is_damaged);
        require(results[0].reject_count == results[1].reject_count);
        require(batch_check(&batches[0], NULL));
        require_same(&batches[0], &batches[1]);
    } while (!results[0].is_end);
    aws_source.close(sources[0]);
    aws_source.close(sources[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) {
        return 0;
    }
    if (batches[0].columns == NULL) {
        require(batch_init(&batches[0], NULL) && batch_init(&batches[1], NULL));
    }
    unsigned form = data[0] % 4;
    struct buffer text;
    struct buffer wrapped;
    buffer_init(&text, SIZE_MAX / 4);
    buffer_init(&wrapped, SIZE_MAX / 4);
    if (form == 3) {
        buffer_u8(&text, '{');
        buffer_put(&text, data + 1, size - 1);
        compare(buffer_bytes(&text), 65536, buffer_bytes(&text), 1 + data[0] / 4);
    } else {
        /* Lines of a text that JSON can hold, and that is neither JSON nor, by its W, a control
         * message. */
        for (size_t i = 1; i < size; i++) {
            bool is_plain = data[i] < 0x80 && data[i] != '{' && data[i] != 'W';
            buffer_u8(&text, is_plain ? data[i] : '?');
        }
        wrap(buffer_bytes(&text), form, &wrapped);
        compare(buffer_bytes(&text), 65536, buffer_bytes(&wrapped), 1 + data[0] / 4);
    }
    buffer_done(&text);
    buffer_done(&wrapped);
    return 0;
}
