/* SPDX-License-Identifier: Apache-2.0 */
/* The table of kernels, and the choice. */
#include "detect/score.h"

#include "base/cpu.h"

static const struct {
    enum cpu_width width;
    const struct score_kernel *kernel;
} widths[] = {
    { CPU_SCALAR, &score_kernel_scalar },
#if defined(__x86_64__)
    { CPU_AVX2, &score_kernel_avx2 },
    { CPU_AVX512, &score_kernel_avx512 },
#elif defined(__aarch64__)
    { CPU_NEON, &score_kernel_neon },
#endif
};

#define WIDTH_COUNT (sizeof widths / sizeof widths[0])

const struct score_kernel *score_kernel_at(size_t i, bool *is_available) {
    if (i >= WIDTH_COUNT) {
        return NULL;
    }
    *is_available = cpu_has(widths[i].width);
    return widths[i].kernel;
}

const struct score_kernel *score_kernel(void) {
    const struct score_kernel *best = &score_kernel_scalar;
    for (size_t i = 0; i < WIDTH_COUNT; i++) {
        if (cpu_allows(widths[i].width)) {
            best = widths[i].kernel;
        }
    }
    return best;
}
