/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration that explains itself: all that may stand in one, as it is unless it is said
 * otherwise. */
#include "base/units.h"
#include "detect/rule.h"
#include "tools/config_file.h"
#include "tools/config_value.h"
#include "tools/yaml_tree.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_MAX_SIZE 512

/* What the rest of a file looks like: lists that begin empty. */
const char config_examples[] =
    "# Other numbers for some nodes: the first row whose roles (and nodes) match counts. Names "
    "may\n"
    "# be patterns of *, ? and [set].\n"
    "overrides:\n"
    "  - name: backup servers\n"
    "    roles: [backup, \"db-*\"]\n"
    "    rules:\n"
    "      exfil: { floor: 500 MB, margin: 3 }\n"
    "      flood_in: off\n"
    "  - nodes: edge-*\n"
    "    rules:\n"
    "      limit_in: { bytes_per_s: 800 Mbit/s, packets_per_s: 100k }\n"
    "\n"
    "# Announced work. Alerts within it are told, name it, and advise nothing. A change says of "
    "which\n"
    "# classes it will look; `every` repeats either. Times without an offset are UTC. Who keeps a\n"
    "# calendar of changes (an empty list is one) may be advised to quarantine outside of it.\n"
    "maintenance:\n"
    "  - { name: weekly updates, from: 2026-01-06T02:00:00Z, until: 2026-01-06T04:00:00Z, every: "
    "7d }\n"
    "changes:\n"
    "  - name: move to another region\n"
    "    from: 2026-03-01T00:00:00Z\n"
    "    until: 2026-03-03T00:00:00Z\n"
    "    roles: [db]\n"
    "    classes: [exfil.volume, exfil.slow]\n"
    "\n"
    "# Who does by trade what looks like an attack: such alerts advise no more than a notice. "
    "With\n"
    "# ports only where every conversation of the evidence has one of them.\n"
    "never_recycle:\n"
    "  - { name: mailers, roles: [mail], ports: [25, 465, 587] }\n"
    "  - { name: vulnerability scanner, nodes: scanner-1, classes: [scan] }\n"
    "\n"
    "# Alerts that are not told until then: those of which every conversation of the evidence "
    "matches\n"
    "# the filter (weir-filter(7)). `allow` says besides that the traffic is legitimate.\n"
    "silences:\n"
    "  - filter: \"out and dst net 203.0.113.0/24 and port 443\"\n"
    "    until: 2026-04-01T00:00:00Z\n"
    "    nodes: [web-1, web-2]\n"
    "    classes: [exfil.volume]\n"
    "    comment: ticket 1234\n"
    "allow:\n"
    "  - { filter: \"peer 198.51.100.7\", until: 2027-01-01T00:00:00Z, comment: our auditor }\n"
    "\n"
    "# What past episodes were: a benign one may become normal, a malicious one never does.\n"
    "acknowledgements:\n"
    "  - { episode: 00112233445566778899aabbccddeeff, verdict: benign }\n";

/* Their texts come last: what names a file that must be there. */
static const char file_examples[] =
    "# A file of silences, allow-lists and acknowledgements, which `weir silence` and `weir ack`\n"
    "# write; it need not be there yet. That of a store is read unasked.\n"
    "# operator_file: operator.yaml\n"
    "\n"
    "# A file with a CIDR and a service's name a line: its addresses are one acquaintance. It "
    "takes\n"
    "# the place of the built-in list of object stores.\n"
    "# service_prefixes: service-prefixes.txt\n";

__attribute__((format(printf, 2, 3))) static void add(struct buffer *out, const char *format, ...) {
    char line[LINE_MAX_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    buffer_put(out, line, (size_t)length);
}

static void add_duration(struct buffer *out, const char *key, int64_t ms, const char *help) {
    char text[UNITS_TEXT_SIZE];
    units_format_duration(ms, text);
    add(out, "  %s: %s  # %s\n", key, text, help);
}

static void add_detector(struct buffer *out, const struct detector_config *detector) {
    char text[UNITS_TEXT_SIZE];
    units_format(detector->memory_bytes_max, "", UNITS_PLAIN, text);
    add(out, "detector:\n  cluster: ");
    yaml_put_text(out, detector->cluster);
    add(out, "  # name in alerts\n");
    add_duration(out, "window", detector->window_ms, "length of a window");
    add_duration(out, "warm_up", detector->warm_up_ms,
                 "a node younger than this is held against the fleet");
    add_duration(out, "quiet", detector->quiet_ms, "an episode closes so long after it last fired");
    add_duration(out, "ongoing", detector->ongoing_ms, "an open episode says so again after this");
    add(out, "  memory: %s  # bytes, for the conversations of open windows\n", text);
    add(out, "  conversations_max: %u  # open ones that are remembered\n",
        (unsigned)detector->conversations_max);
    add(out, "  groups_max: %u  # of external peers, whom the fleet has met\n",
        (unsigned)detector->groups_max);
    add(out, "  nodes_max: %u  # a node beyond it is counted and not watched\n",
        (unsigned)detector->nodes_max);
}

static void add_group(struct buffer *out, const char *name, size_t size, uint32_t rules_off) {
    enum rule rule = rule_find(bytes_of(name, size));
    if (rule != RULE_COUNT) {
        add(out, "  # %s\n", rule_rows[rule].help);
    }
    add(out, "  %.*s:\n", (int)size, name);
    if (rule != RULE_COUNT) {
        add(out, "    enabled: %s\n", (rules_off >> rule & 1) != 0 ? "off" : "on");
    }
}

static void add_rules(struct buffer *out, const struct rule_params *params) {
    const char *group = "";
    size_t group_size = 0;
    add(out, "\n# The numbers of the rules: value, unit, bounds, meaning. Without a unit a number "
             "is in\n"
             "# the one shown; 5 MB, 80 Mbit/s, 10k, 90 s, 2 h or 50 %% may be written instead.\n"
             "rules:\n");
    for (size_t i = 0; i < RULE_PARAM_COUNT; i++) {
        const struct rule_param_row *row = &rule_param_rows[i];
        size_t size = strcspn(row->name, ".");
        char value[CONFIG_VALUE_TEXT_SIZE];
        if (size != group_size || strncmp(group, row->name, size) != 0) {
            group = row->name;
            group_size = size;
            add_group(out, group, size, params->rules_off);
        }
        config_value_format(params->values[i], row->unit, value);
        add(out, "    %s: %s  # %s, %g to %g: %s\n", row->name + size + 1, value, row->unit,
            row->minimum, row->maximum, row->help);
    }
}

static void add_comment(struct buffer *out, const char *text) {
    while (*text != '\0') {
        int size = (int)strcspn(text, "\n");
        bool is_comment = *text == '#' || size == 0;
        add(out, "%s%.*s\n", is_comment ? "" : "# ", size, text);
        text += size + (text[size] == '\n');
    }
}

void config_print(const struct config *config, struct buffer *out) {
    add(out,
        "# Weir's configuration. What a file does not say is as it stands here; an unknown key is\n"
        "# an error. `weir config check FILE` looks a file over.\n");
    add_detector(out, &config->detector);
    add_rules(out, &config->detector.rules);
    add(out, "\n");
    add_comment(out, config_examples);
    add(out, "\n");
    add_comment(out, file_examples);
}
