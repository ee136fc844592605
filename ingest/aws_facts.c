/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: "Flow log records" and "Flow log limitations", Amazon VPC user guide. */
#include "ingest/aws_facts.h"

#include <stdarg.h>
#include <stdio.h>

const struct source_profile aws_profile = {
    .title = "AWS VPC flow logs",
    .interval_option = "--aws-interval",
    .interval_advice = "make the flow log anew with --max-aggregation-interval 60",
    .intervals_ms = { 60000, 600000 },
    .names_advice = "keep the names that S3 gave them (aws s3 sync does)",
    .direction_advice = "log flow-direction, or give --inventory",
    .unseen_advice = "capture packets where that matters",
    .unseen = "traffic to Amazon's DNS resolver (so a tunnel through it is invisible), DHCP, ARP, "
              "instance metadata (169.254.169.254), time sync (169.254.169.123), Windows licence "
              "activation, mirrored traffic, the VPC router's reserved addresses, and what runs "
              "between an endpoint's and a network load balancer's interfaces",
};

#define NEW_LOG "make another flow log, with "

/* Fields that are missed, most important first. A flow log cannot be changed, so the advice is
 * another one. The fact holds when the layout has none of `of` (bits 1 << enum aws_field). */
struct lack {
    uint32_t of;
    bool is_each; /* one of them that is missing is enough */
    struct source_fact fact;
};

#define BIT(field) (1u << (field))
static const struct lack LACKS[] = {
    { .of = BIT(AWS_BYTES),
      .fact = { .id = "no_bytes",
                .weight = SOURCE_PROBLEM,
                .what = "the log has no bytes",
                .why = "volumes are all zero, so no flood and no leak can be seen",
                .advice = NEW_LOG "${bytes}" } },
    { .of = BIT(AWS_INTERFACE) | BIT(AWS_RESOURCE) | BIT(AWS_INSTANCE),
      .fact = { .id = "no_interface_id",
                .weight = SOURCE_WARNING,
                .what = "the log has neither interface-id nor instance-id",
                .why = "a record is its node's by address alone, and two logs of one interface "
                       "count twice",
                .advice = NEW_LOG "${interface-id}, or give --inventory" } },
    { .of = BIT(AWS_DIRECTION),
      .fact = { .id = "no_flow_direction",
                .weight = SOURCE_WARNING,
                .what = "the log has no flow-direction",
                .why = "directions are inferred from addresses, and what cannot be told counts for "
                       "neither",
                .advice = NEW_LOG "${flow-direction}, or give --inventory" } },
    { .of = BIT(AWS_STATUS),
      .fact = { .id = "no_log_status",
                .weight = SOURCE_WARNING,
                .what = "the log has no log-status",
                .why = "lost data (SKIPDATA) cannot be told from silence",
                .advice = NEW_LOG "${log-status}" } },
    { .of = BIT(AWS_TCP_FLAGS),
      .fact = { .id = "no_tcp_flags",
                .weight = SOURCE_NOTE,
                .what = "the log has no tcp-flags",
                .why =
                    "who opened a conversation is not known, and a SYN flood looks like any other",
                .advice = NEW_LOG "${tcp-flags}" } },
    { .of = BIT(AWS_PACKET_SRC) | BIT(AWS_PACKET_DST),
      .is_each = true,
      .fact = { .id = "no_packet_addresses",
                .weight = SOURCE_NOTE,
                .what = "the log has no pkt-srcaddr, pkt-dstaddr",
                .why = "peers are hidden behind NAT gateways, and pods behind their node's address",
                .advice = NEW_LOG "${pkt-srcaddr} ${pkt-dstaddr}" } },
    { .of = BIT(AWS_INSTANCE),
      .fact = { .id = "no_instance_id",
                .weight = SOURCE_NOTE,
                .what = "the log has no instance-id",
                .why = "an alert names an interface, and an inventory has to list each one",
                .advice = NEW_LOG "${instance-id}" } },
    { .of = BIT(AWS_PACKETS),
      .fact = { .id = "no_packets",
                .weight = SOURCE_NOTE,
                .what = "the log has no packets",
                .why = "floods of small packets cannot be told by their number",
                .advice = NEW_LOG "${packets}" } },
    { .of = BIT(AWS_ACTION),
      .fact = { .id = "no_action",
                .weight = SOURCE_NOTE,
                .what = "the log has no action",
                .why = "what was rejected cannot be told from what came through",
                .advice = NEW_LOG "${action}" } },
};
#define LACK_COUNT (sizeof LACKS / sizeof *LACKS)
_Static_assert(LACK_COUNT + 1 <= SOURCE_FACTS_MAX, "all may hold, and one more");

static const struct source_fact TRANSIT_GATEWAY = {
    .id = "transit_gateway",
    .weight = SOURCE_WARNING,
    .what = "a Transit Gateway's flow log",
    .why = "its records count for the gateway's interfaces, not for the nodes behind it",
    .advice = "read the flow logs of the VPCs behind it, too: they have the same traffic by node",
};

static const struct source_fact NO_RECORDS = {
    .id = "no_times_or_addresses",
    .weight = SOURCE_PROBLEM,
    .what = "the log lacks start, end, srcaddr or dstaddr",
    .why = "no record can be made of its lines",
    .advice = NEW_LOG "${start} ${end} ${srcaddr} ${dstaddr}",
};

static const struct source_fact UNKNOWN_FIELDS = {
    .id = "unknown_fields",
    .weight = SOURCE_NOTE,
    .what = "fields that no version up to 11 has",
    .why = "they are skipped, and nothing else is lost",
    .advice = "nothing, unless a name is mistyped",
};

/* Appends to `layout`, which ends in "..." when it is cut. */
__attribute__((format(printf, 2, 3))) static void put(struct source_description *out,
                                                      const char *format, ...) {
    size_t used = strlen(out->layout);
    size_t room = sizeof out->layout - used;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(out->layout + used, room, format, arguments);
    va_end(arguments);
    if (size >= 0 && (size_t)size >= room) {
        memcpy(out->layout + sizeof out->layout - 4, "...", 4);
    }
}

static void add(struct source_description *out, const struct source_fact *fact) {
    out->facts[out->fact_count++] = *fact;
}

static void describe_columns(const struct aws_layout *layout, enum aws_layout_origin origin,
                             struct source_description *out) {
    static const char *const ORIGINS[] = {
        [AWS_LAYOUT_ASSUMED] = "no header line, so the default format",
        [AWS_LAYOUT_GIVEN] = "as --aws-format says",
        [AWS_LAYOUT_HEADER] = "header line",
    };
    if (layout->column_count == 0) {
        put(out, "a header line that cannot be used");
        return;
    }
    put(out, "%u field%s", layout->column_count, layout->column_count == 1 ? "" : "s");
    uint32_t version = aws_layout_version(layout);
    if (layout->is_transit_gateway) {
        put(out, " of version 6");
    } else if (version != 0) {
        put(out, " of version %u", version);
    }
    put(out, " (%s):", ORIGINS[origin]);
    for (uint32_t i = 0; i < layout->column_count; i++) {
        const char *name = aws_layout_name(layout, i);
        put(out, " %s", name != NULL ? name : "?");
    }
}

void aws_facts_describe(const struct aws_layout *layout, enum aws_layout_origin origin,
                        bool is_wrapped, struct source_description *out) {
    *out = (struct source_description){ 0 };
    put(out, "%s", is_wrapped ? "lines inside JSON; " : "");
    describe_columns(layout, origin, out);
    if (layout->column_count == 0) {
        return;
    }
    if (layout->is_transit_gateway) {
        add(out, &TRANSIT_GATEWAY);
    }
    if (!aws_layout_has_records(layout)) {
        add(out, &NO_RECORDS);
    }
    if (layout->is_transit_gateway || !aws_layout_has_records(layout)) {
        return; /* what else it lacks does not matter */
    }
    for (size_t i = 0; i < LACK_COUNT; i++) {
        uint32_t had = layout->has & LACKS[i].of;
        if (had == 0 || (LACKS[i].is_each && had != LACKS[i].of)) {
            add(out, &LACKS[i].fact);
        }
    }
    if (layout->unknown[0] != '\0') {
        add(out, &UNKNOWN_FIELDS);
        struct source_fact *fact = &out->facts[out->fact_count - 1];
        (void)snprintf(fact->detail, sizeof fact->detail, "%s", layout->unknown);
    }
}
