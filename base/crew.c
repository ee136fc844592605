/* SPDX-License-Identifier: Apache-2.0 */
/* One mutex and one condition: a step takes a millisecond, so they are hardly ever waited for.
 *
 * Why nothing can wait for ever: who finds nothing to do waits, and every change of a source's
 * books wakes all; the thread that changed them looks again before it waits itself. A source keeps
 * its place in the list while a step of it is being made, so that who makes it finds it again. */
#include "base/crew.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct source {
    crew_work work; /* NULL: removed, as soon as nobody makes a step any more */
    void *context;
    uint32_t step_count; /* being made */
};

struct crew {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct source sources[CREW_SOURCES_MAX];
    uint32_t source_count;
    uint32_t threads;
    uint32_t worker_count;
    bool is_stopping;
    pthread_t workers[]; /* [threads - 1] */
};

void crew_lock(struct crew *crew) {
    pthread_mutex_lock(&crew->mutex);
}

void crew_unlock(struct crew *crew) {
    pthread_mutex_unlock(&crew->mutex);
}

void crew_wait(struct crew *crew) {
    pthread_cond_wait(&crew->changed, &crew->mutex);
}

void crew_changed(struct crew *crew) {
    pthread_cond_broadcast(&crew->changed);
}

bool crew_help(struct crew *crew) {
    for (uint32_t i = crew->source_count; i-- > 0;) {
        struct source *source = &crew->sources[i];
        if (source->work == NULL) {
            continue;
        }
        source->step_count++;
        bool has_worked = source->work(source->context);
        source->step_count--;
        if (source->work == NULL) {
            crew_changed(crew); /* it is being removed */
        }
        if (has_worked) {
            return true;
        }
    }
    return false;
}

static void *run_worker(void *context) {
    struct crew *crew = context;
    crew_lock(crew);
    while (!crew->is_stopping) {
        if (!crew_help(crew)) {
            crew_wait(crew);
        }
    }
    crew_unlock(crew);
    return NULL;
}

static void start_workers(struct crew *crew) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (crew->worker_count + 1 < crew->threads &&
           pthread_create(&crew->workers[crew->worker_count], NULL, run_worker, crew) == 0) {
        crew->worker_count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

bool crew_new(struct crew **out, uint32_t threads, struct error *err) {
    assert(threads >= 1);
    struct crew *crew = calloc(1, sizeof *crew + (threads - 1) * sizeof *crew->workers);
    if (crew == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for %u threads", threads);
    }
    crew->threads = threads;
    pthread_mutex_init(&crew->mutex, NULL); /* with default attributes these two cannot fail */
    pthread_cond_init(&crew->changed, NULL);
    start_workers(crew);
    *out = crew;
    return true;
}

void crew_free(struct crew *crew) {
    if (crew == NULL) {
        return;
    }
    crew_lock(crew);
    assert(crew->source_count == 0);
    crew->is_stopping = true;
    crew_changed(crew);
    crew_unlock(crew);
    for (uint32_t i = 0; i < crew->worker_count; i++) {
        (void)pthread_join(crew->workers[i], NULL); /* ours, joinable, joined once */
    }
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->mutex);
    free(crew);
}

uint32_t crew_threads(const struct crew *crew) {
    return crew->threads;
}

bool crew_has_workers(const struct crew *crew) {
    return crew->worker_count > 0;
}

void crew_add(struct crew *crew, crew_work work, void *context) {
    crew_lock(crew);
    assert(crew->source_count < CREW_SOURCES_MAX);
    crew->sources[crew->source_count++] = (struct source){ .work = work, .context = context };
    crew_changed(crew);
    crew_unlock(crew);
}

void crew_remove(struct crew *crew, const void *context) {
    crew_lock(crew);
    for (uint32_t i = 0; i < crew->source_count; i++) {
        struct source *source = &crew->sources[i];
        if (source->work == NULL || source->context != context) {
            continue;
        }
        source->work = NULL;
        while (source->step_count > 0) {
            crew_wait(crew);
        }
    }
    while (crew->source_count > 0 && crew->sources[crew->source_count - 1].work == NULL) {
        crew->source_count--;
    }
    crew_unlock(crew);
}
