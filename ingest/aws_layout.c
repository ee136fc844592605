/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the fields of versions 2 to 11 ("Flow log records", Amazon VPC user guide) and of the
 * Transit Gateway's version 6 ("Transit Gateway Flow Logs", Amazon VPC Transit Gateways guide), and
 * layouts made from them. A gateway's log is told by the tgw- that most of its names begin with. */
#include "ingest/aws_layout.h"

#include <assert.h>

#define NAME(text) (text), sizeof(text) - 1
static const struct {
    const char *name;
    size_t size;
    enum aws_field field;
} FIELDS[] = {
    /* version 2, in the order of the default format */
    { NAME("version"), AWS_VERSION },
    { NAME("account-id"), AWS_ACCOUNT },
    { NAME("interface-id"), AWS_INTERFACE },
    { NAME("srcaddr"), AWS_SRC },
    { NAME("dstaddr"), AWS_DST },
    { NAME("srcport"), AWS_SRC_PORT },
    { NAME("dstport"), AWS_DST_PORT },
    { NAME("protocol"), AWS_PROTOCOL },
    { NAME("packets"), AWS_PACKETS },
    { NAME("bytes"), AWS_BYTES },
    { NAME("start"), AWS_START },
    { NAME("end"), AWS_END },
    { NAME("action"), AWS_ACTION },
    { NAME("log-status"), AWS_STATUS },
    /* version 3 */
    { NAME("vpc-id"), AWS_SKIPPED },
    { NAME("subnet-id"), AWS_SKIPPED },
    { NAME("instance-id"), AWS_INSTANCE },
    { NAME("tcp-flags"), AWS_TCP_FLAGS },
    { NAME("type"), AWS_SKIPPED },
    { NAME("pkt-srcaddr"), AWS_PACKET_SRC },
    { NAME("pkt-dstaddr"), AWS_PACKET_DST },
    /* version 4 */
    { NAME("region"), AWS_SKIPPED },
    { NAME("az-id"), AWS_SKIPPED },
    { NAME("sublocation-type"), AWS_SKIPPED },
    { NAME("sublocation-id"), AWS_SKIPPED },
    /* version 5 */
    { NAME("pkt-src-aws-service"), AWS_SKIPPED },
    { NAME("pkt-dst-aws-service"), AWS_SKIPPED },
    { NAME("flow-direction"), AWS_DIRECTION },
    { NAME("traffic-path"), AWS_SKIPPED },
    /* version 7 */
    { NAME("ecs-cluster-arn"), AWS_SKIPPED },
    { NAME("ecs-cluster-name"), AWS_SKIPPED },
    { NAME("ecs-container-instance-arn"), AWS_SKIPPED },
    { NAME("ecs-container-instance-id"), AWS_SKIPPED },
    { NAME("ecs-container-id"), AWS_SKIPPED },
    { NAME("ecs-second-container-id"), AWS_SKIPPED },
    { NAME("ecs-service-name"), AWS_SKIPPED },
    { NAME("ecs-task-definition-arn"), AWS_SKIPPED },
    { NAME("ecs-task-arn"), AWS_SKIPPED },
    { NAME("ecs-task-id"), AWS_SKIPPED },
    /* versions 8, 9, 10 */
    { NAME("reject-reason"), AWS_SKIPPED },
    { NAME("resource-id"), AWS_RESOURCE },
    { NAME("encryption-status"), AWS_SKIPPED },
    /* version 11 */
    { NAME("instance-tag"), AWS_SKIPPED },
    { NAME("instance-tag-2"), AWS_SKIPPED },
    { NAME("interface-tag"), AWS_SKIPPED },
    { NAME("interface-tag-2"), AWS_SKIPPED },
    { NAME("asg-tag"), AWS_SKIPPED },
    { NAME("asg-tag-2"), AWS_SKIPPED },
    { NAME("interface-type"), AWS_SKIPPED },
    { NAME("next-hop-interface-id"), AWS_SKIPPED },
    { NAME("next-hop-subnet-id"), AWS_SKIPPED },
    { NAME("next-hop-az-id"), AWS_SKIPPED },
    { NAME("next-hop-vpc-id"), AWS_SKIPPED },
    { NAME("next-hop-interface-type"), AWS_SKIPPED },
    /* version 6 */
    { NAME("resource-type"), AWS_SKIPPED },
    { NAME("tgw-id"), AWS_SKIPPED },
    { NAME("tgw-attachment-id"), AWS_GATEWAY_ATTACHMENT },
    { NAME("tgw-src-vpc-account-id"), AWS_SKIPPED },
    { NAME("tgw-dst-vpc-account-id"), AWS_SKIPPED },
    { NAME("tgw-src-vpc-id"), AWS_SKIPPED },
    { NAME("tgw-dst-vpc-id"), AWS_SKIPPED },
    { NAME("tgw-src-subnet-id"), AWS_SKIPPED },
    { NAME("tgw-dst-subnet-id"), AWS_SKIPPED },
    { NAME("tgw-src-eni"), AWS_GATEWAY_SRC_INTERFACE },
    { NAME("tgw-dst-eni"), AWS_GATEWAY_DST_INTERFACE },
    { NAME("tgw-src-az-id"), AWS_SKIPPED },
    { NAME("tgw-dst-az-id"), AWS_SKIPPED },
    { NAME("tgw-pair-attachment-id"), AWS_SKIPPED },
    { NAME("packets-lost-no-route"), AWS_SKIPPED },
    { NAME("packets-lost-blackhole"), AWS_SKIPPED },
    { NAME("packets-lost-mtu-exceeded"), AWS_SKIPPED },
    { NAME("packets-lost-ttl-expired"), AWS_SKIPPED },
};
#define FIELDS_COUNT (sizeof FIELDS / sizeof FIELDS[0])
#define DEFAULT_COUNT 14u
/* Those in front are an interface's. */
#define INTERFACE_FIELDS_COUNT 54u
/* The longest name has 26 characters. */
#define NAME_SIZE_MAX 32u

enum name_kind { NAME_UNKNOWN, NAME_KNOWN, NAME_TRANSIT_GATEWAY };

static bool is_between_names(uint8_t octet) {
    return octet <= ' ' || octet == ',';
}

/* The next word of `text`, which is cut behind it; empty at the end. */
static struct bytes next_word(struct bytes *text) {
    size_t begin = 0;
    while (begin < text->size && is_between_names(text->data[begin])) {
        begin++;
    }
    size_t end = begin;
    while (end < text->size && !is_between_names(text->data[end])) {
        end++;
    }
    struct bytes word = bytes_of(text->data + begin, end - begin);
    *text = bytes_of(text->data + end, text->size - end);
    return word;
}

/* `${name}` is name. */
static struct bytes without_braces(struct bytes word) {
    if (word.size > 3 && word.data[0] == '$' && word.data[1] == '{' &&
        word.data[word.size - 1] == '}') {
        return bytes_of(word.data + 2, word.size - 3);
    }
    return word;
}

static enum name_kind find_name(struct bytes word, size_t *index) {
    word = without_braces(word);
    /* Names begin with a letter; most values do not, which is what keeps a file of nothing but
     * malformed lines cheap. */
    if (word.size == 0 || word.size > NAME_SIZE_MAX || word.data[0] < 'a' || word.data[0] > 'z') {
        return NAME_UNKNOWN;
    }
    uint8_t name[NAME_SIZE_MAX];
    for (size_t i = 0; i < word.size; i++) {
        name[i] = word.data[i] == '_' ? '-' : word.data[i];
    }
    for (size_t i = 0; i < FIELDS_COUNT; i++) {
        if (FIELDS[i].size == word.size && memcmp(FIELDS[i].name, name, word.size) == 0) {
            *index = i;
            return NAME_KNOWN;
        }
    }
    bool is_gateway = word.size > 4 && memcmp(name, "tgw-", 4) == 0;
    return is_gateway ? NAME_TRANSIT_GATEWAY : NAME_UNKNOWN;
}

/* What does not fit is left out; whoever has that many unknown names sees the point. */
static void add_unknown(struct aws_layout *layout, struct bytes word) {
    size_t used = strlen(layout->unknown);
    size_t need = word.size + (used > 0 ? 2 : 0);
    if (need >= sizeof layout->unknown - used) {
        return;
    }
    char *at = layout->unknown + used;
    if (used > 0) {
        *at++ = ',';
        *at++ = ' ';
    }
    for (size_t i = 0; i < word.size; i++) {
        bool is_printable = word.data[i] > ' ' && word.data[i] < 127;
        *at++ = (char)(is_printable ? word.data[i] : '?');
    }
    *at = '\0';
}

static void finish(struct aws_layout *layout) {
    layout->is_default = layout->column_count == DEFAULT_COUNT;
    for (uint32_t i = 0; i < layout->column_count; i++) {
        uint8_t field = layout->fields[i];
        layout->is_default = layout->is_default && field == FIELDS[i].field;
        if (field != AWS_SKIPPED) {
            layout->wanted[layout->wanted_count++] = (uint8_t)i;
            layout->has |= 1u << field;
        }
    }
}

bool aws_layout_equal(const struct aws_layout *a, const struct aws_layout *b) {
    return a->column_count == b->column_count && a->is_transit_gateway == b->is_transit_gateway &&
           memcmp(a->fields, b->fields, a->column_count) == 0;
}

const char *aws_layout_name(const struct aws_layout *layout, uint32_t column) {
    uint8_t name = layout->names[column];
    return name == 0 ? NULL : FIELDS[name - 1].name;
}

uint32_t aws_layout_version(const struct aws_layout *layout) {
    static const struct {
        uint8_t fields; /* how many there are up to it */
        uint8_t version;
    } VERSIONS[] = {
        { 14, 2 }, { 21, 3 }, { 25, 4 },  { 29, 5 },           { 39, 7 },
        { 40, 8 }, { 41, 9 }, { 42, 10 }, { FIELDS_COUNT, 11 }
    }; /* the last: and those of version 6 */
    uint8_t last = 0;
    for (uint32_t i = 0; i < layout->column_count; i++) {
        last = layout->names[i] > last ? layout->names[i] : last;
    }
    size_t i = 0;
    while (last > VERSIONS[i].fields) {
        i++;
    }
    return last == 0 ? 0 : VERSIONS[i].version;
}

bool aws_layout_has_records(const struct aws_layout *layout) {
    bool has_src = aws_layout_has(layout, AWS_SRC) || aws_layout_has(layout, AWS_PACKET_SRC);
    bool has_dst = aws_layout_has(layout, AWS_DST) || aws_layout_has(layout, AWS_PACKET_DST);
    return has_src && has_dst && aws_layout_has(layout, AWS_START) &&
           aws_layout_has(layout, AWS_END);
}

void aws_layout_default(struct aws_layout *layout) {
    *layout = (struct aws_layout){ .column_count = DEFAULT_COUNT };
    for (uint32_t i = 0; i < DEFAULT_COUNT; i++) {
        layout->fields[i] = (uint8_t)FIELDS[i].field;
        layout->names[i] = (uint8_t)(i + 1);
    }
    finish(layout);
}

void aws_layout_gateway(struct aws_layout *layout) {
    static const char NAMES[] =
        "version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id "
        "tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id "
        "tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id srcaddr "
        "dstaddr "
        "srcport dstport protocol packets bytes start end log-status type packets-lost-no-route "
        "packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags "
        "region "
        "flow-direction pkt-src-aws-service pkt-dst-aws-service";
    bool ok = aws_layout_parse(layout, bytes_text(NAMES), NULL);
    assert(ok); /* names of the table above, each once */
}

bool aws_layout_parse(struct aws_layout *layout, struct bytes text, struct error *err) {
    *layout = (struct aws_layout){ 0 };
    bool seen[FIELDS_COUNT] = { false };
    uint32_t count = 0;
    struct bytes rest = text;
    if (bytes_equal(next_word(&rest), bytes_text(AWS_LAYOUT_GATEWAY_WORD)) &&
        next_word(&rest).size == 0) {
        aws_layout_gateway(layout);
        return true;
    }
    for (struct bytes word = next_word(&text); word.size > 0; word = next_word(&text)) {
        if (count == AWS_COLUMNS_MAX) {
            return error_set(err, ERROR_ARGUMENT, "more than %u fields", AWS_COLUMNS_MAX);
        }
        size_t index = 0;
        enum name_kind kind = find_name(word, &index);
        if (kind == NAME_KNOWN) {
            if (seen[index]) {
                return error_set(err, ERROR_ARGUMENT, "field %s stands twice", FIELDS[index].name);
            }
            seen[index] = true;
            layout->is_transit_gateway |= index >= INTERFACE_FIELDS_COUNT;
            layout->fields[count] = (uint8_t)FIELDS[index].field;
            layout->names[count] = (uint8_t)(index + 1);
        } else if (kind == NAME_TRANSIT_GATEWAY) {
            layout->is_transit_gateway = true;
        } else {
            add_unknown(layout, word);
        }
        count++;
    }
    if (count == 0) {
        return error_set(err, ERROR_ARGUMENT, "no field names");
    }
    layout->column_count = count;
    finish(layout);
    return true;
}

bool aws_layout_is_header(struct bytes line) {
    size_t names = 0;
    size_t words = 0;
    for (struct bytes word = next_word(&line); word.size > 0; word = next_word(&line)) {
        size_t index;
        names += find_name(word, &index) != NAME_UNKNOWN;
        words++;
        if (words > AWS_COLUMNS_MAX) {
            return false;
        }
    }
    return 2 * names > words;
}
