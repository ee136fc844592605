/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pages.h"

#include <stdint.h>
#include <sys/mman.h>

#define HUGE_SIZE ((uintptr_t)2 << 20)

void *pages_reserve(size_t size) {
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void pages_release(void *pages, size_t size) {
    if (pages != NULL) {
        (void)munmap(pages, size); /* a whole mapping of ours: it cannot fail */
    }
}

void pages_advise_huge(void *from, size_t size) {
#ifdef MADV_HUGEPAGE
    uintptr_t first = ((uintptr_t)from + HUGE_SIZE - 1) & ~(HUGE_SIZE - 1);
    uintptr_t end = ((uintptr_t)from + size) & ~(HUGE_SIZE - 1);
    if (first < end) {
        (void)madvise((void *)first, end - first, MADV_HUGEPAGE); /* only a hint */
    }
#else
    (void)from;
    (void)size;
#endif
}
