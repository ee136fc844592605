/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of batches. Encoding is parallel and needs nothing but the batch; adding is for one thread
 * at a time and goes by the ring's order, whoever does it: the owner's time is what a run with few
 * threads is short of. A frame that can be added goes before one that can be encoded, so that
 * batches come back soon. */
#include "store/flows_queue.h"

#include <assert.h>
#include <stdlib.h>

enum slot_state { SLOT_WAITING, SLOT_ENCODING, SLOT_ENCODED };

/* The state lies under the crew's lock; the rest belongs to who encodes, then to who adds. */
struct slot {
    enum slot_state state;
    bool is_encoded; /* else it goes in as flows_add can: in parts, or with the error */
    const struct batch *batch;
    struct segment_entry entry;
    struct buffer frame;
};

struct flows_queue {
    struct flows_writer *writer;
    struct crew *crew;
    flows_give_back give_back;
    void *context;

    struct slot *slots;
    uint32_t slot_count;
    uint32_t first; /* the batch to be added next */
    uint32_t used;
    bool is_adding; /* somebody has the writer */

    struct frame_encoder **encoders; /* free ones; as many as may be wanted at once */
    uint32_t encoder_count;

    bool has_failed;
    struct error why;
};

static struct slot *slot_at(const struct flows_queue *queue, uint32_t index) {
    return &queue->slots[(queue->first + index) % queue->slot_count];
}

/* ---- steps, with the crew locked before and afterwards, not during ---- */

static bool add_to_store(struct flows_queue *queue, const struct slot *slot, struct error *err) {
    return slot->is_encoded
               ? flows_add_frame(queue->writer, buffer_bytes(&slot->frame), &slot->entry, err)
               : flows_add(queue->writer, slot->batch, err);
}

static void add_first(struct flows_queue *queue) {
    struct slot *slot = slot_at(queue, 0);
    bool is_dropped = queue->has_failed;
    struct error why = { 0 };
    queue->is_adding = true;
    crew_unlock(queue->crew);
    bool ok = is_dropped || add_to_store(queue, slot, &why);
    queue->give_back(queue->context, slot->batch);
    crew_lock(queue->crew);
    queue->is_adding = false;
    if (!ok) {
        queue->has_failed = true;
        queue->why = why;
    }
    queue->first = (queue->first + 1) % queue->slot_count;
    queue->used--;
    crew_changed(queue->crew);
}

static void encode(struct flows_queue *queue, struct slot *slot) {
    assert(queue->encoder_count > 0); /* there is one for each thread */
    struct frame_encoder *encoder = queue->encoders[--queue->encoder_count];
    slot->state = SLOT_ENCODING;
    crew_unlock(queue->crew);
    struct error why = { 0 };
    slot->is_encoded = flows_keeps(slot->batch) &&
                       flows_encode(encoder, slot->batch, &slot->frame, &slot->entry, &why);
    crew_lock(queue->crew);
    queue->encoders[queue->encoder_count++] = encoder;
    slot->state = SLOT_ENCODED;
    crew_changed(queue->crew);
}

static bool work(void *context) {
    struct flows_queue *queue = context;
    if (queue->used > 0 && !queue->is_adding && slot_at(queue, 0)->state == SLOT_ENCODED) {
        add_first(queue);
        return true;
    }
    for (uint32_t i = 0; i < queue->used; i++) {
        struct slot *slot = slot_at(queue, i);
        if (slot->state == SLOT_WAITING) {
            encode(queue, slot);
            return true;
        }
    }
    return false;
}

/* ---- the caller's side ---- */

static bool make_encoders(struct flows_queue *queue, struct error *err) {
    uint32_t count = crew_threads(queue->crew);
    queue->encoders = calloc(count, sizeof(struct frame_encoder *));
    if (queue->encoders == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for frame encoders");
    }
    for (; queue->encoder_count < count; queue->encoder_count++) {
        queue->encoders[queue->encoder_count] = frame_encoder_new(err);
        if (queue->encoders[queue->encoder_count] == NULL) {
            return false;
        }
    }
    return true;
}

bool flows_queue_open(struct flows_queue **out, struct flows_writer *writer, struct crew *crew,
                      flows_give_back give_back, void *context, struct error *err) {
    uint32_t slot_count = FLOWS_QUEUE_MAX(crew_threads(crew));
    struct flows_queue *queue = calloc(1, sizeof *queue);
    struct slot *slots = calloc(slot_count, sizeof *slots);
    if (queue == NULL || slots == NULL) {
        free(queue);
        free(slots);
        return error_set(err, ERROR_LIMIT, "no memory for a queue of frames");
    }
    for (uint32_t i = 0; i < slot_count; i++) {
        buffer_init(&slots[i].frame, FRAME_SIZE_MAX);
    }
    *queue = (struct flows_queue){ .writer = writer,
                                   .crew = crew,
                                   .give_back = give_back,
                                   .context = context,
                                   .slots = slots,
                                   .slot_count = slot_count };
    if (!make_encoders(queue, err)) {
        flows_queue_close(queue);
        return false;
    }
    crew_add(crew, work, queue);
    *out = queue;
    return true;
}

/* With the crew locked: until at most `most` batches are the queue's. */
static void drain(struct flows_queue *queue, uint32_t most) {
    while (queue->used > most) {
        if (!crew_help(queue->crew)) {
            crew_wait(queue->crew);
        }
    }
}

static bool check(const struct flows_queue *queue, struct error *err) {
    if (queue->has_failed && err != NULL) {
        *err = queue->why;
    }
    return !queue->has_failed;
}

bool flows_queue_put(struct flows_queue *queue, const struct batch *batch, struct error *err) {
    crew_lock(queue->crew);
    drain(queue, queue->slot_count - 1);
    struct slot *slot = slot_at(queue, queue->used++);
    slot->state = SLOT_WAITING;
    slot->batch = batch;
    crew_changed(queue->crew);
    if (!crew_has_workers(queue->crew)) {
        while (work(queue)) {
            /* until it is added */
        }
    }
    bool ok = check(queue, err);
    crew_unlock(queue->crew);
    return ok;
}

bool flows_queue_finish(struct flows_queue *queue, struct error *err) {
    crew_lock(queue->crew);
    drain(queue, 0);
    bool ok = check(queue, err);
    crew_unlock(queue->crew);
    return ok;
}

void flows_queue_close(struct flows_queue *queue) {
    if (queue == NULL) {
        return;
    }
    crew_remove(queue->crew, queue);
    for (; queue->used > 0; queue->used--) {
        queue->give_back(queue->context, slot_at(queue, 0)->batch);
        queue->first = (queue->first + 1) % queue->slot_count;
    }
    while (queue->encoder_count > 0) {
        frame_encoder_free(queue->encoders[--queue->encoder_count]);
    }
    for (uint32_t i = 0; i < queue->slot_count; i++) {
        buffer_done(&queue->slots[i].frame);
    }
    free(queue->encoders);
    free(queue->slots);
    free(queue);
}
