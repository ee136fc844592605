/* SPDX-License-Identifier: Apache-2.0 */
/* Which family of column loops to use: the only place here that asks about the machine. */
#include "flow/column.h"

static bool has_avx2(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
#else
    return false;
#endif
}

const struct column_kernels *column_kernels_family(size_t index) {
    switch (index) {
    case 0: return &column_kernels_scalar;
    case 1: return has_avx2() ? column_kernels_avx2() : NULL;
    default: return NULL;
    }
}

const struct column_kernels *column_kernels_best(void) {
    const struct column_kernels *best = &column_kernels_scalar;
    for (size_t i = 1; i < COLUMN_KERNEL_FAMILIES; i++) {
        const struct column_kernels *family = column_kernels_family(i);
        best = family != NULL ? family : best;
    }
    return best;
}
