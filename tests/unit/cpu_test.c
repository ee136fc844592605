/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void without_a_word_the_widest_that_the_processor_has_is_used(void **state) {
    (void)state;
    static const char *const words[] = { NULL, "" };
    for (size_t i = 0; i < 2; i++) {
        enum cpu_width width = CPU_SCALAR;
        struct error err = { 0 };
        assert_true(cpu_width_parse(words[i], &width, &err));
        assert_true(cpu_has(width));
        for (enum cpu_width wider = width + 1; wider < CPU_WIDTH_COUNT; wider++) {
            assert_false(cpu_has(wider));
        }
    }
}

static void every_width_is_known_by_its_name_and_refused_where_it_is_lacking(void **state) {
    (void)state;
    for (enum cpu_width want = CPU_SCALAR; want < CPU_WIDTH_COUNT; want++) {
        enum cpu_width width = CPU_WIDTH_COUNT;
        struct error err = { 0 };
        bool ok = cpu_width_parse(cpu_width_name(want), &width, &err);
        assert_int_equal(ok, cpu_has(want));
        assert_int_equal(width, ok ? want : CPU_WIDTH_COUNT);
        if (!ok) {
            assert_int_equal(err.code, ERROR_UNSUPPORTED);
            assert_non_null(strstr(err.message, cpu_width_name(want)));
        }
    }
}

static void scalar_is_everywhere_and_no_machine_is_of_two_architectures(void **state) {
    (void)state;
    assert_true(cpu_has(CPU_SCALAR));
    assert_false(cpu_has(CPU_NEON) && cpu_has(CPU_AVX2));
    assert_true(cpu_has(CPU_AVX2) || !cpu_has(CPU_AVX512));
}

static void a_word_that_names_no_width_is_refused(void **state) {
    (void)state;
    static const char *const words[] = { "none", "AVX2", "avx", "avx5123", " scalar", "scalar," };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        enum cpu_width width = CPU_WIDTH_COUNT;
        struct error err = { 0 };
        assert_false(cpu_width_parse(words[i], &width, &err));
        assert_int_equal(err.code, ERROR_ARGUMENT);
        assert_non_null(strstr(err.message, words[i]));
        assert_non_null(strstr(err.message, "scalar, neon, avx2, avx512"));
        assert_int_equal(width, CPU_WIDTH_COUNT);
    }
}

/* The environment is asked once: what is written there later changes nothing for those who choose,
 * while cpu_check reads what stands there. */
static void the_environment_is_followed_and_read_once(void **state) {
    (void)state;
    struct error err = { 0 };
    assert_int_equal(setenv("WEIR_SIMD", "scalar", 1), 0);
    assert_true(cpu_check(&err));
    assert_int_equal(cpu_width(), CPU_SCALAR);
    assert_true(cpu_allows(CPU_SCALAR));
    for (enum cpu_width width = CPU_SCALAR + 1; width < CPU_WIDTH_COUNT; width++) {
        assert_false(cpu_allows(width));
    }
    assert_int_equal(setenv("WEIR_SIMD", "fast", 1), 0);
    assert_int_equal(cpu_width(), CPU_SCALAR);
    assert_false(cpu_check(&err));
    assert_non_null(strstr(err.message, "WEIR_SIMD: 'fast'"));
    assert_int_equal(unsetenv("WEIR_SIMD"), 0);
    assert_int_equal(cpu_width(), CPU_SCALAR);
    assert_true(cpu_check(&err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_word_the_widest_that_the_processor_has_is_used),
        cmocka_unit_test(every_width_is_known_by_its_name_and_refused_where_it_is_lacking),
        cmocka_unit_test(scalar_is_everywhere_and_no_machine_is_of_two_architectures),
        cmocka_unit_test(a_word_that_names_no_width_is_refused),
        cmocka_unit_test(the_environment_is_followed_and_read_once),
    };
    return cmocka_run_group_tests_name("cpu", tests, NULL, NULL);
}
