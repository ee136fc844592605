/* SPDX-License-Identifier: Apache-2.0 */
/* The file that `service_prefixes` names: a line each of a CIDR and the service that it belongs to;
 * `#` begins a comment. What clouds publish becomes such a file by one line of jq. */
#include "base/file.h"
#include "tools/config_reader.h"

#include <stdlib.h>

#define FILE_SIZE_MAX ((size_t)16 << 20)

static bool is_blank(uint8_t byte) {
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* The next word of a line, moved behind it; empty at its end. */
static struct bytes next_word(struct bytes *line) {
    size_t at = 0;
    while (at < line->size && is_blank(line->data[at])) {
        at++;
    }
    size_t begin = at;
    while (at < line->size && !is_blank(line->data[at])) {
        at++;
    }
    struct bytes word = bytes_of(line->data + begin, at - begin);
    *line = bytes_of(line->data + at, line->size - at);
    return word;
}

static bool take_line(struct say *say, struct bytes line, struct error *err) {
    struct peer_prefix row;
    const uint8_t *hash = line.size > 0 ? memchr(line.data, '#', line.size) : NULL;
    if (hash != NULL) {
        line.size = (size_t)(hash - line.data);
    }
    struct bytes cidr = next_word(&line);
    struct bytes service = next_word(&line);
    if (cidr.size == 0) {
        return true;
    }
    if (service.size == 0 || next_word(&line).size > 0) {
        return error_set(err, ERROR_ARGUMENT, "a CIDR and the name of a service are wanted here");
    }
    char *name = arena_take(&say->arena, service.size + 1);
    if (name == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the names of services");
    }
    memcpy(name, service.data, service.size);
    name[service.size] = '\0';
    row.service = name;
    return prefix_parse(cidr, &row.prefix, err) && say_add_prefix(say, &row, err);
}

static bool take_lines(struct say *say, const char *path, struct bytes text, struct error *err) {
    for (size_t line_number = 1; text.size > 0; line_number++) {
        const uint8_t *newline = memchr(text.data, '\n', text.size);
        size_t size = newline != NULL ? (size_t)(newline - text.data) : text.size;
        if (!take_line(say, bytes_of(text.data, size), err)) {
            return error_context(err, "%s:%zu:1", path, line_number);
        }
        size += newline != NULL;
        text = bytes_of(text.data + size, text.size - size);
    }
    return true;
}

/* Overlaps are found by who will use the table. */
static bool check_table(const struct say *say, const char *path, struct error *err) {
    struct peer_grouping grouping = { 0 };
    bool ok = peer_grouping_init(&grouping, NULL, say->prefixes, say->prefix_count, err);
    peer_grouping_done(&grouping);
    return ok || error_context(err, "%s", path);
}

bool config_take_prefixes(struct config_reader *reader, const struct tree *tree) {
    struct say *say = &reader->config->say;
    struct buffer text;
    char *path = NULL;
    if (!config_take_path(reader, tree, &path)) {
        return false;
    }
    buffer_init(&text, FILE_SIZE_MAX);
    say->has_prefixes = true;
    bool is_read = file_read(path, &text, reader->err);
    bool ok = is_read && take_lines(say, path, buffer_bytes(&text), reader->err) &&
              check_table(say, path, reader->err);
    buffer_done(&text);
    free(path);
    return ok || (!is_read && config_fail_with(reader, tree));
}
