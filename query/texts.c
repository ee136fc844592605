/* SPDX-License-Identifier: Apache-2.0 */
#include "query/texts.h"

#include <stdlib.h>
#include <xxhash.h>

#define BITS_FIRST 8u
#define COUNT_MAX (1u << 28)

bool texts_init(struct texts *texts, size_t memory_bytes_max, struct error *err) {
    *texts = (struct texts){ .bits = BITS_FIRST };
    arena_init(&texts->arena, memory_bytes_max);
    texts->slots = calloc((size_t)1 << BITS_FIRST, sizeof *texts->slots);
    return texts->slots != NULL || error_set(err, ERROR_LIMIT, "no memory for names");
}

void texts_done(struct texts *texts) {
    arena_done(&texts->arena);
    free(texts->values);
    free(texts->slots);
    *texts = (struct texts){ 0 };
}

static uint32_t *find_slot(const struct texts *texts, struct bytes text) {
    uint32_t mask = (1u << texts->bits) - 1;
    uint32_t at = (uint32_t)XXH3_64bits(text.data, text.size) & mask;
    while (texts->slots[at] != 0 && !bytes_equal(texts->values[texts->slots[at] - 1], text)) {
        at = (at + 1) & mask;
    }
    return &texts->slots[at];
}

static bool grow(struct texts *texts) {
    if (texts->count == texts->capacity) {
        uint32_t capacity = texts->capacity == 0 ? 64 : 2 * texts->capacity;
        struct bytes *values = reallocarray(texts->values, capacity, sizeof *values);
        if (values == NULL) {
            return false;
        }
        texts->values = values;
        texts->capacity = capacity;
    }
    if (2 * texts->count < 1u << texts->bits) {
        return true;
    }
    uint32_t *slots = calloc((size_t)2 << texts->bits, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    free(texts->slots);
    texts->slots = slots;
    texts->bits++;
    for (uint32_t i = 0; i < texts->count; i++) {
        *find_slot(texts, texts->values[i]) = i + 1;
    }
    return true;
}

bool texts_add(struct texts *texts, struct bytes text, uint32_t *number, struct error *err) {
    uint32_t *slot = find_slot(texts, text);
    if (*slot == 0) {
        bool failed = texts->count == COUNT_MAX || !grow(texts);
        struct bytes copy = arena_copy(&texts->arena, text, &failed);
        if (failed) {
            return error_set(err, ERROR_LIMIT, "no memory for more than %u names", texts->count);
        }
        slot = find_slot(texts, text);
        texts->values[texts->count++] = copy;
        *slot = texts->count;
    }
    *number = *slot - 1;
    return true;
}
