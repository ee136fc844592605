/* SPDX-License-Identifier: Apache-2.0 */
/* Which family of column loops to use. */
#include "flow/column.h"

#include "base/cpu.h"

const struct column_kernels *column_kernels_family(size_t index) {
    switch (index) {
    case 0: return &column_kernels_scalar;
    case 1: return cpu_has(CPU_AVX2) ? column_kernels_avx2() : NULL;
    default: return NULL;
    }
}

const struct column_kernels *column_kernels_best(void) {
    const struct column_kernels *avx2 = cpu_allows(CPU_AVX2) ? column_kernels_avx2() : NULL;
    return avx2 != NULL ? avx2 : &column_kernels_scalar;
}
