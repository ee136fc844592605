/* SPDX-License-Identifier: Apache-2.0 */
/* Which family of column loops to use. */
#include "flow/column.h"

#include "base/cpu.h"

static const struct {
    enum cpu_width width;
    const struct column_kernels *kernels;
} families[COLUMN_KERNEL_FAMILIES] = {
    { CPU_SCALAR, &column_kernels_scalar },
#if defined(__x86_64__)
    { CPU_AVX2, &column_kernels_avx2 },
#elif defined(__aarch64__)
    { CPU_NEON, &column_kernels_neon },
#endif
};

const struct column_kernels *column_kernels_family(size_t index) {
    bool is_known = index < COLUMN_KERNEL_FAMILIES && cpu_has(families[index].width);
    return is_known ? families[index].kernels : NULL;
}

const struct column_kernels *column_kernels_best(void) {
    const struct column_kernels *best = &column_kernels_scalar;
    for (size_t i = 1; i < COLUMN_KERNEL_FAMILIES; i++) {
        if (families[i].kernels != NULL && cpu_allows(families[i].width)) {
            best = families[i].kernels;
        }
    }
    return best;
}
