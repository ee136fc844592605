/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a fold against a sort of whole strands by what its contract names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "detect/strand_items.h"

#define POINTS 2000u

static struct error err;
static uint64_t state = UINT64_C(88172645463325252);

static uint32_t below(uint32_t count) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) * count >> 32);
}

struct world {
    struct point_set points;
    struct strand_pool pool;
    struct conversation_log log;
    uint32_t places[POINTS];
    uint32_t ranks[POINTS]; /* a permutation */
    struct strand *strands;
    uint32_t count;
};

static void begin(struct world *world) {
    *world = (struct world){ 0 };
    assert_true(point_set_init(&world->points, &err));
    for (uint32_t i = 0; i < POINTS; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "node-%u", i);
        struct batch_node node = { .name = bytes_text(name), .identity = bytes_text(name) };
        uint32_t id;
        assert_true(point_set_add(&world->points, &node, bytes_text("fl"), 0, &id, &err));
        assert_int_equal(id, i);
        world->places[i] =
            point_set_place(&world->points, id, address_from_ipv4(0x0a000000 | i), 0);
        assert_int_not_equal(world->places[i], PLACE_NONE);
        world->ranks[i] = (i * 7 + 3) % POINTS;
    }
}

static void end(struct world *world) {
    conversation_log_done(&world->log, &world->pool);
    strand_pool_done(&world->pool);
    point_set_done(&world->points);
    free(world->strands);
}

static const struct world *sorted;

static int compare(const void *a, const void *b) {
    const struct strand *one = a;
    const struct strand *other = b;
    if (one->point != other->point) {
        return sorted->ranks[one->point] < sorted->ranks[other->point] ? -1 : 1;
    }
    uint64_t hashes[2] = { strand_hash(one), strand_hash(other) };
    if (hashes[0] != hashes[1]) {
        return hashes[0] < hashes[1] ? -1 : 1;
    }
    return strand_compare(one, other);
}

struct listing {
    struct strand *strands;
    uint32_t count;
};

static bool list_strand(void *context, const struct strand *strand, struct error *error) {
    (void)error;
    struct listing *listing = context;
    listing->strands[listing->count++] = *strand;
    return true;
}

/* `count` strands of `point_count` points and `key_count` keys; one in ten is of an IPv6 peer. */
static void fill(struct world *world, uint32_t count, uint32_t point_count, uint32_t key_count) {
    conversation_log_done(&world->log, &world->pool);
    conversation_log_init(&world->log, UINT64_C(1) << 40);
    free(world->strands);
    world->strands = calloc((size_t)count + 1, sizeof *world->strands);
    world->count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t key = below(key_count);
        struct strand *strand = &world->strands[i];
        strand->point = below(point_count);
        strand->local = address_from_ipv4(0x0a000000 | strand->point);
        strand->peer = key % 10 == 0 ? (struct address){ 7, key } : address_from_ipv4(key);
        strand->bytes = 1 + below(1000);
        strand->packets = 1;
        strand->flows = 1;
        strand->local_port = (uint16_t)(key % 3);
        strand->peer_port = 443;
        strand->protocol = key % 5 == 0 ? 17 : 6;
        strand->direction = (uint8_t)(1 + below(2));
        strand->is_rejected = below(8) == 0;
        assert_true(conversation_log_add(&world->log, &world->pool, strand,
                                         world->places[strand->point], &err));
    }
    sorted = world;
    qsort(world->strands, count, sizeof *world->strands, compare);
}

static void assert_folded(const struct world *world, struct strand_items *items) {
    struct listing listing = { .strands = calloc((size_t)world->count + 1, sizeof(struct strand)) };
    struct conversation_fold fold = { .log = &world->log,
                                      .points = &world->points,
                                      .ranks = world->ranks,
                                      .visit = list_strand,
                                      .context = &listing,
                                      .items = items };
    assert_true(conversation_fold(&fold, &err));
    assert_int_equal(fold.cut_count, 0);
    uint32_t at = 0;
    for (uint32_t i = 0; i < world->count; at++) {
        struct strand want = world->strands[i++];
        while (i < world->count && strand_compare(&want, &world->strands[i]) == 0) {
            strand_merge(&want, &world->strands[i++]);
        }
        assert_true(at < listing.count);
        /* without what pads them */
        assert_memory_equal(&listing.strands[at], &want, offsetof(struct strand, is_rejected) + 1);
    }
    assert_int_equal(at, listing.count);
    free(fold.cuts);
    free(listing.strands);
}

static void strands_come_by_rank_hash_and_key_merged(void **state_) {
    (void)state_;
    static struct world world;
    struct strand_items items = { 0 };
    begin(&world);
    static const uint32_t counts[] = { 0, 1, 2, 24, 25, 255, 256, 499, 500, 3000, 60000 };
    static const uint32_t points[] = { 1, 3, 400, POINTS };
    static const uint32_t keys[] = { 1, 20, 1000, 1000000 };
    for (size_t c = 0; c < 11; c++) {
        for (size_t p = 0; p < 4; p++) {
            for (size_t k = 0; k < 4; k++) {
                fill(&world, counts[c], points[p], keys[k]);
                assert_folded(&world, (c + p + k) % 2 == 0 ? &items : NULL);
            }
        }
    }
    strand_items_done(&items);
    end(&world);
}

/* Keys that share the upper bits of their hash, as who wants long buckets would choose them. */
static void hashes_of_one_bucket_come_in_order(void **state_) {
    (void)state_;
    static struct world world;
    begin(&world);
    fill(&world, 0, 1, 1);
    free(world.strands);
    world.strands = calloc(400, sizeof *world.strands);
    for (uint32_t key = 0; world.count < 400; key++) {
        struct strand strand = { .local = address_from_ipv4(0x0a000000),
                                 .peer = address_from_ipv4(key),
                                 .bytes = 1,
                                 .protocol = 6,
                                 .direction = DIRECTION_IN };
        if (strand_hash(&strand) >> 52 != 0x123) {
            continue;
        }
        world.strands[world.count++] = strand;
        assert_true(conversation_log_add(&world.log, &world.pool, &strand, world.places[0], &err));
    }
    qsort(world.strands, world.count, sizeof *world.strands, compare);
    assert_folded(&world, NULL);
    end(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strands_come_by_rank_hash_and_key_merged),
        cmocka_unit_test(hashes_of_one_bucket_come_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
