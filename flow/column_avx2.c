/* SPDX-License-Identifier: Apache-2.0 */
/* The column loops with AVX2 and BMI2. */
#include "flow/column.h"

#if defined(__AVX2__)
#include <immintrin.h>

const struct column_kernels *column_kernels_avx2(void) {
    return NULL;
}

#else

const struct column_kernels *column_kernels_avx2(void) {
    return NULL;
}

#endif
