/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing over 16-bit slots, at most an eighth full, from 2,048 slots up. Slots are small,
 * and a second probe costs more than the cache that it saves: it is a branch that cannot be
 * foreseen. What an object may cost is bounded by the number of points, by the length of a probe
 * and by the number of an interface's instances; a crafted object that passes one of the bounds
 * gets more and smaller batches. */
#include "ingest/aws_point.h"

#include "ingest/aws_line.h"

#include <assert.h>
#include <stdlib.h>

#define BITS_MIN 11u
#define BITS_MAX 18u
#define CAPACITY_FIRST 256u
#define PROBES_MAX 64u
#define CHILDREN_MAX 64u
/* Names and instances of AWS_POINTS_MAX points, and blocks that are not filled to their end. */
#define ARENA_MAXIMUM ((size_t)32 << 20)

bool aws_points_init(struct aws_points *points, struct error *err) {
    *points = (struct aws_points){ .bits = BITS_MIN };
    arena_init(&points->arena, ARENA_MAXIMUM);
    points->slots = calloc((size_t)1 << BITS_MIN, sizeof *points->slots);
    if (points->slots == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a table of interfaces");
    }
    return true;
}

void aws_points_done(struct aws_points *points) {
    free(points->keys);
    free(points->instance_keys);
    free(points->rows);
    free(points->slots);
    arena_done(&points->arena);
    *points = (struct aws_points){ 0 };
}

void aws_points_reset(struct aws_points *points) {
    memset(points->slots, 0, sizeof *points->slots << points->bits);
    points->count = 0;
    points->unjudged = 0;
    arena_reset(&points->arena);
}

static struct aws_key key_of(enum aws_point_kind kind, struct bytes text) {
    uint8_t octets[sizeof(struct aws_key)] = { 0 };
    size_t front = kind == AWS_POINT_INTERFACE ? 0 : 1;
    octets[0] = (uint8_t)kind;
    bool is_long = text.size > sizeof octets - front;
    size_t taken = is_long ? 24 - front : text.size;
    if (taken > 0) {
        memcpy(octets + front, text.data, taken);
    }
    struct aws_key key;
    memcpy(&key, octets, sizeof key);
    if (is_long) {
        uint64_t hash = UINT64_C(0xCBF29CE484222325); /* FNV-1a */
        for (size_t i = 0; i < text.size; i++) {
            hash = (hash ^ text.data[i]) * UINT64_C(0x100000001B3);
        }
        put_u64((uint8_t *)&key.words[3], hash << 8 | 1);
    }
    return key;
}

static bool key_equal(const struct aws_key *a, const struct aws_key *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

static uint32_t slot_of(const struct aws_points *points, const struct aws_key *key) {
    const uint64_t *words = key->words;
    return (uint32_t)(aws_key_hash(words[0], words[1], words[2], words[3]) >> (64 - points->bits));
}

/* False without memory. */
static bool grow_rows(struct aws_points *points) {
    uint32_t capacity = points->capacity == 0 ? CAPACITY_FIRST : 2 * points->capacity;
    /* Keys lie on their size, so that none crosses a cache line. */
    struct aws_key *keys = aligned_alloc(sizeof *keys, capacity * sizeof *keys);
    struct aws_key *instance_keys = aligned_alloc(sizeof *keys, capacity * sizeof *keys);
    struct aws_point *rows = realloc(points->rows, capacity * sizeof *rows);
    if (rows != NULL) {
        points->rows = rows;
    }
    if (keys == NULL || instance_keys == NULL || rows == NULL) {
        free(keys);
        free(instance_keys);
        return false;
    }
    if (points->count > 0) {
        memcpy(keys, points->keys, points->count * sizeof *keys);
        memcpy(instance_keys, points->instance_keys, points->count * sizeof *keys);
    }
    free(points->keys);
    free(points->instance_keys);
    points->keys = keys;
    points->instance_keys = instance_keys;
    points->capacity = capacity;
    return true;
}

/* Doubles the slots; false without memory (the table then goes on, fuller). */
static bool grow_slots(struct aws_points *points) {
    uint16_t *slots = calloc((size_t)2 << points->bits, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    free(points->slots);
    points->slots = slots;
    points->bits++;
    uint32_t mask = (1u << points->bits) - 1;
    for (uint32_t id = 0; id < points->count; id++) {
        if (points->rows[id].base == id) {
            uint32_t at = slot_of(points, &points->keys[id]);
            while (slots[at] != 0) {
                at = (at + 1) & mask;
            }
            slots[at] = (uint16_t)(id + 1);
        }
    }
    return true;
}

/* A new point without children, at id `count`; AWS_POINT_NONE when there is no room. */
static uint32_t append(struct aws_points *points, enum aws_point_kind kind, struct bytes name,
                       struct bytes instance) {
    assert(name.size <= AWS_ID_SIZE_MAX && instance.size <= AWS_ID_SIZE_MAX);
    if (points->count == AWS_POINTS_MAX ||
        (points->count == points->capacity && !grow_rows(points))) {
        return AWS_POINT_NONE;
    }
    bool failed = false;
    uint32_t id = points->count;
    points->rows[id] = (struct aws_point){
        .name = arena_copy(&points->arena, name, &failed),
        .instance = arena_copy(&points->arena, instance, &failed),
        .kind = kind,
        .base = id,
        .child = AWS_POINT_NONE,
        .next = AWS_POINT_NONE,
        .eldest = AWS_POINT_NONE,
    };
    if (failed) {
        return AWS_POINT_NONE;
    }
    points->instance_keys[id] = key_of(AWS_POINT_INTERFACE, instance);
    points->count++;
    return id;
}

static uint32_t find_base(struct aws_points *points, enum aws_point_kind kind, struct bytes name) {
    struct aws_key key = key_of(kind, name);
    uint32_t mask = (1u << points->bits) - 1;
    uint32_t at = slot_of(points, &key);
    for (uint32_t probe = 0; points->slots[at] != 0; at = (at + 1) & mask, probe++) {
        uint32_t id = points->slots[at] - 1u;
        if (key_equal(&points->keys[id], &key) && bytes_equal(points->rows[id].name, name)) {
            return id;
        }
        if (probe == PROBES_MAX) {
            return AWS_POINT_NONE;
        }
    }
    uint32_t id = append(points, kind, name, (struct bytes){ 0 });
    if (id == AWS_POINT_NONE) {
        return id;
    }
    points->keys[id] = key;
    points->slots[at] = (uint16_t)(id + 1);
    /* Without an id, records of many interfaces meet in one point, and at a gateway those of many
     * nodes: nothing can be learned there. */
    bool is_judged = kind == AWS_POINT_ADDRESS || !aws_point_has_own(kind);
    points->rows[id].is_judged[0] = points->rows[id].is_judged[1] = is_judged;
    points->unjudged += !is_judged;
    if (8 * points->count > mask && points->bits < BITS_MAX) {
        (void)grow_slots(points); /* a fuller table is slower, not wrong */
    }
    return id;
}

uint32_t aws_points_find(struct aws_points *points, enum aws_point_kind kind, struct bytes name,
                         struct bytes instance) {
    uint32_t base = find_base(points, kind, name);
    if (base == AWS_POINT_NONE || instance.size == 0) {
        return base;
    }
    uint32_t probe = 0;
    uint32_t child = points->rows[base].child;
    for (; child != AWS_POINT_NONE; child = points->rows[child].next, probe++) {
        if (bytes_equal(points->rows[child].instance, instance)) {
            return child;
        }
        if (probe == CHILDREN_MAX) {
            return AWS_POINT_NONE;
        }
    }
    child = append(points, kind, points->rows[base].name, instance);
    if (child != AWS_POINT_NONE) {
        points->keys[child] = points->keys[base];
        struct aws_point *parent = &points->rows[base];
        points->rows[child].base = base;
        points->rows[child].next = parent->child;
        points->rows[child].is_judged[0] = points->rows[child].is_judged[1] = true;
        parent->child = child;
        parent->eldest = parent->eldest == AWS_POINT_NONE ? child : parent->eldest;
    }
    return child;
}
