/* SPDX-License-Identifier: Apache-2.0 */
/* The table of kernels, and the choice: the only place of this family that asks about the CPU. */
#include "detect/score.h"

#include <stdlib.h>
#include <string.h>

static const struct score_kernel *const kernels[] = {
    &score_kernel_scalar,
#if defined(__x86_64__)
    &score_kernel_avx2,
#endif
};

#define KERNEL_COUNT (sizeof kernels / sizeof kernels[0])

static bool is_available(const struct score_kernel *kernel) {
#if defined(__x86_64__)
    if (kernel == &score_kernel_avx2) {
        return __builtin_cpu_supports("avx2") != 0;
    }
#endif
    return kernel == &score_kernel_scalar;
}

const struct score_kernel *score_kernel_at(size_t i, bool *available) {
    if (i >= KERNEL_COUNT) {
        return NULL;
    }
    *available = is_available(kernels[i]);
    return kernels[i];
}

const struct score_kernel *score_kernel(void) {
    const char *wanted = getenv("WEIR_SIMD");
    const struct score_kernel *best = kernels[0];
    for (size_t i = 0; i < KERNEL_COUNT; i++) {
        if (!is_available(kernels[i])) {
            continue;
        }
        if (wanted != NULL && strcmp(wanted, kernels[i]->name) == 0) {
            return kernels[i];
        }
        best = kernels[i];
    }
    return best;
}
