/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that asks which parser this processor can run. */
#include "ingest/aws_fast.h"

#include <stdlib.h>

struct aws_fast aws_fast_choose(void) {
    struct aws_fast fast = { 0 };
#if defined(__x86_64__)
    const char *forced = getenv("WEIR_SIMD");
    bool is_scalar = forced != NULL && strcmp(forced, "scalar") == 0;
    if (!is_scalar && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
        __builtin_cpu_supports("bmi2")) {
        fast.default_lines = aws_default_lines_avx2;
        fast.lines = aws_lines_avx2;
    }
#endif
    return fast;
}
