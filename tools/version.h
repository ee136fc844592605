/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_VERSION_H
#define WEIR_TOOLS_VERSION_H

#include <stdio.h>

/* One line for --version: the program, its version and revision, the libraries that it runs with. */
void version_print(const char *program, FILE *out);

#endif
