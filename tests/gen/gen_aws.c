/* SPDX-License-Identifier: Apache-2.0 */
/* Source for names, versions and meanings: the VPC user guide, "Flow log records". What a line says
 * of addresses follows its traps: srcaddr of outgoing and dstaddr of incoming traffic are the
 * interface's primary address, whichever pod sent or got it; pkt-srcaddr and pkt-dstaddr are the
 * packet's own. */
#include "tests/gen/gen_aws.h"

#include "tests/gen/gen_pool.h"
#include "tests/gen/gen_text.h"

#include <stdio.h>

enum field {
    VERSION,
    ACCOUNT_ID,
    INTERFACE_ID,
    SRCADDR,
    DSTADDR,
    SRCPORT,
    DSTPORT,
    PROTOCOL,
    PACKETS,
    BYTES,
    START,
    END,
    ACTION,
    LOG_STATUS,
    VPC_ID,
    SUBNET_ID,
    INSTANCE_ID,
    TCP_FLAGS,
    TYPE,
    PKT_SRCADDR,
    PKT_DSTADDR,
    REGION,
    AZ_ID,
    PKT_SRC_SERVICE,
    PKT_DST_SERVICE,
    FLOW_DIRECTION,
    TRAFFIC_PATH,
    NOTHING,
};

struct field_row {
    const char *name;
    uint8_t version;
    uint8_t field;
};

static const struct field_row field_rows[] = {
    { "version", 2, VERSION },
    { "account-id", 2, ACCOUNT_ID },
    { "interface-id", 2, INTERFACE_ID },
    { "srcaddr", 2, SRCADDR },
    { "dstaddr", 2, DSTADDR },
    { "srcport", 2, SRCPORT },
    { "dstport", 2, DSTPORT },
    { "protocol", 2, PROTOCOL },
    { "packets", 2, PACKETS },
    { "bytes", 2, BYTES },
    { "start", 2, START },
    { "end", 2, END },
    { "action", 2, ACTION },
    { "log-status", 2, LOG_STATUS },
    { "vpc-id", 3, VPC_ID },
    { "subnet-id", 3, SUBNET_ID },
    { "instance-id", 3, INSTANCE_ID },
    { "tcp-flags", 3, TCP_FLAGS },
    { "type", 3, TYPE },
    { "pkt-srcaddr", 3, PKT_SRCADDR },
    { "pkt-dstaddr", 3, PKT_DSTADDR },
    { "region", 4, REGION },
    { "az-id", 4, AZ_ID },
    { "sublocation-type", 4, NOTHING },
    { "sublocation-id", 4, NOTHING },
    { "pkt-src-aws-service", 5, PKT_SRC_SERVICE },
    { "pkt-dst-aws-service", 5, PKT_DST_SERVICE },
    { "flow-direction", 5, FLOW_DIRECTION },
    { "traffic-path", 5, TRAFFIC_PATH },
    { "ecs-cluster-arn", 7, NOTHING },
    { "ecs-cluster-name", 7, NOTHING },
    { "ecs-container-instance-arn", 7, NOTHING },
    { "ecs-container-instance-id", 7, NOTHING },
    { "ecs-container-id", 7, NOTHING },
    { "ecs-second-container-id", 7, NOTHING },
    { "ecs-service-name", 7, NOTHING },
    { "ecs-task-definition-arn", 7, NOTHING },
    { "ecs-task-arn", 7, NOTHING },
    { "ecs-task-id", 7, NOTHING },
    { "reject-reason", 8, NOTHING },
    { "resource-id", 9, NOTHING },
    { "encryption-status", 10, NOTHING },
    { "instance-tag", 11, NOTHING },
    { "instance-tag-2", 11, NOTHING },
    { "interface-tag", 11, NOTHING },
    { "interface-tag-2", 11, NOTHING },
    { "asg-tag", 11, NOTHING },
    { "asg-tag-2", 11, NOTHING },
    { "interface-type", 11, NOTHING },
    { "next-hop-interface-id", 11, NOTHING },
    { "next-hop-subnet-id", 11, NOTHING },
    { "next-hop-az-id", 11, NOTHING },
    { "next-hop-vpc-id", 11, NOTHING },
    { "next-hop-interface-type", 11, NOTHING },
};

#define FIELD_ROWS (sizeof field_rows / sizeof field_rows[0])

static bool append_field(struct gen_aws_layout *layout, size_t row, struct error *err) {
    if (layout->count == GEN_AWS_FIELDS_MAX) {
        return error_set(err, ERROR_LIMIT, "more than %u fields", GEN_AWS_FIELDS_MAX);
    }
    layout->fields[layout->count++] = (uint8_t)row;
    if (field_rows[row].version > layout->version) {
        layout->version = field_rows[row].version;
    }
    return true;
}

static bool append_named(struct gen_aws_layout *layout, const char *name, size_t size,
                         struct error *err) {
    for (size_t i = 0; i < FIELD_ROWS; i++) {
        if (strlen(field_rows[i].name) == size && memcmp(field_rows[i].name, name, size) == 0) {
            return append_field(layout, i, err);
        }
    }
    return error_set(err, ERROR_ARGUMENT, "no AWS field is called \"%.*s\"", (int)size, name);
}

bool gen_aws_layout_init(struct gen_aws_layout *layout, const char *fields, struct error *err) {
    *layout = (struct gen_aws_layout){ 0 };
    if (fields[0] == 'v' && fields[1] >= '2' && fields[1] <= '5' && fields[2] == '\0') {
        for (size_t i = 0; i < FIELD_ROWS && field_rows[i].version <= fields[1] - '0'; i++) {
            if (!append_field(layout, i, err)) {
                return false;
            }
        }
        return true;
    }
    while (*fields != '\0') {
        size_t size = strcspn(fields, " ");
        if (size > 0 && !append_named(layout, fields, size, err)) {
            return false;
        }
        fields += size;
        fields += strspn(fields, " ");
    }
    return layout->count > 0 || error_set(err, ERROR_ARGUMENT, "a layout needs a field");
}

char *gen_aws_header(char *at, const struct gen_aws_layout *layout) {
    for (uint32_t i = 0; i < layout->count; i++) {
        at = gen_put_char(gen_put_text(at, field_rows[layout->fields[i]].name), ' ');
    }
    at[-1] = '\n';
    return at;
}

static char *put_address(char *at, struct address address) {
    return address_is_ipv4(address) ? gen_put_ipv4(at, address_ipv4(address))
                                    : at + address_format(address, at);
}

/* The interface's primary address of the record's family. */
static char *put_own(char *at, const struct gen_node *node, const struct gen_record *record) {
    return gen_put_text(at, address_is_ipv4(record->peer) ? node->ipv4_text : node->ipv6_text);
}

static char *put_packet_own(char *at, const struct gen_node *node,
                            const struct gen_record *record) {
    return record->pod == 0 ? put_own(at, node, record)
                            : put_address(at, gen_fleet_pod(record->node, record->pod - 1u));
}

/* Fields that belong to the interface, whatever it recorded. False when `field` is not one. */
static bool put_interface_field(char **at, const struct gen_aws_layout *layout,
                                const struct gen_fleet *fleet, const struct gen_node *node,
                                enum field field) {
    const struct gen_account *account = &fleet->accounts[node->account];
    switch (field) {
    case VERSION: *at = gen_put_number(*at, layout->version); return true;
    case ACCOUNT_ID: *at = gen_put_bytes(*at, account->id, 12); return true;
    case INTERFACE_ID: *at = gen_put_bytes(*at, node->interface_id, 21); return true;
    case VPC_ID: *at = gen_put_text(*at, account->vpc_id); return true;
    case SUBNET_ID: *at = gen_put_text(*at, node->subnet_id); return true;
    case INSTANCE_ID: *at = gen_put_text(*at, node->instance_id); return true;
    case REGION: *at = gen_put_text(*at, GEN_REGION); return true;
    case AZ_ID: *at = gen_put_text(*at, GEN_ZONE); return true;
    default: return false;
    }
}

/* The service that the peer's prefix belongs to; our own addresses are nobody's service. */
static char *put_service(char *at, const struct gen_record *record, bool is_peer) {
    bool is_service = is_peer && gen_pool_contains(GEN_OBJECT_STORE, record->peer);
    return gen_put_text(at, is_service ? "S3" : "-");
}

/* traffic-path: 8 through an internet gateway (Nitro), 1 within the VPC; "-" for ingress. */
static char *put_traffic_path(char *at, const struct gen_record *record) {
    if (!record->is_egress) {
        return gen_put_char(at, '-');
    }
    bool is_internet = address_classify(record->peer) == ADDRESS_INTERNET;
    return gen_put_char(at, is_internet ? '8' : '1');
}

static char *put_record_field(char *at, const struct gen_node *node,
                              const struct gen_record *record, enum field field) {
    bool is_egress = record->is_egress;
    switch (field) {
    case SRCADDR: return is_egress ? put_own(at, node, record) : put_address(at, record->peer);
    case DSTADDR: return is_egress ? put_address(at, record->peer) : put_own(at, node, record);
    case SRCPORT: return gen_put_number(at, is_egress ? record->own_port : record->peer_port);
    case DSTPORT: return gen_put_number(at, is_egress ? record->peer_port : record->own_port);
    case PROTOCOL: return gen_put_number(at, record->protocol);
    case PACKETS: return gen_put_number(at, record->packets);
    case BYTES: return gen_put_number(at, record->bytes);
    case START: return gen_put_number(at, record->start_s);
    case END: return gen_put_number(at, record->end_s);
    case ACTION: return gen_put_bytes(at, record->is_rejected ? "REJECT" : "ACCEPT", 6);
    case LOG_STATUS: return gen_put_bytes(at, "OK", 2);
    case TCP_FLAGS:
        return record->protocol == 6 ? gen_put_number(at, record->tcp_flags)
                                     : gen_put_char(at, '-');
    case TYPE: return gen_put_text(at, address_is_ipv4(record->peer) ? "IPv4" : "IPv6");
    case PKT_SRCADDR:
        return is_egress ? put_packet_own(at, node, record) : put_address(at, record->peer);
    case PKT_DSTADDR:
        return is_egress ? put_address(at, record->peer) : put_packet_own(at, node, record);
    case PKT_SRC_SERVICE: return put_service(at, record, !is_egress);
    case PKT_DST_SERVICE: return put_service(at, record, is_egress);
    case FLOW_DIRECTION: return gen_put_text(at, is_egress ? "egress" : "ingress");
    case TRAFFIC_PATH: return put_traffic_path(at, record);
    default: return gen_put_char(at, '-');
    }
}

char *gen_aws_record(char *at, const struct gen_aws_layout *layout, const struct gen_fleet *fleet,
                     const struct gen_record *record) {
    const struct gen_node *node = &fleet->nodes[record->node];
    for (uint32_t i = 0; i < layout->count; i++) {
        enum field field = (enum field)field_rows[layout->fields[i]].field;
        if (!put_interface_field(&at, layout, fleet, node, field)) {
            at = put_record_field(at, node, record, field);
        }
        at = gen_put_char(at, ' ');
    }
    at[-1] = '\n';
    return at;
}

char *gen_aws_status(char *at, const struct gen_aws_layout *layout, const struct gen_fleet *fleet,
                     uint32_t node_index, enum gen_aws_status status, uint64_t start_s,
                     uint64_t end_s) {
    const struct gen_node *node = &fleet->nodes[node_index];
    for (uint32_t i = 0; i < layout->count; i++) {
        enum field field = (enum field)field_rows[layout->fields[i]].field;
        if (field == START || field == END) {
            at = gen_put_number(at, field == START ? start_s : end_s);
        } else if (field == LOG_STATUS) {
            at = gen_put_text(at, status == GEN_AWS_NODATA ? "NODATA" : "SKIPDATA");
        } else if (!put_interface_field(&at, layout, fleet, node, field)) {
            at = gen_put_char(at, '-');
        }
        at = gen_put_char(at, ' ');
    }
    at[-1] = '\n';
    return at;
}
