/* SPDX-License-Identifier: Apache-2.0 */
/* The least width, and the choice. On arm64 there is no other: the compiler may use NEON in any
 * file and makes NEON loops of these. */
#include "detect/arrival_columns.inc.h"

#include <stdlib.h>

arrival_columns_fill arrival_columns_choose(void) {
#if defined(__x86_64__)
    const char *forced = getenv("WEIR_SIMD");
    bool is_scalar = forced != NULL && strcmp(forced, "scalar") == 0;
    if (!is_scalar && __builtin_cpu_supports("avx2")) {
        return arrival_columns_fill_avx2;
    }
#endif
    return fill;
}
