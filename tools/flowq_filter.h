/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_FLOWQ_FILTER_H
#define WEIR_TOOLS_FLOWQ_FILTER_H

#include "flow/filter.h"

/* Compiles a filter out of the words of a command line, joined by blanks as tcpdump does it: quoted
 * or not. Errors: those of filter_compile. */
bool flowq_filter_compile(int count, char **words, struct filter **filter, struct error *err);

#endif
