/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler's builtins know about the operating system's part too (whether it saves the wide
 * registers), which a bare CPUID does not. */
#include "base/cpu.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLE "WEIR_SIMD"

static const char *const names[CPU_WIDTH_COUNT] = { "scalar", "neon", "avx2", "avx512" };

const char *cpu_width_name(enum cpu_width width) {
    return names[width];
}

bool cpu_has(enum cpu_width width) {
    switch (width) {
    case CPU_SCALAR: return true;
#if defined(__aarch64__)
    case CPU_NEON: return true; /* every arm64 has it */
#endif
#if defined(__x86_64__)
    case CPU_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
               __builtin_cpu_supports("bmi2");
    case CPU_AVX512:
        return cpu_has(CPU_AVX2) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq");
#endif
    default: return false;
    }
}

static enum cpu_width widest(void) {
    enum cpu_width width = CPU_AVX512;
    while (!cpu_has(width)) {
        width--; /* ends at CPU_SCALAR, which every machine has */
    }
    return width;
}

bool cpu_width_parse(const char *word, enum cpu_width *out, struct error *err) {
    if (word == NULL || word[0] == '\0') {
        *out = widest();
        return true;
    }
    for (enum cpu_width width = CPU_SCALAR; width < CPU_WIDTH_COUNT; width++) {
        if (strcmp(word, names[width]) != 0) {
            continue;
        }
        if (!cpu_has(width)) {
            return error_set(err, ERROR_UNSUPPORTED, "this processor has no %s", word);
        }
        *out = width;
        return true;
    }
    return error_set(err, ERROR_ARGUMENT, "'%.40s' is not one of scalar, neon, avx2, avx512", word);
}

enum cpu_width cpu_width(void) {
    /* 0 until somebody asked, then the width plus one. Threads that ask at the same time find the
     * same answer, so the order of their stores does not matter. */
    static atomic_int known;
    int value = atomic_load_explicit(&known, memory_order_relaxed);
    if (value == 0) {
        struct error err;
        enum cpu_width width = widest();
        (void)cpu_width_parse(getenv(VARIABLE), &width, &err); /* cpu_check tells of it */
        value = (int)width + 1;
        atomic_store_explicit(&known, value, memory_order_relaxed);
    }
    return (enum cpu_width)(value - 1);
}

bool cpu_allows(enum cpu_width width) {
    return width <= cpu_width() && cpu_has(width);
}

bool cpu_check(struct error *err) {
    enum cpu_width width;
    return cpu_width_parse(getenv(VARIABLE), &width, err) || error_context(err, VARIABLE);
}
