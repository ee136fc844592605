/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_CPU_H
#define WEIR_BASE_CPU_H

#include "base/error.h"

/* Which width of vector loops to use: the one place that asks the processor, and the one place that
 * reads WEIR_SIMD. Each family of kernels takes the widest that it has and that cpu_allows. */

/* From narrow to wide. A machine has CPU_SCALAR and those of its own architecture. */
enum cpu_width {
    CPU_SCALAR, /* plain C, which defines the results */
    CPU_NEON,   /* arm64 */
    CPU_AVX2,   /* with BMI and BMI2, as files named _avx2.c are compiled */
    CPU_AVX512, /* F, BW, VL and DQ besides, as files named _avx512.c are */
};
#define CPU_WIDTH_COUNT 4

/* "scalar", "neon", "avx2", "avx512". */
const char *cpu_width_name(enum cpu_width width);

/* Whether this processor runs loops of this width. */
bool cpu_has(enum cpu_width width);

/* What `word` (a value of WEIR_SIMD) asks for; the widest that this processor has where it is NULL
 * or empty. Errors: ERROR_ARGUMENT (no width is called that), ERROR_UNSUPPORTED (this processor
 * lacks it); `out` is then untouched. */
bool cpu_width_parse(const char *word, enum cpu_width *out, struct error *err);

/* The widest that is to be used: WEIR_SIMD, or all that the processor has. Read once in a program's
 * life, so that all families agree; any thread. A WEIR_SIMD that cpu_check refuses counts as unset.
 */
enum cpu_width cpu_width(void);

/* Whether the processor has this width and WEIR_SIMD does not forbid it. */
bool cpu_allows(enum cpu_width width);

/* False where WEIR_SIMD cannot be followed (cpu_width_parse; the message names it). Programs ask
 * first thing, so that nobody measures a width that was mistyped. */
bool cpu_check(struct error *err);

#endif
