/* SPDX-License-Identifier: Apache-2.0 */
/* The normal form. What is printed parses to the same tree: lists were sorted and joined by the
 * parser, numbers are plain, names are quoted whenever a bare word could be read as something else.
 */
#include "flow/filter_print.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "flow/filter_lexer.h"

static void put(struct buffer *out, const char *text) {
    buffer_put(out, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void put_format(struct buffer *out, const char *format,
                                                             ...) {
    char text[96]; /* numbers and keywords only */
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(out, text);
}

static void put_quoted(struct buffer *out, struct bytes name) {
    put(out, "\"");
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '"' || name.data[i] == '\\') {
            put(out, "\\");
        }
        buffer_u8(out, name.data[i]);
    }
    put(out, "\"");
}

static void put_name(struct buffer *out, struct bytes name) {
    if (filter_name_needs_quotes(name)) {
        put_quoted(out, name);
    } else {
        buffer_put(out, name.data, name.size);
    }
}

static void put_address(struct buffer *out, struct address address) {
    char text[ADDRESS_TEXT_SIZE];
    (void)address_format(address, text);
    put(out, text);
}

static void put_addresses(struct buffer *out, struct address_range range) {
    struct prefix prefix;
    put_address(out, range.first);
    if (!address_range_prefix(range, &prefix)) {
        put(out, "-");
        put_address(out, range.last);
    } else if (prefix.length < 128) {
        int length = address_is_ipv4(range.first) ? prefix.length - 96 : prefix.length;
        put_format(out, "/%d", length);
    }
}

static void put_numbers(struct buffer *out, enum filter_kind kind, struct number_range range) {
    const char *name = NULL;
    if (kind == FILTER_PROTOCOL && range.first == range.last) {
        name = filter_protocol_name(range.first);
    } else if (kind == FILTER_QUALITY) {
        name = filter_quality_name((uint16_t)(1u << range.first));
    }
    if (name != NULL) {
        put(out, name);
    } else if (range.first == range.last) {
        put_format(out, "%u", range.first);
    } else {
        put_format(out, "%u-%u", range.first, range.last);
    }
}

static void put_file(struct buffer *out, struct bytes path) {
    bool is_plain = true;
    for (size_t i = 0; is_plain && i < path.size; i++) {
        is_plain = filter_is_word_byte(path.data[i]);
    }
    put(out, "@");
    if (is_plain) {
        buffer_put(out, path.data, path.size);
    } else {
        put_quoted(out, path);
    }
}

/* Value `i` of all kinds in a row. */
static void put_value(struct buffer *out, enum filter_kind kind, const struct filter_values *values,
                      uint32_t i) {
    if (i < values->name_count) {
        if (kind == FILTER_COMMUNITY) {
            buffer_put(out, values->names[i].data, values->names[i].size);
        } else {
            put_name(out, values->names[i]);
        }
        return;
    }
    i -= values->name_count;
    if (i < values->address_count) {
        put_addresses(out, values->addresses[i]);
        return;
    }
    i -= values->address_count;
    if (i < values->number_count) {
        put_numbers(out, kind, values->numbers[i]);
        return;
    }
    put_file(out, values->files[i - values->number_count]);
}

static void put_values(struct buffer *out, const struct filter_node *node) {
    const struct filter_values *values = node->values;
    uint32_t written = values->name_count + values->address_count + values->number_count;
    uint32_t count = written + values->file_count;
    if (count == 1) {
        put(out, written == 0 ? "in " : "");
        put_value(out, node->kind, values, 0);
        return;
    }
    put(out, "in {");
    for (uint32_t i = 0; i < count; i++) {
        put(out, i == 0 ? "" : ", ");
        put_value(out, node->kind, values, i);
    }
    put(out, "}");
}

static const char *const sides[] = {
    [FILTER_EITHER] = "host", [FILTER_SRC] = "src",    [FILTER_DST] = "dst",
    [FILTER_PEER] = "peer",   [FILTER_LOCAL] = "node",
};
static const char *const classes[] = {
    [ADDRESS_INTERNET] = "internet",
    [ADDRESS_PRIVATE] = "private",
    [ADDRESS_LOCAL] = "local",
};
static const char *const actions[] = {
    [ACTION_UNKNOWN] = "unknown",
    [ACTION_ACCEPT] = "accept",
    [ACTION_REJECT] = "reject",
};
static const char *const measures[] = {
    [FILTER_BYTES] = "bytes", [FILTER_PACKETS] = "packets", [FILTER_DURATION] = "duration",
    [FILTER_BPS] = "bps",     [FILTER_PPS] = "pps",         [FILTER_BPP] = "bpp",
};
static const char *const orders[] = {
    [FILTER_LESS] = "<",           [FILTER_LESS_EQUAL] = "<=", [FILTER_GREATER] = ">",
    [FILTER_GREATER_EQUAL] = ">=", [FILTER_EQUAL] = "=",       [FILTER_NOT_EQUAL] = "!=",
};

static void put_flags(struct buffer *out, uint16_t bits) {
    for (unsigned i = 0; i < 8; i++) {
        if (bits >> i & 1) {
            buffer_u8(out, (uint8_t)FILTER_FLAG_LETTERS[i]);
        }
    }
}

static void print_compare(struct buffer *out, const struct filter_node *node) {
    put_format(out, "%s %s ", measures[node->measure], orders[node->order]);
    bool is_duration = node->measure == FILTER_DURATION;
    bool is_seconds = is_duration && node->number % 1000 == 0;
    put_format(out, "%" PRIu64 "%s", is_seconds ? node->number / 1000 : node->number,
               is_seconds    ? "s"
               : is_duration ? "ms"
                             : "");
}

static void print_named(struct buffer *out, const char *keyword, const struct filter_node *node) {
    put(out, keyword);
    if (node->is_glob) {
        put(out, "~ ");
        put_name(out, node->glob);
    } else {
        put_values(out, node);
    }
}

static void print_term(struct buffer *out, const struct filter_node *node) {
    switch (node->kind) {
    case FILTER_ALL:
    case FILTER_AND:
    case FILTER_OR:
    case FILTER_NOT: return;
    case FILTER_ADDRESS: print_named(out, "", node); return;
    case FILTER_CLASS: put(out, classes[node->address_class]); return;
    case FILTER_PORT: print_named(out, "port ", node); return;
    case FILTER_PROTOCOL: print_named(out, "proto ", node); return;
    case FILTER_FLAGS:
        put(out, "flags ");
        put_flags(out, node->set);
        put(out, "/");
        put_flags(out, node->bits);
        return;
    case FILTER_ACTION: put_format(out, "action %s", actions[node->bits]); return;
    case FILTER_DIRECTION: put(out, node->bits == DIRECTION_IN ? "in" : "out"); return;
    case FILTER_COMPARE: print_compare(out, node); return;
    case FILTER_NODE: print_named(out, "node ", node); return;
    case FILTER_FLOW_LOG: print_named(out, "flow_log ", node); return;
    case FILTER_QUALITY: print_named(out, "quality ", node); return;
    case FILTER_COMMUNITY: print_named(out, "community-id ", node); return;
    }
}

static void print_side(struct buffer *out, const struct filter_node *node) {
    bool is_sided = node->kind == FILTER_ADDRESS || node->kind == FILTER_CLASS ||
                    (node->kind == FILTER_PORT && node->side != FILTER_EITHER);
    if (is_sided) {
        put_format(out, "%s ", sides[node->side]);
    }
}

/* `is_inner`: within another operator, so that a group needs parentheses. */
static void print_node(struct buffer *out, const struct filter_node *node, bool is_inner) {
    if (node->kind == FILTER_NOT) {
        put(out, "not ");
        print_node(out, node->first, true);
        return;
    }
    if (node->kind != FILTER_AND && node->kind != FILTER_OR) {
        print_side(out, node);
        print_term(out, node);
        return;
    }
    put(out, is_inner ? "(" : "");
    for (const struct filter_node *child = node->first; child != NULL; child = child->next) {
        if (child != node->first) {
            put(out, node->kind == FILTER_AND ? " and " : " or ");
        }
        print_node(out, child, true);
    }
    put(out, is_inner ? ")" : "");
}

void filter_print_tree(const struct filter_node *root, struct buffer *out) {
    print_node(out, root, false);
}
