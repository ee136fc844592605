/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of a family. */
#include "flow/filter_kernel.h"

#include "base/cpu.h"

const struct filter_kernel *filter_kernel_best(void) {
#if defined(__x86_64__)
    if (cpu_allows(CPU_AVX2)) {
        return &filter_kernel_avx2;
    }
#elif defined(__aarch64__)
    if (cpu_allows(CPU_NEON)) {
        return &filter_kernel_neon;
    }
#endif
    return &filter_kernel_scalar;
}
