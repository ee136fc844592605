/* SPDX-License-Identifier: Apache-2.0 */
/* One line, word by word: cut into words, count them, read each wanted column by its kind, then
 * decide what the line is. No table, no vector: meant to be read beside the format's description
 * ("Flow log records", Amazon VPC user guide). */
#include "ingest/aws_line.h"

#define TIME_MAX_S (BATCH_TIME_MAX_MS / 1000)
#define STAMP_SIZE_MIN 16u

enum aws_status { STATUS_ABSENT, STATUS_OK, STATUS_NODATA, STATUS_SKIPDATA };

/* What was read beside the record itself. */
struct line_state {
    struct aws_record *record;
    struct address src;
    struct address dst;
    struct address packet_src;
    struct address packet_dst;
    struct bytes gateway_src; /* interfaces */
    struct bytes gateway_dst;
    uint32_t present; /* bits 1 << enum aws_field: columns that had a value */
    enum aws_status status;
};

static bool is_absent(struct bytes word) {
    return word.size == 1 && word.data[0] == '-';
}

static bool is_text(struct bytes word, const char *text) {
    return bytes_equal(word, bytes_text(text));
}

/* False when it is no number, or above `maximum`. */
static bool read_number(struct bytes word, uint64_t maximum, uint64_t *out) {
    if (word.size == 0 || word.size > 19) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < word.size; i++) {
        unsigned digit = (unsigned)word.data[i] - '0';
        if (digit > 9) {
            return false;
        }
        value = 10 * value + digit; /* 19 digits fit 64 bits */
    }
    *out = value;
    return value <= maximum;
}

static bool is_account(struct bytes word) {
    uint64_t number;
    return is_text(word, "unknown") || read_number(word, INT64_MAX, &number);
}

bool aws_is_stamp(struct bytes word) {
    if (word.size < STAMP_SIZE_MIN || word.data[word.size - 1] != 'Z') {
        return false;
    }
    size_t letters = 0;
    for (size_t i = 0; i < word.size - 1; i++) {
        uint8_t octet = word.data[i];
        bool is_digit = octet >= '0' && octet <= '9';
        letters += octet == 'T' && i > 0;
        if (!is_digit && octet != '-' && octet != ':' && octet != '.' && octet != 'T') {
            return false;
        }
    }
    return letters == 1 && word.data[0] >= '0' && word.data[0] <= '9';
}

static bool read_action(struct bytes word, uint8_t *out) {
    *out = is_text(word, "ACCEPT")   ? ACTION_ACCEPT
           : is_text(word, "REJECT") ? ACTION_REJECT
                                     : ACTION_UNKNOWN;
    return *out != ACTION_UNKNOWN;
}

static bool read_direction(struct bytes word, uint8_t *out) {
    *out = is_text(word, "ingress")  ? DIRECTION_IN
           : is_text(word, "egress") ? DIRECTION_OUT
                                     : DIRECTION_UNKNOWN;
    return *out != DIRECTION_UNKNOWN;
}

static bool read_status(struct bytes word, enum aws_status *out) {
    *out = is_text(word, "OK")         ? STATUS_OK
           : is_text(word, "NODATA")   ? STATUS_NODATA
           : is_text(word, "SKIPDATA") ? STATUS_SKIPDATA
                                       : STATUS_ABSENT;
    return *out != STATUS_ABSENT;
}

static bool read_id(struct bytes word, struct bytes *out) {
    *out = word;
    return word.size <= AWS_ID_SIZE_MAX;
}

/* Reads a column that is not "-". */
static bool read_field(struct line_state *state, enum aws_field field, struct bytes word,
                       enum reject_reason *reason) {
    struct aws_record *record = state->record;
    uint64_t number = 0;
    *reason = REJECT_NUMBER;
    bool ok = true;
    switch (field) {
    case AWS_VERSION: return read_number(word, 255, &number);
    case AWS_ACCOUNT: return is_account(word);
    case AWS_PACKETS: return read_number(word, INT64_MAX, &record->packets);
    case AWS_BYTES: return read_number(word, INT64_MAX, &record->bytes);
    case AWS_TCP_FLAGS:
        ok = read_number(word, 255, &number);
        record->tcp_flags = (uint8_t)number;
        return ok;
    case AWS_SRC_PORT:
    case AWS_DST_PORT:
        *reason = REJECT_PORT;
        ok = read_number(word, 65535, &number);
        *(field == AWS_SRC_PORT ? &record->src_port : &record->dst_port) = (uint16_t)number;
        return ok;
    case AWS_PROTOCOL:
        *reason = REJECT_PROTOCOL;
        ok = read_number(word, 255, &number);
        record->protocol = (uint8_t)number;
        return ok;
    case AWS_START:
    case AWS_END:
        *reason = REJECT_TIME;
        ok = read_number(word, TIME_MAX_S, &number);
        *(field == AWS_START ? &record->start_s : &record->end_s) = (int64_t)number;
        return ok;
    case AWS_SRC: *reason = REJECT_ADDRESS; return address_parse(word, &state->src);
    case AWS_DST: *reason = REJECT_ADDRESS; return address_parse(word, &state->dst);
    case AWS_PACKET_SRC: *reason = REJECT_ADDRESS; return address_parse(word, &state->packet_src);
    case AWS_PACKET_DST: *reason = REJECT_ADDRESS; return address_parse(word, &state->packet_dst);
    case AWS_ACTION: *reason = REJECT_WORD; return read_action(word, &record->action);
    case AWS_STATUS: *reason = REJECT_WORD; return read_status(word, &state->status);
    case AWS_DIRECTION: *reason = REJECT_WORD; return read_direction(word, &record->direction);
    case AWS_INTERFACE: *reason = REJECT_WORD; return read_id(word, &record->interface);
    case AWS_INSTANCE: *reason = REJECT_WORD; return read_id(word, &record->instance);
    case AWS_RESOURCE: *reason = REJECT_WORD; return read_id(word, &record->resource);
    case AWS_GATEWAY_SRC_INTERFACE:
        *reason = REJECT_WORD;
        return read_id(word, &state->gateway_src);
    case AWS_GATEWAY_DST_INTERFACE:
        *reason = REJECT_WORD;
        return read_id(word, &state->gateway_dst);
    case AWS_GATEWAY_ATTACHMENT: *reason = REJECT_WORD; return read_id(word, &record->attachment);
    case AWS_SKIPPED:
    case AWS_FIELD_COUNT: break;
    }
    return true;
}

/* The next word of `line`, which is cut behind it; empty at the end. */
static struct bytes next_word(struct bytes *line) {
    size_t begin = 0;
    while (begin < line->size && line->data[begin] <= ' ') {
        begin++;
    }
    size_t end = begin;
    while (end < line->size && line->data[end] > ' ') {
        end++;
    }
    struct bytes word = bytes_of(line->data + begin, end - begin);
    *line = bytes_of(line->data + end, line->size - end);
    return word;
}

/* Cuts `line` into words, AWS_COLUMNS_MAX at most; returns how many it has, or one more than the
 * maximum. */
static uint32_t cut_words(struct bytes line, struct bytes words[AWS_COLUMNS_MAX]) {
    uint32_t count = 0;
    for (struct bytes word = next_word(&line); word.size > 0; word = next_word(&line)) {
        if (count == AWS_COLUMNS_MAX) {
            return AWS_COLUMNS_MAX + 1;
        }
        words[count++] = word;
    }
    return count;
}

static bool has(const struct line_state *state, enum aws_field field) {
    return (state->present >> field & 1) != 0;
}

/* The packet's own addresses where the line has them, else the interface's, and the other way
 * round. False when one is in neither column. */
static bool choose_addresses(const struct line_state *state) {
    struct aws_record *record = state->record;
    bool has_src = has(state, AWS_SRC);
    bool has_dst = has(state, AWS_DST);
    bool has_packet_src = has(state, AWS_PACKET_SRC);
    bool has_packet_dst = has(state, AWS_PACKET_DST);
    record->src = has_packet_src ? state->packet_src : state->src;
    record->dst = has_packet_dst ? state->packet_dst : state->dst;
    record->interface_src = has_src ? state->src : state->packet_src;
    record->interface_dst = has_dst ? state->dst : state->packet_dst;
    return (has_src || has_packet_src) && (has_dst || has_packet_dst);
}

/* Whose a gateway's line is, and which way it goes: the header says the rule. */
static void set_gateway(struct line_state *state) {
    struct aws_record *record = state->record;
    bool is_egress = record->direction == DIRECTION_OUT;
    record->is_gateway = true;
    record->is_direction_inferred = record->direction == DIRECTION_UNKNOWN;
    record->direction = is_egress ? DIRECTION_IN : DIRECTION_OUT;
    record->interface = is_egress ? state->gateway_dst : state->gateway_src;
    record->instance = record->resource = (struct bytes){ 0 };
}

/* What a line is whose columns were all read. */
static enum aws_line_kind judge(const struct aws_layout *layout, const struct line_state *state,
                                enum reject_reason *reason) {
    bool has_times = aws_layout_has(layout, AWS_START) && aws_layout_has(layout, AWS_END);
    bool is_silent = state->status == STATUS_NODATA || state->status == STATUS_SKIPDATA;
    *reason = REJECT_LAYOUT;
    if (!has_times || (!is_silent && !aws_layout_has_records(layout))) {
        return AWS_LINE_MALFORMED;
    }
    *reason = REJECT_TIME;
    if (!has(state, AWS_START) || !has(state, AWS_END) ||
        state->record->end_s < state->record->start_s) {
        return AWS_LINE_MALFORMED;
    }
    if (is_silent) {
        return state->status == STATUS_NODATA ? AWS_LINE_NODATA : AWS_LINE_SKIPDATA;
    }
    *reason = REJECT_ADDRESS;
    return choose_addresses(state) ? AWS_LINE_RECORD : AWS_LINE_MALFORMED;
}

static enum aws_line_kind read_words(const struct aws_layout *layout, const struct bytes *words,
                                     uint32_t count, struct aws_record *out,
                                     enum reject_reason *reason) {
    if (layout->column_count == 0) {
        *reason = REJECT_LAYOUT;
        return AWS_LINE_MALFORMED;
    }
    if (count != layout->column_count) {
        *reason = REJECT_FIELD_COUNT;
        return AWS_LINE_MALFORMED;
    }
    struct line_state state = { .record = out };
    for (uint32_t i = 0; i < layout->wanted_count; i++) {
        struct bytes word = words[layout->wanted[i]];
        enum aws_field field = layout->fields[layout->wanted[i]];
        if (is_absent(word)) {
            continue;
        }
        if (!read_field(&state, field, word, reason)) {
            return AWS_LINE_MALFORMED;
        }
        state.present |= 1u << field;
    }
    out->has_tcp_flags = has(&state, AWS_TCP_FLAGS);
    if (layout->is_transit_gateway) {
        set_gateway(&state);
    }
    return judge(layout, &state, reason);
}

struct bytes aws_line_without_stamp(struct bytes line) {
    struct bytes rest = line;
    return aws_is_stamp(next_word(&rest)) ? rest : line;
}

enum aws_line_kind aws_line_parse(const struct aws_layout *layout, struct bytes line,
                                  struct aws_record *out, enum reject_reason *reason) {
    *out = (struct aws_record){ 0 };
    struct bytes rest = line;
    if (next_word(&rest).size == 0) {
        return AWS_LINE_BLANK;
    }
    line = aws_line_without_stamp(line);
    struct bytes words[AWS_COLUMNS_MAX];
    uint32_t count = cut_words(line, words);
    enum aws_line_kind kind = read_words(layout, words, count, out, reason);
    if (kind == AWS_LINE_MALFORMED && aws_layout_is_header(line)) {
        return AWS_LINE_HEADER;
    }
    return kind;
}
