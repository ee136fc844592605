/* SPDX-License-Identifier: Apache-2.0 */
/* Which fast parsers there are for a width. */
#include "ingest/aws_fast.h"

struct aws_fast aws_fast_of(enum cpu_width width) {
    struct aws_fast fast = { 0 };
#if defined(__x86_64__)
    if (width >= CPU_AVX2 && cpu_has(CPU_AVX2)) {
        fast.default_lines = aws_default_lines_avx2;
        fast.lines = aws_lines_avx2;
    }
#elif defined(__aarch64__)
    if (width >= CPU_NEON) {
        fast.lines = aws_lines_neon;
    }
#else
    (void)width;
#endif
    return fast;
}
