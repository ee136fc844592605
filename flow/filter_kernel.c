/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of a family; the only place of the filter that asks about the CPU. */
#include "flow/filter_kernel.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const struct filter_kernel *filter_kernel_best(void) {
#ifdef __x86_64__
    const char *wanted = getenv("WEIR_SIMD");
    bool is_scalar = wanted != NULL && strcmp(wanted, "scalar") == 0;
    if (!is_scalar && __builtin_cpu_supports("avx2")) {
        return &filter_kernel_avx2;
    }
#endif
    return &filter_kernel_scalar;
}
