/* SPDX-License-Identifier: Apache-2.0 */
/* The order inside a feed is (time, name, path). The time stands in the names of objects from S3;
 * else it is that of the first record, for which the file's head is parsed: only where a feed has
 * several such objects, since one alone needs no order. */
#include "ingest/feed_plan.h"

#include "ingest/feed_name.h"
#include "ingest/feed_object.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#define ARENA_MAXIMUM ((size_t)512 << 20)

static bool no_memory(struct error *err) {
    return error_set(err, ERROR_LIMIT, "no memory for the plan of inputs");
}

/* "account/region/flow log". */
static const char *name_feed(struct feed_plan *plan, const struct feed_name *parts) {
    struct bytes texts[] = { parts->account, parts->region, parts->flow_log };
    size_t size = texts[0].size + texts[1].size + texts[2].size + 3;
    char *name = arena_take(&plan->arena, size);
    if (name == NULL) {
        return NULL;
    }
    char *at = name;
    for (size_t i = 0; i < 3; i++) {
        memcpy(at, texts[i].data, texts[i].size);
        at += texts[i].size;
        *at++ = i == 2 ? '\0' : '/';
    }
    return name;
}

/* Feed and time of one file, by its path. */
static bool place_object(struct feed_plan *plan, const struct feed_file *file,
                         struct plan_object *object, struct error *err) {
    *object = (struct plan_object){
        .input = { .path = file->path, .size = file->size, .is_unreadable = file->is_unreadable },
        .time_ms = INT64_MIN,
        .is_regular = file->is_regular,
    };
    if (strcmp(file->path, "-") == 0) {
        object->input.name = object->input.feed = "stdin";
        return true;
    }
    object->input.name = feed_name_base(file->path);
    struct feed_name parts;
    if (feed_name_parse(bytes_text(object->input.name), &parts)) {
        object->has_stamp = true;
        object->time_ms = parts.stamp_ms;
        object->input.feed = name_feed(plan, &parts);
    } else {
        char *folder = arena_take(&plan->arena, strlen(file->path) + 2);
        if (folder != NULL) {
            feed_name_folder(file->path, folder);
        }
        object->input.feed = folder;
    }
    return object->input.feed != NULL || no_memory(err);
}

static int compare_places(const struct plan_object *x, const struct plan_object *y) {
    int order = strcmp(x->input.feed, y->input.feed);
    if (order != 0) {
        return order;
    }
    if (x->time_ms != y->time_ms) {
        return x->time_ms < y->time_ms ? -1 : 1;
    }
    order = strcmp(x->input.name, y->input.name);
    return order != 0 ? order : strcmp(x->input.path, y->input.path);
}

static int by_place(const void *a, const void *b) {
    return compare_places(a, b);
}

/* The flow log's own name is behind the last slash of a feed's name that an object's name gave. */
static bool make_feeds(struct feed_plan *plan, struct error *err) {
    plan->feeds = calloc(plan->object_count, sizeof *plan->feeds);
    if (plan->feeds == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < plan->object_count; i++) {
        struct plan_object *object = &plan->objects[i];
        struct plan_feed *feed = plan->feed_count == 0 ? NULL : &plan->feeds[plan->feed_count - 1];
        if (feed == NULL || strcmp(feed->name, object->input.feed) != 0) {
            feed = &plan->feeds[plan->feed_count++];
            *feed = (struct plan_feed){ .name = object->input.feed, .first = i };
            feed->flow_log = object->has_stamp ? feed_name_base(feed->name) : feed->name;
        }
        feed->count++;
        object->feed = (uint32_t)(plan->feed_count - 1);
    }
    return true;
}

/* Reads up to FEED_HEAD_SIZE bytes; 0 when it cannot. */
static size_t read_head(const char *path, uint8_t *head) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return 0;
    }
    size_t size = 0;
    ssize_t got;
    while (size < FEED_HEAD_SIZE && (got = read(fd, head + size, FEED_HEAD_SIZE - size)) > 0) {
        size += (size_t)got;
    }
    (void)close(fd); /* it was only read */
    return size;
}

bool feed_input_has_front(const struct feed_input *input, uint64_t size, uint64_t head_hash) {
    if (size == 0 || size > input->size) {
        return false;
    }
    if (size >= FEED_HEAD_SIZE) {
        return input->head_hash == head_hash;
    }
    uint8_t *head = malloc(FEED_HEAD_SIZE);
    bool has_front = head != NULL && read_head(input->path, head) >= size &&
                     XXH3_64bits(head, (size_t)size) == head_hash;
    free(head);
    return has_front;
}

/* Damage, also that of cutting the head off, is of no interest here. */
static int64_t first_time(struct bytes head, const char *flow_log,
                          const struct feed_options *options, struct batch *batch) {
    struct error err;
    struct input *input;
    struct feed_object object = { 0 };
    struct source_result result;
    int64_t time_ms = INT64_MIN;
    if (input_open_bytes(&input, head, &err) &&
        feed_object_open(&object, input, flow_log, options, &err)) {
        if (feed_object_next(&object, batch, &result, &err)) {
            if (batch->count > 0) {
                time_ms = batch->start_ms[0];
            } else if (batch->coverage_count > 0) {
                time_ms = batch->coverage[0].start_ms;
            }
        }
        feed_object_close(&object);
    }
    return time_ms;
}

static bool look_at_heads(struct feed_plan *plan, const struct feed_options *options,
                          struct error *err) {
    struct batch batch = { 0 };
    uint8_t *head = malloc(FEED_HEAD_SIZE);
    bool ok = (head != NULL || no_memory(err)) && batch_init(&batch, err);
    for (size_t i = 0; i < plan->object_count && ok; i++) {
        struct plan_object *object = &plan->objects[i];
        if (!object->is_regular) {
            continue;
        }
        const struct plan_feed *feed = &plan->feeds[object->feed];
        struct bytes bytes = bytes_of(head, read_head(object->input.path, head));
        object->input.head_hash = XXH3_64bits(bytes.data, bytes.size);
        object->input.is_unreadable = bytes.size == 0 && object->input.size > 0;
        if (!object->has_stamp && feed->count > 1) {
            object->time_ms = first_time(bytes, feed->flow_log, options, &batch);
        }
    }
    batch_done(&batch);
    free(head);
    return ok;
}

static bool make(struct feed_plan *plan, const struct feed_options *options, struct error *err) {
    plan->object_count = plan->tree.count;
    plan->objects = calloc(plan->object_count, sizeof *plan->objects);
    if (plan->objects == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < plan->object_count; i++) {
        if (!place_object(plan, &plan->tree.files[i], &plan->objects[i], err)) {
            return false;
        }
    }
    qsort(plan->objects, plan->object_count, sizeof *plan->objects, by_place);
    if (!make_feeds(plan, err) || !look_at_heads(plan, options, err)) {
        return false;
    }
    /* Again, by the times that were found; feeds keep their places. */
    qsort(plan->objects, plan->object_count, sizeof *plan->objects, by_place);
    return true;
}

bool feed_plan_make(struct feed_plan *plan, const char *const *paths, size_t path_count,
                    const struct feed_options *options, struct error *err) {
    *plan = (struct feed_plan){ 0 };
    arena_init(&plan->arena, ARENA_MAXIMUM);
    if (!feed_tree_find(&plan->tree, paths, path_count, err)) {
        return false;
    }
    return plan->tree.count > 0 ? make(plan, options, err)
                                : error_set(err, ERROR_ARGUMENT, "no input");
}

void feed_plan_done(struct feed_plan *plan) {
    feed_tree_done(&plan->tree);
    arena_done(&plan->arena);
    free(plan->objects);
    free(plan->feeds);
    *plan = (struct feed_plan){ 0 };
}
