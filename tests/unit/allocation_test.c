/* SPDX-License-Identifier: Apache-2.0 */
/* What happens without memory: each operation is done with its first allocation failing, then its
 * second, and so on until none fails; and once more with all behind the n-th failing. Each time it
 * must say ERROR_LIMIT, or do the whole work without that memory, and leave nothing behind.
 *
 * The linker puts the functions below in front of the allocator for this program (Makefile); what
 * shared libraries allocate for themselves does not come by here. */
#include "detect/detector.h"
#include "detect/fleet_stage.h"
#include "detect/prior.h"
#include "flow/filter.h"
#include "flow/frame.h"
#include "ingest/aws.h"
#include "ingest/capture.h"
#include "ingest/inventory.h"

#include "tests/unit/frame_batches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define ALLOCATIONS_MAX 20000u

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *memory);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *memory);

static struct {
    uint64_t asked;      /* allocations since the operation began */
    uint64_t fail_first; /* of them, by number, the first and the last that fail */
    uint64_t fail_last;
    int64_t live; /* that are not free yet */
} heap = { .fail_first = UINT64_MAX };

static bool is_refused(void) {
    uint64_t number = heap.asked++;
    return number >= heap.fail_first && number <= heap.fail_last;
}

static void *counted(void *memory) {
    heap.live += memory != NULL;
    return memory;
}

void *__wrap_malloc(size_t size) {
    return is_refused() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size) {
    return is_refused() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size) {
    if (is_refused()) {
        return NULL;
    }
    void *memory = __real_realloc(old, size);
    heap.live += old == NULL && memory != NULL;
    return memory;
}

void *__wrap_reallocarray(void *old, size_t count, size_t size) {
    if (is_refused()) {
        return NULL;
    }
    void *memory = __real_reallocarray(old, count, size);
    heap.live += old == NULL && memory != NULL;
    return memory;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
    return is_refused() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

char *__wrap_strdup(const char *text) {
    return is_refused() ? NULL : counted(__real_strdup(text));
}

void __wrap_free(void *memory) {
    heap.live -= memory != NULL;
    __real_free(memory);
}

/* --- the operations ------------------------------------------------------------------------ */

/* Made once, with all the memory that there is. */
static struct {
    struct batch batch;
    struct buffer frame;
    struct buffer state;
} made;

static bool encode(struct error *err) {
    struct buffer out;
    buffer_init(&out, 4u << 20);
    struct frame_encoder *encoder = frame_encoder_new(err);
    bool ok = encoder != NULL && frame_encode(encoder, &made.batch, &out, err);
    if (ok) {
        assert_true(bytes_equal(buffer_bytes(&out), buffer_bytes(&made.frame)));
    }
    frame_encoder_free(encoder);
    buffer_done(&out);
    return ok;
}

static bool decode(struct error *err) {
    struct batch batch = { 0 };
    struct frame_decoder *decoder = frame_decoder_new(err);
    bool ok = decoder != NULL && batch_init(&batch, err) &&
              frame_decode(decoder, &batch, buffer_bytes(&made.frame), UINT32_MAX, err);
    assert_int_equal(batch.count, ok ? made.batch.count : 0);
    frame_decoder_free(decoder);
    batch_done(&batch);
    return ok;
}

static bool take_alert(void *context, const struct alert *alert, struct error *err) {
    (void)context;
    (void)alert;
    (void)err;
    return true;
}

static bool begin_detector(struct detector **out, struct error *err) {
    struct detector_config config;
    detector_config_init(&config);
    config.nodes_max = 64;
    config.memory_bytes_max = UINT64_C(1) << 20;
    const struct alert_sink sink = { .emit = take_alert };
    return detector_new(out, &config, &sink, err);
}

static bool detect(struct error *err) {
    struct detector *detector = NULL;
    struct buffer state;
    buffer_init(&state, (size_t)64 << 20);
    bool ok = begin_detector(&detector, err) && detector_add(detector, &made.batch, err) &&
              detector_advance(detector, made.batch.end_ms[0], err) &&
              detector_state_save(detector, &state, err) &&
              detector_advance(detector, INT64_MAX, err);
    /* A node for which there is no memory is one beyond the bound: counted, and not watched. */
    if (ok && detector_counts(detector).nodes_refused == 0 &&
        !bytes_equal(buffer_bytes(&state), buffer_bytes(&made.state))) {
        fail_msg("allocation %llu: the state differs", (unsigned long long)heap.fail_first);
    }
    detector_free(detector);
    buffer_done(&state);
    return ok;
}

static bool load(struct error *err) {
    struct detector *detector = NULL;
    bool ok = begin_detector(&detector, err) &&
              detector_state_load(detector, buffer_bytes(&made.state), err) &&
              detector_advance(detector, INT64_MAX, err);
    detector_free(detector);
    return ok;
}

/* A failure that latched: of a save or a load. */
static bool latched(bool has_failed, struct error *err) {
    return has_failed ? error_set(err, ERROR_LIMIT, "it latched") : true;
}

/* Three nodes of one incident, and back from bytes. */
static bool look_across_nodes(struct error *err) {
    static const char *const names[] = { "a", "b", "c", "d" };
    const struct alert_sink sink = { .emit = take_alert };
    struct detector_config config;
    struct fleet_stage stages[2] = { 0 };
    struct buffer saved;
    detector_config_init(&config);
    buffer_init(&saved, 1u << 20);
    bool ok = fleet_stage_init(&stages[0], &config, &sink, err) &&
              fleet_stage_init(&stages[1], &config, &sink, err);
    for (size_t i = 0; i < 4 && ok; i++) {
        struct alert alert = { .class_ = "exfil.volume",
                               .direction = DIRECTION_OUT,
                               .node = bytes_text(names[i]),
                               .rare_group = 7,
                               .window_end_ms = 60000 };
        const struct alert_sink front = fleet_stage_sink(&stages[0]);
        ok = front.emit(front.context, &alert, err);
    }
    ok = ok && fleet_stage_pass(&stages[0], 60000, err);
    if (ok) {
        fleet_stage_save(&stages[0], &saved);
        struct cursor cursor = cursor_of(buffer_bytes(&saved));
        fleet_stage_load(&stages[1], &cursor);
        ok = latched(saved.failed || cursor.failed, err) &&
             fleet_stage_pass(&stages[1], 7200000, err);
    }
    fleet_stage_done(&stages[0]);
    fleet_stage_done(&stages[1]);
    buffer_done(&saved);
    return ok;
}

static bool learn_what_a_fleet_is_used_to(struct error *err) {
    const float records[PRIOR_FEATURES] = { 1 };
    struct prior priors[2];
    struct buffer saved;
    buffer_init(&saved, 1u << 20);
    prior_init(&priors[0]);
    prior_init(&priors[1]);
    prior_enter(&priors[0], 1);
    bool ok = prior_add(&priors[0], bytes_text("web"), records, err) &&
              prior_add(&priors[0], bytes_text("db"), records, err);
    if (ok) {
        prior_enter(&priors[0], 3);
        prior_save(&priors[0], &saved);
        struct cursor cursor = cursor_of(buffer_bytes(&saved));
        prior_load(&priors[1], &cursor);
        ok = latched(saved.failed || cursor.failed, err);
    }
    prior_done(&priors[0]);
    prior_done(&priors[1]);
    buffer_done(&saved);
    return ok;
}

static bool open_inventory(const char *text, struct error *err) {
    struct inventory *inventory = NULL;
    bool ok = inventory_open_bytes(&inventory, "inventory", bytes_text(text), err);
    assert_true(ok || inventory == NULL);
    inventory_free(inventory);
    return ok;
}

static bool inventory_of_rows(struct error *err) {
    return open_inventory("node,match,role,from\nweb-1,10.0.0.1,web,\n\"db 1\",10.0.0.0/8,,\n"
                          "db-1,eni-1,db,2026-01-01T00:00:00Z\nweb-1,2001:db8::/32,,\n",
                          err);
}

static bool inventory_of_a_cluster(struct error *err) {
    return open_inventory(
        "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{\"kind\":\"Node\",\"metadata\":{"
        "\"name\":\"n1\",\"uid\":\"u1\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\"},"
        "\"spec\":{\"podCIDRs\":[\"10.1.0.0/24\"]},\"status\":{\"addresses\":[{\"type\":"
        "\"InternalIP\",\"address\":\"10.0.0.1\"}]}},{\"kind\":\"Pod\",\"metadata\":{\"name\":"
        "\"p\",\"namespace\":\"d\",\"uid\":\"u2\"},\"spec\":{\"nodeName\":\"n1\"},\"status\":{"
        "\"phase\":\"Running\",\"podIP\":\"10.1.0.5\",\"podIPs\":[{\"ip\":\"10.1.0.5\"}]}}]}",
        err);
}

static bool filter(struct error *err) {
    static uint64_t bits[BATCH_RECORDS_MAX / 64];
    const char *text = "(src 10.0.0.0/8 or port in {443, 8000-9000} or node 'web 1') and not "
                       "(bytes > 1MB and duration < 5s) and peer in {1.2.3.4, 2001:db8::/32}";
    struct filter *filter = NULL;
    bool ok = filter_compile(&filter, bytes_text(text), err);
    struct filter_scratch *scratch = ok ? filter_scratch_new(err) : NULL;
    ok = ok && scratch != NULL;
    if (ok) {
        (void)filter_match(filter, scratch, &made.batch, bits);
    }
    filter_scratch_free(scratch);
    filter_free(filter);
    return ok;
}

/* Reads a source to its end; `input` is taken. */
static bool drain(const struct source_ops *ops, struct input *input, struct error *err) {
    struct source_options options = { .tick_ms = 10000 };
    struct source *source = NULL;
    struct batch batch = { 0 };
    struct source_result result = { .is_end = false };
    bool ok = ops->open(&source, input, bytes_text("fl-1"), &options, err);
    bool is_open = ok;
    ok = ok && batch_init(&batch, err);
    while (ok && !result.is_end) {
        ok = ops->next(source, &batch, &result, err);
        if (ok && result.is_damaged) {
            fail_msg("allocation %llu: %s", (unsigned long long)heap.fail_first,
                     result.damage.message);
        }
    }
    batch_done(&batch);
    if (is_open) {
        ops->close(source);
    }
    return ok;
}

static bool read_aws(struct error *err) {
    static const char text[] =
        "2 123456789012 eni-1 172.31.16.139 10.0.0.21 20641 22 6 20 4249 1418530010 1418530070 "
        "ACCEPT OK\n"
        "2 123456789012 eni-2 172.31.16.139 10.0.0.21 20641 22 6 20 4249 1418530010 1418530070 "
        "ACCEPT OK\n"
        "2 123456789012 eni-2 - - - - - - - 1418530010 1418530070 - NODATA\n";
    struct input *input = NULL;
    return input_open_bytes(&input, bytes_text(text), err) && drain(&aws_source, input, err);
}

/* One UDP datagram over Ethernet and IPv4. */
static bool read_capture(struct error *err) {
    static const uint8_t file[] = {
        0xd4, 0xc3, 0xb2, 0xa1, 2,  0,    4, 0, 0, 0,  0,    0, 0, 0,  0,  0, 0, 0, 4,  0,  1, 0,
        0,    0,    0,    0,    0,  0x65, 0, 0, 0, 0,  46,   0, 0, 0,  46, 0, 0, 0, 2,  0,  0, 0,
        0,    1,    2,    0,    0,  0,    0, 2, 8, 0,  0x45, 0, 0, 32, 0,  1, 0, 0, 64, 17, 0, 0,
        10,   0,    0,    1,    10, 0,    0, 2, 0, 53, 0x10, 0, 0, 12, 0,  0, 1, 2, 3,  4,
    };
    struct input *input = NULL;
    return input_open_bytes(&input, bytes_of(file, sizeof file), err) &&
           drain(&capture_source, input, err);
}

/* --- the walk ------------------------------------------------------------------------------ */

struct operation {
    const char *name;
    bool (*run)(struct error *err);
};

/* False when no allocation was left to fail. */
static bool fails_cleanly(const struct operation *operation, uint64_t first, uint64_t last) {
    struct error err = { 0 };
    int64_t live = heap.live;
    heap.asked = 0;
    heap.fail_first = first;
    heap.fail_last = last;
    bool ok = operation->run(&err);
    heap.fail_first = UINT64_MAX;
    if (!ok && (err.code != ERROR_LIMIT || err.message[0] == '\0')) {
        fail_msg("%s, allocation %llu: code %d, '%s'", operation->name, (unsigned long long)first,
                 (int)err.code, err.message);
    }
    if (heap.live != live) {
        fail_msg("%s, allocation %llu: %lld are not free", operation->name,
                 (unsigned long long)first, (long long)(heap.live - live));
    }
    return heap.asked > first;
}

static void walk(const struct operation *operation) {
    uint64_t first = 0;
    while (fails_cleanly(operation, first, first)) {
        (void)fails_cleanly(operation, first, UINT64_MAX - 1);
        first++;
        assert_true(first < ALLOCATIONS_MAX);
    }
    assert_true(first > 0);
}

#define TEST(name)                                                                                 \
    static void name##_fails_cleanly_at_every_allocation(void **state) {                           \
        (void)state;                                                                               \
        walk(&(struct operation){ #name, name });                                                  \
    }

TEST(encode)
TEST(decode)
TEST(detect)
TEST(load)
TEST(look_across_nodes)
TEST(learn_what_a_fleet_is_used_to)
TEST(inventory_of_rows)
TEST(inventory_of_a_cluster)
TEST(filter)
TEST(read_aws)
TEST(read_capture)

static int make_all(void **state) {
    (void)state;
    struct error err = { 0 };
    const struct batch_recipe recipe = { .count = 3000,
                                         .nodes = 12,
                                         .locals = 2,
                                         .peers = 500,
                                         .ipv6_percent = 20,
                                         .span_ms = 300000,
                                         .duration_ms = 60000,
                                         .unit_ms = 1000,
                                         .value_bits = 20,
                                         .coverage = 5 };
    assert_true(batch_init(&made.batch, &err));
    fill_random(&made.batch, &recipe, 88172645463325252u);
    made.batch.stamp.flags = 0;
    buffer_init(&made.frame, 4u << 20);
    buffer_init(&made.state, (size_t)64 << 20);
    struct frame_encoder *encoder = frame_encoder_new(&err);
    assert_true(frame_encode(encoder, &made.batch, &made.frame, &err));
    frame_encoder_free(encoder);
    struct detector *detector = NULL;
    assert_true(begin_detector(&detector, &err) && detector_add(detector, &made.batch, &err));
    assert_true(detector_advance(detector, made.batch.end_ms[0], &err));
    assert_true(detector_state_save(detector, &made.state, &err));
    detector_free(detector);
    return 0;
}

static int free_all(void **state) {
    (void)state;
    batch_done(&made.batch);
    buffer_done(&made.frame);
    buffer_done(&made.state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encode_fails_cleanly_at_every_allocation),
        cmocka_unit_test(decode_fails_cleanly_at_every_allocation),
        cmocka_unit_test(detect_fails_cleanly_at_every_allocation),
        cmocka_unit_test(load_fails_cleanly_at_every_allocation),
        cmocka_unit_test(look_across_nodes_fails_cleanly_at_every_allocation),
        cmocka_unit_test(learn_what_a_fleet_is_used_to_fails_cleanly_at_every_allocation),
        cmocka_unit_test(inventory_of_rows_fails_cleanly_at_every_allocation),
        cmocka_unit_test(inventory_of_a_cluster_fails_cleanly_at_every_allocation),
        cmocka_unit_test(filter_fails_cleanly_at_every_allocation),
        cmocka_unit_test(read_aws_fails_cleanly_at_every_allocation),
        cmocka_unit_test(read_capture_fails_cleanly_at_every_allocation),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
