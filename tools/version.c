/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled with WEIR_VERSION and WEIR_REVISION (Makefile). */
#include "tools/version.h"

#include <openssl/crypto.h>
#include <xxhash.h>
#include <zstd.h>

void version_print(const char *program, FILE *out) {
    unsigned xxhash = XXH_versionNumber();
    fprintf(out, "%s %s (%s), libzstd %s, libxxhash %u.%u.%u, %s\n", program, WEIR_VERSION,
            WEIR_REVISION, ZSTD_versionString(), xxhash / 10000, xxhash / 100 % 100, xxhash % 100,
            OpenSSL_version(OPENSSL_VERSION));
}
