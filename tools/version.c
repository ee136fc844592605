/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled with WEIR_VERSION and WEIR_REVISION (Makefile). */
#include "tools/version.h"

#include "detect/score.h"
#include "flow/column.h"
#include "flow/filter_kernel.h"

#include <openssl/crypto.h>
#include <xxhash.h>
#include <zstd.h>

void version_print(const char *program, FILE *out) {
    unsigned xxhash = XXH_versionNumber();
    fprintf(out, "%s %s (%s), libzstd %s, libxxhash %u.%u.%u, %s\n", program, WEIR_VERSION,
            WEIR_REVISION, ZSTD_versionString(), xxhash / 10000, xxhash / 100 % 100, xxhash % 100,
            OpenSSL_version(OPENSSL_VERSION));
    /* What each family chose: a width that the processor has need not be one that a family has. */
    fprintf(out, "SIMD: frame %s, filter %s, detector %s\n", column_kernels_best()->name,
            filter_kernel_best()->name, score_kernel()->name);
}
