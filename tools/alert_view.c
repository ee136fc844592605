/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/alert_view.h"

#include "base/time.h"
#include "base/units.h"
#include "flow/batch.h"
#include "flow/filter_parse.h"
#include "tools/printable.h"

#define BOLD "\033[1m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

static uint64_t whole(double value) {
    return value < 0 ? 0 : value > 1e18 ? (uint64_t)1e18 : (uint64_t)value;
}

static void print_name(struct bytes name, FILE *out) {
    struct buffer text;
    buffer_init(&text, 4 * name.size + 1);
    printable_put(&text, name);
    (void)fwrite(text.data, 1, text.size, out); /* console_flush looks */
    buffer_done(&text);
}

static const char *colour_of(const struct alert *alert) {
    return alert->severity >= SEVERITY_HIGH ? RED : YELLOW;
}

static void print_peers(const struct evidence *evidence, FILE *out) {
    char bytes[UNITS_TEXT_SIZE];
    char address[ADDRESS_TEXT_SIZE];
    uint32_t shown = evidence->peer_rows < 2 ? evidence->peer_rows : 2;
    if (shown == 0) {
        return;
    }
    fprintf(out, "    %llu peer%s%s:", (unsigned long long)evidence->peer_count,
            evidence->peer_count == 1 ? "" : "s", evidence->is_cut ? " at least" : "");
    for (uint32_t i = 0; i < shown; i++) {
        address_format(evidence->peers[i].address, address);
        units_format_bytes(evidence->peers[i].sum.bytes, UNITS_SI, bytes);
        fprintf(out, "%s %s %s", i > 0 ? "," : "", address, bytes);
    }
    if (evidence->port_rows > 0) {
        const char *protocol = filter_protocol_name(evidence->ports[0].protocol);
        fprintf(out, "; mostly port %u, ", evidence->ports[0].port);
        if (protocol != NULL) {
            fprintf(out, "%s", protocol);
        } else {
            fprintf(out, "protocol %u", evidence->ports[0].protocol);
        }
    }
    fputc('\n', out);
}

static void print_whose(const struct alert *alert, FILE *out) {
    if (alert->node_count > 0) {
        fprintf(out, "%u nodes", (unsigned)alert->node_count);
    } else {
        print_name(alert->node, out);
    }
}

#define NODES_SHOWN 5u

static void print_nodes(const struct alert *alert, FILE *out) {
    uint32_t shown = alert->node_rows < NODES_SHOWN ? alert->node_rows : NODES_SHOWN;
    if (shown == 0) {
        return;
    }
    fputs("    nodes:", out);
    for (uint32_t i = 0; i < shown; i++) {
        fputs(i > 0 ? ", " : " ", out);
        print_name(alert->nodes[i], out);
    }
    if (alert->node_count > shown) {
        fprintf(out, " and %u more", (unsigned)(alert->node_count - shown));
    }
    fputc('\n', out);
}

static void print_value(double value, bool is_bytes, FILE *out) {
    char text[UNITS_TEXT_SIZE];
    if (is_bytes) {
        units_format_bytes(whole(value), UNITS_SI, text);
        fputs(text, out);
    } else {
        fprintf(out, "%.*f", value < 10 && value > (double)whole(value) ? 1 : 0, value);
    }
}

/* "37 MB/min sent, expected 449 kB (83x)"; of what has a limit, that. */
static void print_measure(const struct alert *alert, FILE *out) {
    const struct feature_row *row = &feature_rows[alert->feature];
    bool is_bytes = strncmp(row->unit, "bytes", 5) == 0;
    bool is_rate = strstr(row->unit, "/min") != NULL;
    print_value(alert->observed, is_bytes, out);
    fprintf(out, "%s %s", is_rate ? "/min" : "", row->words);
    if (alert->expected > 0) {
        fputs(", expected ", out);
        print_value(alert->expected, is_bytes, out);
        fprintf(out, " (%.0fx)", alert->observed / alert->expected);
    } else if (alert->threshold > 0) {
        fputs(", limit ", out);
        print_value(alert->threshold, is_bytes, out);
    }
}

void alert_view_print(const struct alert *alert, bool has_colour, FILE *out) {
    char time[TIME_TEXT_SIZE];
    time_format(alert->window_start_ms, NULL, time);
    fprintf(out, "%s  %-7s  %s%-8s%s  %-12s  ", time, alert_state_name(alert->state),
            has_colour ? colour_of(alert) : "", alert_severity_name(alert->severity),
            has_colour ? PLAIN : "", alert->class_);
    fputs(has_colour ? BOLD : "", out);
    print_whose(alert, out);
    fputs(has_colour ? PLAIN : "", out);
    fputs("  ", out);
    print_measure(alert, out);
    if (alert->announced.size > 0) {
        fputs(", announced: ", out);
        print_name(alert->announced, out);
    }
    fputc('\n', out);
    if (alert->state == ALERT_OPEN) {
        print_nodes(alert, out);
        print_peers(&alert->evidence, out);
    }
}
