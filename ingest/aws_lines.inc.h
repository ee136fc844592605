/* SPDX-License-Identifier: Apache-2.0 */
/* Records under any layout, for the width that the including file is compiled for: the ends of a
 * line's words come from masks of 64 octets, then each wanted column is read by its kind, numbers 8
 * digits at a time and IPv4 by one shuffle (aws_ipv4.h). Columns that are not wanted cost their
 * mask only. Declined, as they are rare: runs of separators (but CRLF), NODATA and SKIPDATA, values
 * that are wrong, ids that the table of points does not hold yet.
 *
 * The including file defines what is aws_lines.h's to declare: masks, IPv4, keys. */

#define LINE_SIZE_MAX 4096u

/* Offsets of the separators behind a line's words. A block of 64 octets may add 64 to a full list.
 */
struct cuts {
    uint32_t ends[AWS_COLUMNS_MAX + 80];
    uint32_t count;
    uint32_t size; /* of the line, its LF included */
};

/* Appends the positions of the bits of `mask`, eight at a time: what is written beyond the count is
 * overwritten by the next block. */
INLINE void append_ends(struct cuts *cuts, uint64_t mask, uint32_t offset) {
    uint32_t added = (uint32_t)__builtin_popcountll(mask);
    uint32_t *out = cuts->ends + cuts->count;
    for (uint32_t done = 0; done < added; done += 8) {
        for (uint32_t i = 0; i < 8; i++) {
            out[done + i] = offset + lowest_bit(mask);
            mask &= mask - 1;
        }
    }
    cuts->count += added;
}

/* Cuts the line at `at`. False where it has another shape than one separator behind each word, or
 * does not end before `end`. */
INLINE bool cut_line(const uint8_t *at, const uint8_t *end, struct cuts *cuts) {
    uint64_t carry = 1; /* a separator in front of the line would be a run */
    cuts->count = 0;
    for (uint32_t offset = 0; offset < LINE_SIZE_MAX && at + offset < end; offset += 64) {
        struct line_masks masks = line_masks(at + offset);
        uint64_t mask = masks.separators;
        uint64_t feeds = masks.feeds;
        if (feeds != 0) {
            uint32_t last = lowest_bit(feeds);
            mask &= UINT64_MAX >> (63 - last);
            cuts->size = offset + last + 1;
            if (cuts->size > 1 && at[cuts->size - 2] == '\r') {
                mask ^= UINT64_C(1) << last; /* the CR ends the last word */
            }
        }
        if ((mask & (mask << 1 | carry)) != 0 || cuts->count > AWS_COLUMNS_MAX) {
            return false;
        }
        append_ends(cuts, mask, offset);
        if (feeds != 0) {
            return cuts->size <= (size_t)(end - at);
        }
        carry = mask >> 63;
    }
    return false;
}

/* Eight octets that are digits, less '0', the first one the most significant. */
INLINE uint64_t digits_value(uint64_t digits) {
    digits = (digits * 10 + (digits >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
    digits = (digits * 100 + (digits >> 16)) & UINT64_C(0x0000ffff0000ffff);
    return (digits * 10000 + (digits >> 32)) & UINT64_C(0xffffffff);
}

INLINE bool are_digits(uint64_t digits) {
    return ((digits | (digits + UINT64_C(0x7676767676767676))) & UINT64_C(0x8080808080808080)) == 0;
}

/* A number of 1 to 16 digits. */
INLINE bool read_number(struct word word, uint64_t *out) {
    const uint64_t zeros = UINT64_C(0x3030303030303030);
    if (word.size - 1 > 15) {
        return false;
    }
    uint32_t front = word.size > 8 ? word.size - 8 : word.size;
    uint64_t high = (load64(word.at) ^ zeros) << (64 - 8 * front);
    uint64_t value = digits_value(high);
    bool ok = are_digits(high);
    if (word.size > 8) {
        uint64_t low = load64(word.at + front) ^ zeros;
        value = value * 100000000 + digits_value(low);
        ok &= are_digits(low);
    }
    *out = value;
    return ok;
}

INLINE bool read_address(struct word word, struct address *out) {
    uint32_t ipv4;
    if (read_ipv4(word, &ipv4)) {
        *out = address_from_ipv4(ipv4);
        return true;
    }
    return address_parse(bytes_of(word.at, word.size), out);
}

INLINE bool is_word(struct word word, const char *text, uint32_t size) {
    return word.size == size && memcmp(word.at, text, size) == 0;
}

/* The point of ids of at most 32 octets that is known; an instance only where it is the newest. */
INLINE uint32_t find_point(const struct aws_points *points, struct word interface,
                           struct word instance) {
    if (interface.size - 1 > 31 || instance.size > 32) {
        return AWS_POINT_NONE;
    }
    struct aws_key key;
    struct key_text text = padded(interface);
    key_text_store(&key, text);
    uint64_t hash = aws_key_hash(key.words[0], key.words[1], key.words[2], key.words[3]);
    uint32_t at = (uint32_t)(hash >> (64 - points->bits));
    uint32_t mask = (1u << points->bits) - 1;
    while (points->slots[at] != 0 && !is_key(&points->keys[points->slots[at] - 1], text)) {
        at = (at + 1) & mask;
    }
    if (points->slots[at] == 0) {
        return AWS_POINT_NONE;
    }
    uint32_t base = points->slots[at] - 1u;
    if (instance.size == 0) {
        return base;
    }
    uint32_t child = points->rows[base].child;
    bool is_same =
        child != AWS_POINT_NONE && is_key(&points->instance_keys[child], padded(instance));
    return is_same ? child : AWS_POINT_NONE;
}

/* What a line's columns gave. */
struct columns {
    struct aws_record record;
    struct address addresses[4]; /* src, dst, packet src, packet dst */
    uint32_t has;                /* bits 1 << field of the columns that are not "-" */
    struct word interface;
    struct word instance;
};

/* Nothing read yet. Texts and addresses are left as they are: `has` says which are there. (Zeroing
 * the whole struct is a `rep stos` of 240 octets, 7 % of a line.) */
INLINE void reset_columns(struct columns *columns) {
    struct aws_record *record = &columns->record;
    columns->has = 0;
    columns->interface.size = columns->instance.size = 0;
    record->bytes = record->packets = 0;
    record->start_s = record->end_s = 0;
    record->src_port = record->dst_port = 0;
    record->protocol = record->tcp_flags = 0;
    record->action = ACTION_UNKNOWN;
    record->direction = DIRECTION_UNKNOWN;
    record->is_direction_inferred = false; /* no line that is taken here is a gateway's */
}

INLINE bool read_small(struct word word, uint64_t maximum, uint64_t *out) {
    return read_number(word, out) && *out <= maximum;
}

/* Reads a column that is not "-"; false declines the line. */
INLINE bool read_field(struct columns *columns, enum aws_field field, struct word word) {
    struct aws_record *record = &columns->record;
    uint64_t number = 0;
    bool ok = true;
    switch (field) {
    case AWS_VERSION: return read_small(word, 255, &number);
    case AWS_ACCOUNT: return read_number(word, &number);
    case AWS_INTERFACE: columns->interface = word; return true;
    case AWS_INSTANCE: columns->instance = word; return true;
    case AWS_RESOURCE: return word.size <= AWS_ID_SIZE_MAX;
    case AWS_SRC: return read_address(word, &columns->addresses[0]);
    case AWS_DST: return read_address(word, &columns->addresses[1]);
    case AWS_PACKET_SRC: return read_address(word, &columns->addresses[2]);
    case AWS_PACKET_DST: return read_address(word, &columns->addresses[3]);
    case AWS_PACKETS: return read_number(word, &record->packets);
    case AWS_BYTES: return read_number(word, &record->bytes);
    case AWS_START:
    case AWS_END:
        ok = read_small(word, BATCH_TIME_MAX_MS / 1000, &number);
        *(field == AWS_START ? &record->start_s : &record->end_s) = (int64_t)number;
        return ok;
    case AWS_SRC_PORT:
    case AWS_DST_PORT:
        ok = read_small(word, 65535, &number);
        *(field == AWS_SRC_PORT ? &record->src_port : &record->dst_port) = (uint16_t)number;
        return ok;
    case AWS_PROTOCOL:
        ok = read_small(word, 255, &number);
        record->protocol = (uint8_t)number;
        return ok;
    case AWS_TCP_FLAGS:
        ok = read_small(word, 255, &number);
        record->tcp_flags = (uint8_t)number;
        return ok;
    case AWS_ACTION:
        record->action = is_word(word, "ACCEPT", 6) ? ACTION_ACCEPT : ACTION_REJECT;
        return record->action == ACTION_ACCEPT || is_word(word, "REJECT", 6);
    case AWS_DIRECTION:
        record->direction = is_word(word, "ingress", 7) ? DIRECTION_IN : DIRECTION_OUT;
        return record->direction == DIRECTION_IN || is_word(word, "egress", 6);
    case AWS_STATUS: return is_word(word, "OK", 2);
    case AWS_GATEWAY_SRC_INTERFACE: /* of lines that are not read here */
    case AWS_GATEWAY_DST_INTERFACE:
    case AWS_GATEWAY_ATTACHMENT:
    case AWS_SKIPPED:
    case AWS_FIELD_COUNT: break;
    }
    return true;
}

INLINE bool has(const struct columns *columns, enum aws_field field) {
    return (columns->has >> field & 1) != 0;
}

INLINE bool read_columns(const struct aws_layout *layout, const uint8_t *at,
                         const struct cuts *cuts, uint32_t first, struct columns *columns) {
    for (uint32_t i = 0; i < layout->wanted_count; i++) {
        uint32_t column = layout->wanted[i] + first;
        uint32_t begin = column == 0 ? 0 : cuts->ends[column - 1] + 1;
        struct word word = { at + begin, cuts->ends[column] - begin };
        enum aws_field field = layout->fields[layout->wanted[i]];
        if (word.size == 1 && word.at[0] == '-') {
            continue;
        }
        columns->has |= 1u << field;
        if (!read_field(columns, field, word)) {
            return false;
        }
    }
    return true;
}

/* As the plain parser does: the packet's addresses where there are any, and the other way round. */
INLINE bool choose_addresses(struct columns *columns) {
    struct aws_record *record = &columns->record;
    bool has_src = has(columns, AWS_SRC);
    bool has_dst = has(columns, AWS_DST);
    bool has_packet_src = has(columns, AWS_PACKET_SRC);
    bool has_packet_dst = has(columns, AWS_PACKET_DST);
    record->src = columns->addresses[has_packet_src ? 2 : 0];
    record->dst = columns->addresses[has_packet_dst ? 3 : 1];
    record->interface_src = columns->addresses[has_src ? 0 : 2];
    record->interface_dst = columns->addresses[has_dst ? 1 : 3];
    return (has_src || has_packet_src) && (has_dst || has_packet_dst);
}

/* Takes one line; returns where it ends, or NULL. */
static const uint8_t *take_line(struct aws_rows *rows, const uint8_t *at, const uint8_t *end) {
    const struct aws_layout *layout = &rows->layout;
    struct cuts cuts;
    if (!cut_line(at, end, &cuts)) {
        return NULL;
    }
    uint32_t first = 0;
    // NOLINTNEXTLINE(clang-analyzer-core.*): a line that was cut has words
    if (at[cuts.ends[0] - 1] == 'Z' && aws_is_stamp(bytes_of(at, cuts.ends[0]))) {
        first = 1;
    }
    if (cuts.count != layout->column_count + first) {
        return NULL;
    }
    struct columns columns;
    reset_columns(&columns);
    if (!read_columns(layout, at, &cuts, first, &columns) || !choose_addresses(&columns) ||
        !has(&columns, AWS_START) || !has(&columns, AWS_END) ||
        columns.record.end_s < columns.record.start_s) {
        return NULL;
    }
    uint32_t point = find_point(&rows->points, columns.interface, columns.instance);
    if (point == AWS_POINT_NONE) {
        return NULL;
    }
    columns.record.has_tcp_flags = has(&columns, AWS_TCP_FLAGS);
    aws_rows_put(rows, &columns.record, point);
    return at + cuts.size;
}

/* As aws_burst. */
INLINE const uint8_t *take_lines(struct aws_rows *rows, const uint8_t *at, const uint8_t *end,
                                 size_t lines_max) {
    for (size_t lines = 0; lines < lines_max && at < end && rows->count < rows->limit; lines++) {
        const uint8_t *next = take_line(rows, at, end);
        if (next == NULL) {
            break;
        }
        at = next;
    }
    return at;
}
