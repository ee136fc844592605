/* SPDX-License-Identifier: Apache-2.0 */
/* The least width, and the choice. On arm64 there is no other: the compiler may use NEON in any
 * file and makes NEON loops of these. */
#include "detect/arrival_columns.inc.h"

#include "base/cpu.h"

arrival_columns_fill arrival_columns_choose(void) {
#if defined(__x86_64__)
    if (cpu_allows(CPU_AVX2)) {
        return arrival_columns_fill_avx2;
    }
#endif
    return fill;
}
