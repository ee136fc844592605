/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/exam_note.h"

static bool no_memory(struct error *err) {
    return error_set(err, ERROR_LIMIT, "no memory for what was found");
}

bool exam_note_trouble(struct exam *exam, struct exam_feed *feed, const char *path,
                       enum exam_trouble_kind kind, const char *what, const char *advice,
                       struct error *err) {
    feed->troubles[kind]++;
    if (exam->trouble_counts[kind]++ >= EXAM_TROUBLES_MAX) {
        return true;
    }
    size_t named = strlen(path); /* a message may begin with the path, which is said once */
    if (strncmp(what, path, named) == 0 && strncmp(what + named, ": ", 2) == 0) {
        what += named + 2;
    }
    size_t size = strlen(what) + 1;
    char *copy = arena_take(&exam->arena, size);
    if (copy == NULL) {
        return no_memory(err);
    }
    memcpy(copy, what, size);
    exam->troubles[exam->trouble_count++] =
        (struct exam_trouble){ .kind = kind, .path = path, .what = copy, .advice = advice };
    return true;
}

bool exam_note_failed(struct exam *exam, struct exam_feed *feed, const char *path,
                      enum exam_trouble_kind kind, const struct error *why, struct error *err) {
    if (why->code == ERROR_LIMIT || why->code == ERROR_ARGUMENT) {
        *err = *why;
        return error_context(err, "%s", path);
    }
    return exam_note_trouble(exam, feed, path, kind, why->message, NULL, err);
}

bool exam_note_rejects(struct exam *exam, struct exam_feed *feed, const char *path,
                       const struct source_result *result, struct error *err) {
    if (result->counts.malformed == 0) {
        return true;
    }
    if (feed->rejects == NULL) {
        feed->rejects = arena_take_zeroed(&exam->arena, REJECT_REASON_COUNT, sizeof *feed->rejects);
        if (feed->rejects == NULL) {
            return no_memory(err);
        }
    }
    for (uint32_t i = 0; i < result->reject_count; i++) {
        struct exam_reject *reject = &feed->rejects[result->rejects[i].reason];
        if (reject->path == NULL) {
            reject->path = path;
            reject->first = result->rejects[i];
        }
    }
    for (int reason = 0; reason < REJECT_REASON_COUNT; reason++) {
        feed->rejects[reason].count += result->counts.rejects[reason];
    }
    return true;
}

static bool note_layout(struct exam *exam, struct exam_feed *feed, const char *text,
                        struct error *err) {
    for (uint32_t i = 0; i < feed->layout_count; i++) {
        if (strcmp(feed->layouts[i].text, text) == 0) {
            feed->layouts[i].objects++;
            return true;
        }
    }
    if (text[0] == '\0' || feed->layout_count == EXAM_LAYOUTS_MAX) {
        return true;
    }
    size_t size = strlen(text) + 1;
    char *copy = arena_take(&exam->arena, size);
    if (feed->layouts == NULL) {
        feed->layouts = arena_take_zeroed(&exam->arena, EXAM_LAYOUTS_MAX, sizeof *feed->layouts);
    }
    if (copy == NULL || feed->layouts == NULL) {
        return no_memory(err);
    }
    memcpy(copy, text, size);
    feed->layouts[feed->layout_count++] = (struct exam_layout){ copy, 1 };
    return true;
}

static void note_fact(struct exam_feed *feed, const struct source_fact *fact) {
    for (uint32_t i = 0; i < feed->fact_count; i++) {
        struct exam_fact *known = &feed->facts[i];
        if (strcmp(known->fact.id, fact->id) == 0) {
            exam_fact_add(&known->fact.count, fact->count);
            exam_fact_add(&known->fact.of, fact->of);
            known->objects++;
            if (known->fact.detail[0] == '\0') {
                memcpy(known->fact.detail, fact->detail, sizeof fact->detail);
            }
            return;
        }
    }
    if (feed->fact_count < SOURCE_FACTS_MAX) {
        feed->facts[feed->fact_count++] = (struct exam_fact){ *fact, 1 };
    }
}

bool exam_note_description(struct exam *exam, struct exam_feed *feed,
                           const struct source_description *description, struct error *err) {
    feed->objects_described++;
    if (!note_layout(exam, feed, description->layout, err)) {
        return false;
    }
    if (feed->facts == NULL && description->fact_count > 0) {
        feed->facts = arena_take_zeroed(&exam->arena, SOURCE_FACTS_MAX, sizeof *feed->facts);
        if (feed->facts == NULL) {
            return no_memory(err);
        }
    }
    for (uint32_t i = 0; i < description->fact_count; i++) {
        note_fact(feed, &description->facts[i]);
    }
    return true;
}
