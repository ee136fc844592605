/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crew.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define STEPS 2000u

/* A source of so many steps, which are counted where they are made. */
struct task {
    struct crew *crew;
    uint32_t left;
    uint32_t busy;
    uint32_t busy_most;
    uint32_t made;
    uint32_t pause_us;
};

static bool make_step(void *context) {
    struct task *task = context;
    if (task->left == 0) {
        return false;
    }
    task->left--;
    task->busy++;
    task->busy_most = task->busy > task->busy_most ? task->busy : task->busy_most;
    crew_unlock(task->crew);
    if (task->pause_us > 0) {
        usleep(task->pause_us);
    }
    crew_lock(task->crew);
    task->busy--;
    task->made++;
    crew_changed(task->crew);
    return true;
}

static struct crew *new_crew(uint32_t threads) {
    struct error err;
    struct crew *crew;
    assert_true(crew_new(&crew, threads, &err));
    assert_int_equal(crew_threads(crew), threads);
    return crew;
}

/* The owner's way to the end of a task. */
static void finish(struct crew *crew, const struct task *task) {
    crew_lock(crew);
    while (task->left > 0 || task->busy > 0) {
        if (!crew_help(crew)) {
            crew_wait(crew);
        }
    }
    crew_unlock(crew);
}

static void every_step_is_made_once_by_any_number_of_threads(void **state) {
    (void)state;
    static const uint32_t threads[] = { 1, 2, 3, 8 };
    for (size_t i = 0; i < COUNT(threads); i++) {
        struct crew *crew = new_crew(threads[i]);
        struct task first = { .crew = crew, .left = STEPS };
        struct task second = { .crew = crew, .left = STEPS };
        crew_add(crew, make_step, &first);
        crew_add(crew, make_step, &second);
        finish(crew, &first);
        finish(crew, &second);
        crew_remove(crew, &first);
        crew_remove(crew, &second);
        assert_int_equal(first.made, STEPS);
        assert_int_equal(second.made, STEPS);
        assert_true(first.busy_most <= threads[i]);
        crew_free(crew);
    }
}

static void a_crew_of_one_does_nothing_beside_its_owner(void **state) {
    (void)state;
    struct crew *crew = new_crew(1);
    struct task task = { .crew = crew, .left = 2 };
    assert_false(crew_has_workers(crew));
    crew_add(crew, make_step, &task);
    usleep(1000);
    crew_lock(crew);
    assert_int_equal(task.made, 0);
    assert_true(crew_help(crew));
    assert_int_equal(task.made, 1);
    assert_true(crew_help(crew));
    assert_false(crew_help(crew));
    crew_unlock(crew);
    crew_remove(crew, &task);
    crew_free(crew);
}

static void what_was_added_last_goes_first(void **state) {
    (void)state;
    struct crew *crew = new_crew(1);
    struct task parse = { .crew = crew, .left = 2 };
    struct task encode = { .crew = crew, .left = 1 };
    crew_add(crew, make_step, &parse);
    crew_add(crew, make_step, &encode);
    crew_lock(crew);
    assert_true(crew_help(crew));
    assert_int_equal(encode.made, 1);
    assert_true(crew_help(crew));
    assert_int_equal(parse.made, 1);
    crew_unlock(crew);
    crew_remove(crew, &parse);
    crew_remove(crew, &encode);
    crew_free(crew);
}

static void removing_waits_for_the_steps_that_are_being_made(void **state) {
    (void)state;
    for (uint32_t threads = 1; threads <= 4; threads++) {
        struct crew *crew = new_crew(threads);
        struct task task = { .crew = crew, .left = STEPS, .pause_us = 100 };
        struct task other = { .crew = crew };
        crew_add(crew, make_step, &task);
        crew_add(crew, make_step, &other);
        usleep(2000);
        crew_remove(crew, &task);
        assert_int_equal(task.busy, 0); /* nobody has it any more: no lock is needed */
        assert_int_equal(task.made + task.left, STEPS);
        uint32_t made = task.made;
        usleep(1000);
        assert_int_equal(task.made, made);
        crew_remove(crew, &task); /* it is not there any more */
        crew_remove(crew, &other);
        crew_free(crew);
    }
    crew_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_is_made_once_by_any_number_of_threads),
        cmocka_unit_test(a_crew_of_one_does_nothing_beside_its_owner),
        cmocka_unit_test(what_was_added_last_goes_first),
        cmocka_unit_test(removing_waits_for_the_steps_that_are_being_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
