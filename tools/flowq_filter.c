/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/flowq_filter.h"

#define FILTER_SIZE_MAX ((size_t)16 << 20)

bool flowq_filter_compile(int count, char **words, struct filter **filter, struct error *err) {
    struct buffer text;
    buffer_init(&text, FILTER_SIZE_MAX);
    for (int i = 0; i < count; i++) {
        buffer_put(&text, " ", i > 0);
        buffer_put(&text, words[i], strlen(words[i]));
    }
    bool ok =
        buffer_check(&text, "the filter", err) && filter_compile(filter, buffer_bytes(&text), err);
    buffer_done(&text);
    return ok;
}
