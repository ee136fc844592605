/* SPDX-License-Identifier: Apache-2.0 */
/* List files: the commonest question of an investigation is "did anyone talk to these?", and
 * "these" is a file of addresses with comments, often a million lines. */
#include "flow/filter_gather.h"

#include "base/file.h"
#include "flow/filter_error.h"

static bool is_separator(uint8_t byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r') || byte == ',';
}

static bool gather_entry(struct filter_parser *parser, struct filter_gathered *gathered,
                         const struct filter_list_file *file, struct bytes word, size_t line) {
    struct filter_value value;
    struct error reason;
    if (!filter_value_parse(file->kind, word, false, &value, &reason)) {
        int shown = file->path.size > 30 ? 30 : (int)file->path.size;
        return filter_fail(parser, file->offset, "%.*s:%zu: %s", shown,
                           (const char *)file->path.data, line, reason.message);
    }
    if (++parser->file_entries > FILTER_FILE_ENTRIES_MAX) {
        return error_set(parser->lexer.err, ERROR_LIMIT,
                         "more than %u entries in the filter's list files",
                         FILTER_FILE_ENTRIES_MAX);
    }
    return filter_gather(parser, gathered, file->kind, &value);
}

static bool gather_contents(struct filter_parser *parser, struct filter_gathered *gathered,
                            const struct filter_list_file *file, struct bytes text) {
    size_t line = 1;
    size_t at = text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < text.size) {
        if (text.data[at] == '#') {
            while (at < text.size && text.data[at] != '\n') {
                at++;
            }
            continue;
        }
        if (is_separator(text.data[at])) {
            line += text.data[at++] == '\n';
            continue;
        }
        size_t begin = at;
        while (at < text.size && !is_separator(text.data[at])) {
            at++;
        }
        struct bytes word = bytes_of(text.data + begin, at - begin);
        if (!gather_entry(parser, gathered, file, word, line)) {
            return false;
        }
    }
    return true;
}

bool filter_gather_file(struct filter_parser *parser, struct filter_gathered *gathered,
                        const struct filter_list_file *file) {
    char path[FILTER_NAME_SIZE_MAX + 1];
    memcpy(path, file->path.data, file->path.size);
    path[file->path.size] = '\0';
    struct buffer contents;
    buffer_init(&contents, FILTER_FILE_SIZE_MAX - parser->file_size);
    struct error reason;
    bool is_gathered = file_read(path, &contents, &reason);
    if (is_gathered) {
        parser->file_size += contents.size;
        is_gathered = gather_contents(parser, gathered, file, buffer_bytes(&contents));
    } else {
        (void)filter_error_at(parser->lexer.err, reason.code, parser->lexer.text, file->offset,
                              "%s", reason.message);
    }
    buffer_done(&contents);
    return is_gathered;
}
