/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_PAGES_H
#define WEIR_BASE_PAGES_H

#include "base/error.h"

#include <stddef.h>

/* Large tables that are looked into at random: memory that grows without moving, on huge pages
 * where the system has them (a table of 40 MB misses the TLB at nearly every look otherwise). Any
 * thread. */

/* Address space of `size` bytes, zeroed; memory is taken as it is touched. NULL without. */
void *pages_reserve(size_t size);
/* Accepts NULL. */
void pages_release(void *pages, size_t size);

/* Asks for huge pages in a range that was not touched yet. A hint: nothing depends on it. */
void pages_advise_huge(void *from, size_t size);

#endif
