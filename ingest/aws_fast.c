/* SPDX-License-Identifier: Apache-2.0 */
/* Which fast parsers to use. */
#include "ingest/aws_fast.h"

#include "base/cpu.h"

struct aws_fast aws_fast_choose(void) {
    struct aws_fast fast = { 0 };
#if defined(__x86_64__)
    if (cpu_allows(CPU_AVX2)) {
        fast.default_lines = aws_default_lines_avx2;
        fast.lines = aws_lines_avx2;
    }
#endif
    return fast;
}
