/* SPDX-License-Identifier: Apache-2.0 */
/* Two tables of the same make: a dense array by id, and open-addressing slots of id + 1. A sweep
 * frees ids and builds the slots anew, so that nothing is ever removed from a probe run. */
#include "detect/point.h"

#include <stdlib.h>
#include <xxhash.h>

#define CAPACITY_FIRST 64u
#define SLOT_BITS_FIRST 8u
/* A sweep waits until this many ids have come, or as many as it left the last time. */
#define SWEEP_COUNT_MIN 4096u

bool point_set_init(struct point_set *set, struct error *err) {
    *set = (struct point_set){ 0 };
    set->point_slot_bits = SLOT_BITS_FIRST;
    set->place_slot_bits = SLOT_BITS_FIRST;
    set->point_slots = calloc((size_t)1 << SLOT_BITS_FIRST, sizeof *set->point_slots);
    set->place_slots = calloc((size_t)1 << SLOT_BITS_FIRST, sizeof *set->place_slots);
    if (set->point_slots == NULL || set->place_slots == NULL) {
        point_set_done(set);
        return error_set(err, ERROR_LIMIT, "no memory for points of observation");
    }
    return true;
}

static void free_point(struct point_set *set, struct point *point) {
    set->text_bytes -= point->name.size + point->identity.size + point->role.size +
                       point->interface.size + point->flow_log.size;
    free((void *)(uintptr_t)point->name.data); /* the block begins with the name */
    *point = (struct point){ 0 };
    set->points_used--;
}

void point_set_done(struct point_set *set) {
    for (uint32_t i = 0; i < set->point_count; i++) {
        if (set->points[i].is_used) {
            free_point(set, &set->points[i]);
        }
    }
    free(set->points);
    free(set->point_slots);
    free(set->places);
    free(set->place_points);
    free(set->place_slots);
    *set = (struct point_set){ 0 };
}

int point_compare_interface(const struct point *a, const struct point *b) {
    int order = bytes_compare(a->name, b->name);
    order = order != 0 ? order : bytes_compare(a->identity, b->identity);
    return order != 0 ? order : bytes_compare(a->interface, b->interface);
}

int point_compare(const struct point *a, const struct point *b) {
    int order = point_compare_interface(a, b);
    order = order != 0 ? order : bytes_compare(a->flow_log, b->flow_log);
    return order != 0 ? order : bytes_compare(a->role, b->role);
}

static uint64_t hash_text(uint64_t seed, struct bytes text) {
    return XXH3_64bits_withSeed(text.data, text.size, seed);
}

static uint64_t hash_point(const struct point *point) {
    uint64_t hash = hash_text(0, point->name);
    hash = hash_text(hash, point->identity);
    hash = hash_text(hash, point->interface);
    hash = hash_text(hash, point->role);
    hash = hash_text(hash, point->flow_log);
    return hash ^ hash >> 32;
}

static uint32_t hash_place(uint32_t point, struct address local) {
    uint64_t hash = (local.high ^ point) * UINT64_C(0x9E3779B97F4A7C15);
    hash = (hash ^ hash >> 29 ^ local.low) * UINT64_C(0xBF58476D1CE4E5B9);
    return (uint32_t)(hash >> 32);
}

static void insert_slot(uint32_t *slots, uint32_t bits, uint32_t hash, uint32_t id) {
    uint32_t mask = (1u << bits) - 1;
    uint32_t at = hash & mask;
    while (slots[at] != 0) {
        at = (at + 1) & mask;
    }
    slots[at] = id + 1;
}

static void fill_point_slots(struct point_set *set) {
    for (uint32_t i = 0; i < set->point_count; i++) {
        if (set->points[i].is_used) {
            insert_slot(set->point_slots, set->point_slot_bits, (uint32_t)set->points[i].hash, i);
        }
    }
}

static void fill_place_slots(struct point_set *set) {
    for (uint32_t i = 0; i < set->place_count; i++) {
        const struct place *place = &set->places[i];
        if (place->is_used) {
            insert_slot(set->place_slots, set->place_slot_bits,
                        hash_place(place->point, place->local), i);
        }
    }
}

/* Doubles the slots when they are half full; they are then empty and must be filled again. */
static bool grow_slots(uint32_t **slots, uint32_t *bits, uint32_t used, bool *is_grown) {
    *is_grown = false;
    if (used < (1u << *bits) / 2) {
        return true;
    }
    uint32_t *grown = calloc((size_t)2 << *bits, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    free(*slots);
    *slots = grown;
    *bits += 1;
    *is_grown = true;
    return true;
}

static bool grow_points(struct point_set *set) {
    bool is_grown;
    if (!grow_slots(&set->point_slots, &set->point_slot_bits, set->points_used, &is_grown)) {
        return false;
    }
    if (is_grown) {
        fill_point_slots(set);
    }
    if (set->point_count < set->point_capacity) {
        return true;
    }
    uint32_t capacity = set->point_capacity == 0 ? CAPACITY_FIRST : 2 * set->point_capacity;
    struct point *points = realloc(set->points, capacity * sizeof *points);
    if (points == NULL) {
        return false;
    }
    set->points = points;
    set->point_capacity = capacity;
    return true;
}

static bool grow_places(struct point_set *set) {
    bool is_grown;
    if (!grow_slots(&set->place_slots, &set->place_slot_bits, set->places_used, &is_grown)) {
        return false;
    }
    if (is_grown) {
        fill_place_slots(set);
    }
    if (set->place_count < set->place_capacity) {
        return true;
    }
    uint32_t capacity = set->place_capacity == 0 ? CAPACITY_FIRST : 2 * set->place_capacity;
    struct place *places = realloc(set->places, capacity * sizeof *places);
    if (places == NULL) {
        return false;
    }
    set->places = places;
    uint32_t *place_points = realloc(set->place_points, capacity * sizeof *place_points);
    if (place_points == NULL) {
        return false;
    }
    set->place_points = place_points;
    set->place_capacity = capacity;
    return true;
}

static struct bytes put_text(uint8_t **at, struct bytes text) {
    struct bytes copy = bytes_of(*at, text.size);
    if (text.size > 0) {
        memcpy(*at, text.data, text.size);
        *at += text.size;
    }
    return copy;
}

/* `key` borrows its texts; the new point owns copies. */
static bool insert_point(struct point_set *set, const struct point *key, uint32_t *id,
                         struct error *err) {
    size_t size = key->name.size + key->identity.size + key->role.size + key->interface.size +
                  key->flow_log.size;
    if (set->points_used >= POINTS_MAX || size > POINT_TEXT_BYTES_MAX - set->text_bytes) {
        return error_set(err, ERROR_LIMIT, "%u points of observation with %zu bytes of names",
                         set->points_used, set->text_bytes);
    }
    uint8_t *block = malloc(size + 1);
    if (block == NULL || !grow_points(set)) {
        free(block);
        return error_set(err, ERROR_LIMIT, "no memory for a point of observation");
    }
    while (set->points_free_from < set->point_count && set->points[set->points_free_from].is_used) {
        set->points_free_from++;
    }
    uint32_t at = set->points_free_from;
    set->point_count += at == set->point_count;
    struct point *point = &set->points[at];
    *point = *key;
    point->name = put_text(&block, key->name);
    point->identity = put_text(&block, key->identity);
    point->role = put_text(&block, key->role);
    point->interface = put_text(&block, key->interface);
    point->flow_log = put_text(&block, key->flow_log);
    point->is_used = true;
    set->text_bytes += size;
    set->points_used++;
    insert_slot(set->point_slots, set->point_slot_bits, (uint32_t)point->hash, at);
    *id = at;
    return true;
}

bool point_set_add(struct point_set *set, const struct batch_node *node, struct bytes flow_log,
                   int64_t last_window, uint32_t *id, struct error *err) {
    struct point key = {
        .name = node->name,
        .identity = node->identity,
        .role = node->role,
        .interface = node->interface,
        .flow_log = flow_log,
        .last_window = last_window,
    };
    key.hash = hash_point(&key);
    uint32_t mask = (1u << set->point_slot_bits) - 1;
    uint32_t at = (uint32_t)key.hash & mask;
    for (; set->point_slots[at] != 0; at = (at + 1) & mask) {
        struct point *point = &set->points[set->point_slots[at] - 1];
        if (point->hash == key.hash && point_compare(point, &key) == 0) {
            point->last_window =
                point->last_window > last_window ? point->last_window : last_window;
            *id = set->point_slots[at] - 1;
            return true;
        }
    }
    return insert_point(set, &key, id, err);
}

uint32_t point_set_find_place(const struct point_set *set, uint32_t point, struct address local) {
    uint32_t mask = (1u << set->place_slot_bits) - 1;
    uint32_t at = hash_place(point, local) & mask;
    for (; set->place_slots[at] != 0; at = (at + 1) & mask) {
        const struct place *place = &set->places[set->place_slots[at] - 1];
        if (place->point == point && address_equal(place->local, local)) {
            return set->place_slots[at] - 1;
        }
    }
    return PLACE_NONE;
}

uint32_t point_set_place(struct point_set *set, uint32_t point, struct address local,
                         int64_t last_window) {
    uint32_t known = point_set_find_place(set, point, local);
    if (known != PLACE_NONE) {
        struct place *place = &set->places[known];
        place->last_window = place->last_window > last_window ? place->last_window : last_window;
        return known;
    }
    if (set->places_used >= PLACES_MAX || !grow_places(set)) {
        return PLACE_NONE;
    }
    while (set->places_free_from < set->place_count && set->places[set->places_free_from].is_used) {
        set->places_free_from++;
    }
    uint32_t id = set->places_free_from;
    set->place_count += id == set->place_count;
    set->places[id] = (struct place){
        .local = local, .point = point, .is_used = true, .last_window = last_window
    };
    set->place_points[id] = point;
    set->places_used++;
    insert_slot(set->place_slots, set->place_slot_bits, hash_place(point, local), id);
    return id;
}

void point_set_sweep(struct point_set *set, int64_t first_open) {
    uint32_t count = set->points_used + set->places_used;
    uint32_t due = set->swept_count < SWEEP_COUNT_MIN ? SWEEP_COUNT_MIN : set->swept_count;
    if (count < set->swept_count + due && count < PLACES_MAX / 2) {
        return;
    }
    for (uint32_t i = 0; i < set->place_count; i++) {
        struct place *place = &set->places[i];
        if (place->is_used && place->last_window < first_open) {
            *place = (struct place){ 0 };
            set->places_used--;
        }
    }
    for (uint32_t i = 0; i < set->point_count; i++) {
        struct point *point = &set->points[i];
        if (point->is_used && point->last_window < first_open) {
            free_point(set, point);
        }
    }
    set->points_free_from = 0;
    set->places_free_from = 0;
    memset(set->point_slots, 0, sizeof *set->point_slots << set->point_slot_bits);
    memset(set->place_slots, 0, sizeof *set->place_slots << set->place_slot_bits);
    fill_point_slots(set);
    fill_place_slots(set);
    set->swept_count = set->points_used + set->places_used;
}
