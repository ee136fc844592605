/* SPDX-License-Identifier: Apache-2.0 */
/* First what was written is sorted and kept, which filter_print shows; then the files' contents are
 * added and all is sorted again, which matches. So a list file of a million lines is read in linear
 * time and sorted once. */
#include "flow/filter_gather.h"

#include <stdlib.h>

void filter_gathered_init(struct filter_gathered *gathered) {
    size_t count_max = (size_t)FILTER_TERMS_MAX + FILTER_FILE_ENTRIES_MAX;
    buffer_init(&gathered->addresses, count_max * sizeof(struct address_range));
    buffer_init(&gathered->numbers, count_max * sizeof(struct number_range));
    buffer_init(&gathered->names, count_max * sizeof(struct bytes));
    buffer_init(&gathered->files, (size_t)FILTER_TERMS_MAX * sizeof(struct bytes));
}

void filter_gathered_done(struct filter_gathered *gathered) {
    buffer_done(&gathered->addresses);
    buffer_done(&gathered->numbers);
    buffer_done(&gathered->names);
    buffer_done(&gathered->files);
}

static bool no_memory(struct filter_parser *parser) {
    return error_set(parser->lexer.err, ERROR_LIMIT, "no memory for the filter's lists");
}

static bool copy_name(struct filter_parser *parser, struct bytes name, struct bytes *out) {
    bool failed = false;
    *out = arena_copy(parser->arena, name, &failed);
    return !failed || no_memory(parser);
}

bool filter_gather(struct filter_parser *parser, struct filter_gathered *gathered,
                   enum filter_value_kind kind, const struct filter_value *value) {
    if (value->is_name) {
        struct bytes name;
        if (!copy_name(parser, value->name, &name)) {
            return false;
        }
        buffer_put(&gathered->names, &name, sizeof name);
        return !gathered->names.failed || no_memory(parser);
    }
    bool is_number =
        kind == FILTER_VALUE_PORT || kind == FILTER_VALUE_PROTOCOL || kind == FILTER_VALUE_QUALITY;
    if (is_number) {
        buffer_put(&gathered->numbers, &value->numbers, sizeof value->numbers);
        return !gathered->numbers.failed || no_memory(parser);
    }
    buffer_put(&gathered->addresses, &value->addresses, sizeof value->addresses);
    return !gathered->addresses.failed || no_memory(parser);
}

bool filter_gather_path(struct filter_parser *parser, struct filter_gathered *gathered,
                        struct bytes path) {
    struct bytes copy;
    if (!copy_name(parser, path, &copy)) {
        return false;
    }
    buffer_put(&gathered->files, &copy, sizeof copy);
    return !gathered->files.failed || no_memory(parser);
}

static int compare_numbers(const void *left, const void *right) {
    const struct number_range *a = left;
    const struct number_range *b = right;
    return a->first != b->first ? (int)a->first - (int)b->first : (int)a->last - (int)b->last;
}

static size_t normalise_numbers(struct number_range *ranges, size_t count) {
    if (count == 0) {
        return 0;
    }
    qsort(ranges, count, sizeof *ranges, compare_numbers);
    size_t kept = 0;
    for (size_t i = 1; i < count; i++) {
        if (ranges[i].first > ranges[kept].last) {
            ranges[++kept] = ranges[i];
        } else if (ranges[i].last > ranges[kept].last) {
            ranges[kept].last = ranges[i].last;
        }
    }
    return kept + 1;
}

static int compare_names(const void *left, const void *right) {
    return bytes_compare(*(const struct bytes *)left, *(const struct bytes *)right);
}

static size_t normalise_names(struct bytes *names, size_t count) {
    if (count == 0) {
        return 0;
    }
    qsort(names, count, sizeof *names, compare_names);
    size_t kept = 0;
    for (size_t i = 1; i < count; i++) {
        if (!bytes_equal(names[i], names[kept])) {
            names[++kept] = names[i];
        }
    }
    return kept + 1;
}

/* Sorts and joins what was gathered, in place. */
static void normalise(struct filter_gathered *gathered) {
    struct address_range *addresses = (void *)gathered->addresses.data;
    struct number_range *numbers = (void *)gathered->numbers.data;
    struct bytes *names = (void *)gathered->names.data;
    gathered->addresses.size =
        sizeof *addresses *
        address_ranges_normalise(addresses, gathered->addresses.size / sizeof *addresses);
    gathered->numbers.size =
        sizeof *numbers * normalise_numbers(numbers, gathered->numbers.size / sizeof *numbers);
    gathered->names.size =
        sizeof *names * normalise_names(names, gathered->names.size / sizeof *names);
}

/* A copy of a buffer's elements in the arena; NULL when there are none, or no memory (`failed`). */
static const void *keep(struct filter_parser *parser, const struct buffer *buffer,
                        size_t element_size, uint32_t *count, bool *failed) {
    *count = (uint32_t)(buffer->size / element_size);
    void *copy = buffer->size == 0 ? NULL : arena_take(parser->arena, buffer->size);
    if (copy != NULL) {
        memcpy(copy, buffer->data, buffer->size);
    }
    *failed = *failed || (copy == NULL && buffer->size > 0);
    return copy;
}

/* What was written: sorted, in the arena. */
static bool keep_written(struct filter_parser *parser, struct filter_gathered *gathered,
                         struct filter_values *values) {
    normalise(gathered);
    struct bytes *files = (void *)gathered->files.data;
    gathered->files.size =
        sizeof *files * normalise_names(files, gathered->files.size / sizeof *files);
    bool failed = false;
    values->addresses = keep(parser, &gathered->addresses, sizeof *values->addresses,
                             &values->address_count, &failed);
    values->numbers =
        keep(parser, &gathered->numbers, sizeof *values->numbers, &values->number_count, &failed);
    values->names =
        keep(parser, &gathered->names, sizeof *values->names, &values->name_count, &failed);
    values->files =
        keep(parser, &gathered->files, sizeof *values->files, &values->file_count, &failed);
    return !failed || no_memory(parser);
}

/* The written values with the files' contents: sorted, in the arena. */
static bool keep_all(struct filter_parser *parser, struct filter_gathered *gathered,
                     enum filter_value_kind kind, size_t offset, struct filter_values *values) {
    for (uint32_t i = 0; i < values->file_count; i++) {
        struct filter_list_file file = { .path = values->files[i], .offset = offset, .kind = kind };
        if (!filter_gather_file(parser, gathered, &file)) {
            return false;
        }
    }
    values->all_numbers = values->numbers;
    values->all_number_count = values->number_count;
    values->all_names = values->names;
    values->all_name_count = values->name_count;
    if (values->file_count > 0) {
        normalise(gathered);
        bool failed = false;
        values->all_numbers = keep(parser, &gathered->numbers, sizeof *values->all_numbers,
                                   &values->all_number_count, &failed);
        values->all_names = keep(parser, &gathered->names, sizeof *values->all_names,
                                 &values->all_name_count, &failed);
        if (failed) {
            return no_memory(parser);
        }
    }
    return address_set_build(
        &values->all_addresses, parser->arena, (const void *)gathered->addresses.data,
        gathered->addresses.size / sizeof(struct address_range), parser->lexer.err);
}

struct filter_values *filter_gathered_finish(struct filter_parser *parser,
                                             struct filter_gathered *gathered,
                                             enum filter_value_kind kind, size_t offset) {
    struct filter_values *values = arena_take_zeroed(parser->arena, 1, sizeof *values);
    if (values == NULL) {
        (void)no_memory(parser);
    } else if (!keep_written(parser, gathered, values) ||
               !keep_all(parser, gathered, kind, offset, values)) {
        values = NULL;
    }
    filter_gathered_done(gathered);
    return values;
}
