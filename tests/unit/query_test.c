/* SPDX-License-Identifier: Apache-2.0 */
/* Queries over a random store are held against a plain computation over the same records. */
#include "query/query.h"

#include "tests/unit/query_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define GROUPS_MAX 65536
#define MINUTE_MS INT64_C(60000)

static uint64_t seed_used;
static char *folder;
static struct plain plain;

/* ---- filters with a plain meaning ---- */

static bool is_udp(const struct query_row *row) {
    return row->protocol == 17;
}
static bool is_443(const struct query_row *row) {
    return row->dst_port == 443;
}
static bool is_web_1(const struct query_row *row) {
    return bytes_equal(row->node, bytes_text("web-1"));
}
static bool is_large(const struct query_row *row) {
    return row->bytes > 50000;
}
static bool is_out(const struct query_row *row) {
    return row->direction == DIRECTION_OUT;
}
static bool is_ipv6(const struct query_row *row) {
    return row->src.high == UINT64_C(0x20010db800000000);
}

static const struct plain_filter {
    const char *text;
    bool (*matches)(const struct query_row *row);
} filters[] = {
    { "", NULL },
    { "proto udp", is_udp },
    { "dst port 443", is_443 },
    { "node web-1", is_web_1 },
    { "bytes > 50000", is_large },
    { "out", is_out },
    { "src net 2001:db8::/32", is_ipv6 },
};
#define FILTER_COUNT (sizeof filters / sizeof *filters)

/* ---- the answer, and what it should be ---- */

struct group {
    char keys[256];
    uint64_t sums[QUERY_SUM_COUNT];
    int64_t first_ms;
    int64_t last_ms;
};

struct answer {
    const struct query *query;
    struct query_row rows[PLAIN_MAX];
    char texts[PLAIN_MAX][2][16];
    size_t row_count;
    struct group *groups; /* [GROUPS_MAX] */
    size_t group_count;
    struct query_stats stats;
};

static struct answer got;
static struct answer want;

static bool take_row(void *context, const struct query_row *row, struct error *err) {
    struct answer *answer = context;
    (void)err;
    struct query_row *kept = &answer->rows[answer->row_count];
    char(*texts)[16] = answer->texts[answer->row_count++];
    *kept = *row;
    snprintf(texts[0], 16, "%.*s", (int)row->node.size, (const char *)row->node.data);
    snprintf(texts[1], 16, "%.*s", (int)row->flow_log.size, (const char *)row->flow_log.data);
    kept->node = bytes_text(texts[0]);
    kept->flow_log = bytes_text(texts[1]);
    return true;
}

static void put_value(char *out, enum query_key key, const struct query_value *value) {
    char address[ADDRESS_TEXT_SIZE];
    if (key == QUERY_NODE || key == QUERY_FLOW_LOG) {
        sprintf(out + strlen(out), "%.*s|", (int)value->text.size, (const char *)value->text.data);
    } else if (key == QUERY_SRC || key == QUERY_DST || key == QUERY_PEER) {
        address_format(value->address, address);
        sprintf(out + strlen(out), "%s|", address);
    } else {
        sprintf(out + strlen(out), "%lld|", (long long)value->number);
    }
}

static bool take_group(void *context, const struct query_group *group, struct error *err) {
    struct answer *answer = context;
    (void)err;
    struct group *kept = &answer->groups[answer->group_count++];
    *kept = (struct group){ .first_ms = group->first_ms, .last_ms = group->last_ms };
    memcpy(kept->sums, group->sums, sizeof kept->sums);
    for (uint32_t i = 0; i < answer->query->key_count; i++) {
        put_value(kept->keys, answer->query->keys[i], &group->keys[i]);
    }
    return true;
}

static struct query_value value_of(const struct query_row *row, enum query_key key,
                                   int64_t bin_begin_ms) {
    bool is_in = row->direction == DIRECTION_IN;
    switch (key) {
    case QUERY_SRC: return (struct query_value){ .address = row->src };
    case QUERY_DST: return (struct query_value){ .address = row->dst };
    case QUERY_PEER: return (struct query_value){ .address = is_in ? row->src : row->dst };
    case QUERY_NODE: return (struct query_value){ .text = row->node };
    case QUERY_FLOW_LOG: return (struct query_value){ .text = row->flow_log };
    case QUERY_SRC_PORT: return (struct query_value){ .number = row->src_port };
    case QUERY_DST_PORT: return (struct query_value){ .number = row->dst_port };
    case QUERY_PORT:
        return (struct query_value){ .number = row->src_port < row->dst_port ? row->src_port
                                                                             : row->dst_port };
    case QUERY_PROTOCOL: return (struct query_value){ .number = row->protocol };
    case QUERY_ACTION: return (struct query_value){ .number = row->action };
    case QUERY_DIRECTION: return (struct query_value){ .number = row->direction };
    case QUERY_TIME: return (struct query_value){ .number = bin_begin_ms };
    case QUERY_KEY_COUNT: break;
    }
    return (struct query_value){ 0 };
}

static void add_to_group(struct answer *answer, const struct query_row *row, int64_t bin_ms,
                         const uint64_t sums[QUERY_SUM_COUNT]) {
    char keys[256] = "";
    for (uint32_t i = 0; i < answer->query->key_count; i++) {
        struct query_value value = value_of(row, answer->query->keys[i], bin_ms);
        put_value(keys, answer->query->keys[i], &value);
    }
    size_t at = 0;
    while (at < answer->group_count && strcmp(answer->groups[at].keys, keys) != 0) {
        at++;
    }
    struct group *group = &answer->groups[at];
    if (at == answer->group_count) {
        *group = (struct group){ .first_ms = INT64_MAX, .last_ms = INT64_MIN };
        memcpy(group->keys, keys, sizeof keys);
        answer->group_count++;
    }
    for (int i = 0; i < QUERY_SUM_COUNT; i++) {
        group->sums[i] += sums[i];
    }
    group->first_ms = row->start_ms < group->first_ms ? row->start_ms : group->first_ms;
    group->last_ms = row->end_ms > group->last_ms ? row->end_ms : group->last_ms;
}

/* floor(amount * passed / whole), as the header of flow/spread.h says it. */
static uint64_t passed(uint64_t amount, int64_t from, int64_t to, int64_t t) {
    return t <= from ? 0 : t >= to ? amount : amount * (uint64_t)(t - from) / (uint64_t)(to - from);
}

/* Bins of an offset without summer time; a second at a time would be the definition, but a flow is
 * at most 15 minutes and a bin at least one. */
static void spread_row(struct answer *answer, const struct query_row *row, int64_t offset_ms) {
    const struct query *query = answer->query;
    int64_t to = row->end_ms + STORE_UNIT_MS;
    int64_t from = row->start_ms > to - STORE_REACH_MS ? row->start_ms : to - STORE_REACH_MS;
    int64_t bin = (from + offset_ms) / query->bin_ms * query->bin_ms - offset_ms;
    for (; bin < to; bin += query->bin_ms) {
        int64_t a = bin > query->from_ms ? bin : query->from_ms;
        int64_t b = bin + query->bin_ms < query->to_ms ? bin + query->bin_ms : query->to_ms;
        if (a >= b || b <= from || a >= to) {
            continue;
        }
        const uint64_t sums[QUERY_SUM_COUNT] = {
            passed(row->bytes, from, to, b) - passed(row->bytes, from, to, a),
            passed(row->packets, from, to, b) - passed(row->packets, from, to, a),
            to - 1 >= a && to - 1 < b,
        };
        add_to_group(answer, row, bin, sums);
    }
}

static void compute(struct answer *answer, bool (*matches)(const struct query_row *),
                    int64_t offset_ms) {
    const struct query *query = answer->query;
    answer->row_count = answer->group_count = 0;
    answer->stats = (struct query_stats){ 0 };
    for (size_t i = 0; i < plain.count; i++) {
        const struct query_row *row = &plain.rows[i];
        if ((!query->has_twins && (row->quality & QUALITY_TWIN)) ||
            row->end_ms + STORE_UNIT_MS <= query->from_ms || row->start_ms >= query->to_ms ||
            (matches != NULL && !matches(row))) {
            continue;
        }
        const uint64_t sums[QUERY_SUM_COUNT] = { row->bytes, row->packets, 1 };
        for (int k = 0; k < QUERY_SUM_COUNT; k++) {
            answer->stats.sums[k] += sums[k];
        }
        answer->stats.partial +=
            row->start_ms < query->from_ms || row->end_ms + STORE_UNIT_MS > query->to_ms;
        if (query->key_count == 0) {
            answer->rows[answer->row_count++] = *row;
        } else if (query->bin_ms > 0) {
            spread_row(answer, row, offset_ms);
        } else {
            add_to_group(answer, row, 0, sums);
        }
    }
    for (size_t i = 0; i < plain.skip_count; i++) {
        answer->stats.skipped_intervals +=
            plain.skips[i][0] < query->to_ms && plain.skips[i][1] > query->from_ms;
    }
}

/* ---- comparing ---- */

static int by_keys(const void *a, const void *b) {
    return strcmp(((const struct group *)a)->keys, ((const struct group *)b)->keys);
}

static void print_row(char out[256], const struct query_row *row) {
    char src[ADDRESS_TEXT_SIZE];
    char dst[ADDRESS_TEXT_SIZE];
    address_format(row->src, src);
    address_format(row->dst, dst);
    snprintf(out, 256, "%lld %lld %llu %llu %s %s %.*s %.*s %u %u %u %u %u %u %u %u",
             (long long)row->end_ms, (long long)row->start_ms, (unsigned long long)row->bytes,
             (unsigned long long)row->packets, src, dst, (int)row->node.size,
             (const char *)row->node.data, (int)row->flow_log.size,
             (const char *)row->flow_log.data, row->src_port, row->dst_port, row->quality,
             row->protocol, row->tcp_flags, row->direction, row->initiator, row->action);
}

static int by_print(const void *a, const void *b) {
    char left[256];
    char right[256];
    print_row(left, a);
    print_row(right, b);
    return strcmp(left, right);
}

static void expect_same_rows(void) {
    char left[256];
    char right[256];
    assert_int_equal(got.row_count, want.row_count);
    qsort(got.rows, got.row_count, sizeof *got.rows, by_print);
    qsort(want.rows, want.row_count, sizeof *want.rows, by_print);
    for (size_t i = 0; i < got.row_count; i++) {
        print_row(left, &got.rows[i]);
        print_row(right, &want.rows[i]);
        assert_string_equal(left, right);
    }
}

static void expect_same_groups(void) {
    assert_int_equal(got.group_count, want.group_count);
    qsort(got.groups, got.group_count, sizeof *got.groups, by_keys);
    qsort(want.groups, want.group_count, sizeof *want.groups, by_keys);
    for (size_t i = 0; i < got.group_count; i++) {
        assert_string_equal(got.groups[i].keys, want.groups[i].keys);
        assert_memory_equal(got.groups[i].sums, want.groups[i].sums, sizeof got.groups[i].sums);
        assert_int_equal(got.groups[i].first_ms, want.groups[i].first_ms);
        assert_int_equal(got.groups[i].last_ms, want.groups[i].last_ms);
    }
}

static int64_t measure_of_row(const struct query *query, const struct query_row *row) {
    return query->sort == QUERY_SORT_BYTES     ? -(int64_t)row->bytes
           : query->sort == QUERY_SORT_PACKETS ? -(int64_t)row->packets
                                               : row->end_ms;
}

static void expect_order(const struct query *query) {
    int64_t sign = query->is_reversed ? -1 : 1;
    bool is_sorted = query->sort != QUERY_SORT_NONE && query->sort != QUERY_SORT_FLOWS;
    for (size_t i = 1; i < got.row_count && is_sorted; i++) {
        assert_true(sign * measure_of_row(query, &got.rows[i - 1]) <=
                    sign * measure_of_row(query, &got.rows[i]));
    }
    for (size_t i = 1; i < got.group_count && query->sort <= QUERY_SORT_FLOWS; i++) {
        int64_t a = (int64_t)got.groups[i - 1].sums[query->sort];
        int64_t b = (int64_t)got.groups[i].sums[query->sort];
        assert_true(sign * a >= sign * b);
    }
}

static bool run(struct query *query, const char *filter_text, struct error *err) {
    struct query_sink sink = { .context = &got, .row = take_row, .group = take_group };
    struct filter *filter;
    require(filter_compile(&filter, bytes_text(filter_text), err), err);
    query->filter = filter;
    got.query = want.query = query;
    got.row_count = got.group_count = 0;
    bool ok = query_run(folder, query, &sink, &got.stats, err);
    filter_free(filter);
    return ok;
}

static void run_or_fail(struct query *query, const char *filter_text) {
    struct error err;
    if (!run(query, filter_text, &err)) {
        fail_msg("seed %llu: %s", (unsigned long long)seed_used, err.message);
    }
    assert_int_equal(got.stats.damaged, 0);
}

static struct query everything(void) {
    return (struct query){ .from_ms = INT64_MIN,
                           .to_ms = INT64_MAX,
                           .has_twins = true,
                           .sort = QUERY_SORT_TIME,
                           .memory_bytes_max = 64 << 20 };
}

static void random_range(struct query *query, uint64_t *seed) {
    if (random_below(seed, 3) > 0) {
        query->from_ms = STORE_BASE_MS + (int64_t)random_below(seed, 18000) * 1000;
        query->to_ms = query->from_ms + 1000 + (int64_t)random_below(seed, 7200) * 1000;
    }
}

static struct query random_query(uint64_t *seed) {
    struct query query = everything();
    random_range(&query, seed);
    query.has_twins = random_below(seed, 2) != 0;
    query.is_reversed = random_below(seed, 2) != 0;
    query.sort = (enum query_sort)random_below(seed, QUERY_SORT_NONE);
    uint64_t wanted = random_below(seed, 4);
    for (uint64_t i = 0; i < wanted; i++) {
        enum query_key key = (enum query_key)random_below(seed, QUERY_KEY_COUNT);
        bool is_there = false;
        for (uint32_t k = 0; k < query.key_count; k++) {
            is_there |= query.keys[k] == key;
        }
        if (!is_there) {
            query.keys[query.key_count++] = key;
            query.bin_ms =
                key == QUERY_TIME ? (random_below(seed, 2) ? 5 : 60) * MINUTE_MS : query.bin_ms;
        }
    }
    if (query.key_count == 0 && random_below(seed, 4) == 0) {
        query.sort = QUERY_SORT_NONE;
    }
    return query;
}

static void random_queries_give_what_a_plain_computation_gives(void **state) {
    (void)state;
    uint64_t seed = seed_used;
    struct zone *zone;
    struct error err;
    require(zone_open("+05:30", &zone, &err), &err);
    for (int i = 0; i < 300; i++) {
        const struct plain_filter *filter = &filters[random_below(&seed, FILTER_COUNT)];
        struct query query = random_query(&seed);
        query.zone = i % 2 == 0 ? NULL : zone;
        run_or_fail(&query, filter->text);
        compute(&want, filter->matches, i % 2 == 0 ? 0 : 330 * MINUTE_MS);
        expect_order(&query);
        expect_same_rows();
        expect_same_groups();
        assert_memory_equal(got.stats.sums, want.stats.sums, sizeof got.stats.sums);
        assert_int_equal(got.stats.records_matched, want.stats.sums[QUERY_FLOWS]);
        assert_int_equal(got.stats.partial, want.stats.partial);
        assert_int_equal(got.stats.skipped_intervals, want.stats.skipped_intervals);
        assert_int_equal(got.stats.cut, 0);
    }
    zone_close(zone);
}

static void groups_over_all_time_add_up_to_the_stats(void **state) {
    (void)state;
    for (int key = 0; key < QUERY_KEY_COUNT; key++) {
        struct query query = everything();
        query.keys[query.key_count++] = (enum query_key)key;
        query.bin_ms = MINUTE_MS;
        run_or_fail(&query, "");
        for (int sum = 0; sum < QUERY_SUM_COUNT; sum++) {
            uint64_t total = 0;
            for (size_t i = 0; i < got.group_count; i++) {
                total += got.groups[i].sums[sum];
            }
            assert_int_equal(total, got.stats.sums[sum]);
        }
    }
}

static void a_limit_gives_the_first_and_says_how_many_it_cut(void **state) {
    (void)state;
    static const uint64_t limits[] = { 1, 7, 600, 1024, 100000, UINT64_MAX / 2 + 1, UINT64_MAX };
    static struct query_row all[PLAIN_MAX];
    for (int sort = QUERY_SORT_BYTES; sort <= QUERY_SORT_NONE; sort++) {
        for (int is_reversed = 0; is_reversed < 2; is_reversed++) {
            struct query query = everything();
            query.sort = (enum query_sort)sort;
            query.is_reversed = is_reversed != 0;
            run_or_fail(&query, "");
            size_t total = got.row_count;
            memcpy(all, got.rows, total * sizeof *all);
            for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
                query.limit = limits[i];
                run_or_fail(&query, "");
                size_t given = limits[i] < total ? (size_t)limits[i] : total;
                assert_int_equal(got.row_count, given);
                assert_int_equal(got.stats.cut, total - given);
                assert_int_equal(got.stats.sums[QUERY_FLOWS], total);
                for (size_t k = 0; k < given; k++) {
                    assert_int_equal(by_print(&got.rows[k], &all[k]), 0);
                }
            }
        }
    }
    struct query query = everything();
    query.keys[query.key_count++] = QUERY_NODE;
    query.limit = 2;
    run_or_fail(&query, "");
    assert_int_equal(got.group_count, 2);
    assert_int_equal(got.stats.cut, 3);
}

static void too_many_rows_or_groups_for_the_memory_are_an_error(void **state) {
    (void)state;
    struct error err = { 0 };
    struct query query = everything();
    query.memory_bytes_max = 64 << 10;
    assert_false(run(&query, "", &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    query.keys[query.key_count++] = QUERY_TIME;
    query.keys[query.key_count++] = QUERY_SRC;
    query.bin_ms = MINUTE_MS;
    assert_false(run(&query, "", &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_non_null(strstr(err.message, "65536 bytes"));
}

/* ---- a store of two flows, worked by hand ---- */

static void make_two_flows(const char *where, bool is_swapped) {
    struct error err = { 0 };
    struct store *store;
    struct batch batch;
    struct query_row row = { .start_ms = STORE_BASE_MS,
                             .end_ms = STORE_BASE_MS + 9000,
                             .bytes = 100,
                             .packets = 1,
                             .src = address_from_ipv4(1),
                             .dst = address_from_ipv4(2),
                             .node = bytes_text("n"),
                             .flow_log = bytes_text("fl"),
                             .protocol = 6 };
    require(batch_init(&batch, &err), &err);
    require(store_open(&store, where, STORE_NEW, &err), &err);
    for (uint64_t i = 0; i < 2; i++) {
        batch_reset(&batch);
        stamp_batch(&batch, i, 0);
        row.initiator = (uint8_t)(is_swapped ? 1 - i : i);
        row.node = bytes_text(row.initiator == 0 ? "n" : "m");
        row.src_port = row.initiator;
        put_row(&batch, &row);
        require(flows_add(store_flows(store), &batch, &err), &err);
    }
    commit_flows(store);
    store_close(store);
    batch_done(&batch);
}

/* The flow lasts over [base, base + 10 s): its end is its last second's name. */
static void a_flow_belongs_to_a_range_that_it_touches(void **state) {
    (void)state;
    static const struct {
        int64_t from_ms, to_ms;
        size_t rows;
        uint64_t partial;
    } cases[] = {
        { -1000, 0, 0, 0 },   { -1000, 1, 2, 2 },     { 0, 10000, 2, 0 },
        { 0, 9999, 2, 2 },    { 9999, 20000, 2, 2 },  { 10000, 20000, 0, 0 },
        { 4000, 4001, 2, 2 }, { -5000, 15000, 2, 0 }, { 9000, 9001, 2, 2 },
    };
    char *random_folder = folder;
    folder = scratch_new();
    make_two_flows(folder, false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct query query = everything();
        query.from_ms = STORE_BASE_MS + cases[i].from_ms;
        query.to_ms = STORE_BASE_MS + cases[i].to_ms;
        run_or_fail(&query, "");
        assert_int_equal(got.row_count, cases[i].rows);
        assert_int_equal(got.stats.partial, cases[i].partial);
    }
    scratch_free(folder);
    folder = random_folder;
}

static void ties_do_not_depend_on_the_order_in_the_store(void **state) {
    (void)state;
    char first[2][256];
    char *random_folder = folder;
    for (int is_swapped = 0; is_swapped < 2; is_swapped++) {
        folder = scratch_new();
        make_two_flows(folder, is_swapped != 0);
        struct query query = everything();
        query.sort = QUERY_SORT_BYTES;
        query.limit = 1;
        run_or_fail(&query, "");
        print_row(first[is_swapped], &got.rows[0]);
        query.keys[query.key_count++] = QUERY_NODE;
        run_or_fail(&query, "");
        assert_string_equal(got.groups[0].keys, "m|");
        scratch_free(folder);
    }
    assert_string_equal(first[0], first[1]);
    folder = random_folder;
}

static void damage_in_one_frame_costs_that_frame_only_and_is_named(void **state) {
    (void)state;
    struct error err = { 0 };
    char *random_folder = folder;
    folder = scratch_new();
    make_two_flows(folder, false);
    const char *path = scratch_path(folder, "flows/2026/02/25/06-0000.seg");
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 16 + 200, SEEK_SET), 0); /* in the first frame */
    int octet = fgetc(file);
    assert_int_equal(fseek(file, 16 + 200, SEEK_SET), 0);
    fputc(octet ^ 0xff, file);
    fclose(file);
    struct query query = everything();
    assert_true(run(&query, "", &err));
    assert_int_equal(got.stats.damaged, 1);
    assert_int_equal(got.row_count, 1);
    assert_non_null(strstr(got.stats.damage.message, "06-0000.seg: frame 0: "));
    assert_int_equal(truncate(path, 100), 0);
    assert_true(run(&query, "", &err));
    assert_int_equal(got.stats.damaged, 1);
    assert_int_equal(got.row_count, 0);
    assert_non_null(strstr(got.stats.damage.message, "06-0000.seg"));
    scratch_free(folder);
    folder = random_folder;
}

static void what_is_no_store_is_the_users_mistake(void **state) {
    (void)state;
    struct error err = { 0 };
    struct query_stats stats;
    struct query_sink sink = { .row = take_row };
    struct query query = everything();
    assert_false(query_run("/nonexistent", &query, &sink, &stats, &err));
    assert_int_equal(err.code, ERROR_ARGUMENT);
}

static void records_from_the_future_do_not_move_the_extent(void **state) {
    (void)state;
    int64_t min_ms;
    int64_t max_ms;
    struct error err = { 0 };
    assert_true(query_extent(folder, &min_ms, &max_ms, &err));
    assert_in_range(min_ms, STORE_BASE_MS - 900000, STORE_BASE_MS + 600000);
    assert_in_range(max_ms, STORE_BASE_MS + 5 * 3600000, STORE_BASE_MS + 6 * 3600000 + 60000);
}

static int make_random_store(void **state) {
    (void)state;
    const char *text = getenv("SEED");
    seed_used = text == NULL ? 20261124 : strtoull(text, NULL, 10);
    uint64_t seed = seed_used;
    got.groups = calloc(GROUPS_MAX, sizeof *got.groups);
    want.groups = calloc(GROUPS_MAX, sizeof *want.groups);
    folder = scratch_new();
    make_store(folder, &plain, 40, &seed);
    return 0;
}

static int remove_random_store(void **state) {
    (void)state;
    scratch_free(folder);
    free(got.groups);
    free(want.groups);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_queries_give_what_a_plain_computation_gives),
        cmocka_unit_test(groups_over_all_time_add_up_to_the_stats),
        cmocka_unit_test(a_limit_gives_the_first_and_says_how_many_it_cut),
        cmocka_unit_test(too_many_rows_or_groups_for_the_memory_are_an_error),
        cmocka_unit_test(a_flow_belongs_to_a_range_that_it_touches),
        cmocka_unit_test(ties_do_not_depend_on_the_order_in_the_store),
        cmocka_unit_test(damage_in_one_frame_costs_that_frame_only_and_is_named),
        cmocka_unit_test(what_is_no_store_is_the_users_mistake),
        cmocka_unit_test(records_from_the_future_do_not_move_the_extent),
    };
    return cmocka_run_group_tests(tests, make_random_store, remove_random_store);
}
