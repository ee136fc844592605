/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gen/gen_options.h"

#include "tests/gen/gen_fleet.h"

static const struct option_row random_rows[] = {
    { .name = "lines",
      .letter = 'n',
      .kind = OPTION_INTEGER,
      .offset = offsetof(struct gen_random_values, lines),
      .argument = "N",
      .help = "How many lines behind the header (default 1000000)",
      .minimum = 1 },
    { .name = "seed",
      .letter = 's',
      .kind = OPTION_INTEGER,
      .offset = offsetof(struct gen_random_values, seed),
      .argument = "S",
      .help = "Another seed, other lines (default 1)" },
};

const struct option_table gen_random_table = {
    .program = "weir-gen random",
    .summary = "write AWS flow-log lines with nearly independent fields",
    .usage = "[OPTION...] > FILE",
    .description =
        "The hardest input for a parser and a codec: 400 interfaces, 2,000 lines a second "
        "of event time, the 14 default fields, plain text.",
    .examples = "  weir-gen random --lines 10000000 > random.log\n",
    .rows = random_rows,
    .count = sizeof random_rows / sizeof random_rows[0],
};

static const struct option_row random_packets_rows[] = {
    { .name = "packets",
      .letter = 'n',
      .kind = OPTION_INTEGER,
      .offset = offsetof(struct gen_random_packets_values, packets),
      .argument = "N",
      .help = "How many packets (default 1000000)",
      .minimum = 1 },
    { .name = "flows",
      .letter = 'f',
      .kind = OPTION_INTEGER,
      .offset = offsetof(struct gen_random_packets_values, flows),
      .argument = "F",
      .help = "Of how many flows (default 500000)",
      .minimum = 1,
      .maximum = UINT32_MAX },
    { .name = "seed",
      .letter = 's',
      .kind = OPTION_INTEGER,
      .offset = offsetof(struct gen_random_packets_values, seed),
      .argument = "S",
      .help = "Another seed, other packets (default 1)" },
};

const struct option_table gen_random_packets_table = {
    .program = "weir-gen random-packets",
    .summary = "write a capture whose packets belong to many flows in no order",
    .usage = "[OPTION...] > FILE",
    .description = "The hardest input for a flow table: a packet every 3 microseconds, IPv4 and "
                   "IPv6, TCP and UDP, some tagged, 96 octets of each. Nothing is kept between "
                   "packets, so any number of flows needs the same memory.",
    .examples = "  weir-gen random-packets --packets 10000000 --flows 500000 > random.pcap\n",
    .rows = random_packets_rows,
    .count = sizeof random_packets_rows / sizeof random_packets_rows[0],
};

#define AT(field) .offset = offsetof(struct gen_fleet_values, field)

/* What both commands that make a fleet take. */
#define NODES_ROW                                                                                  \
    {                                                                                              \
        .name = "nodes", .kind = OPTION_INTEGER, AT(nodes), .argument = "N",                       \
        .help = "How many nodes (default 14)", .minimum = 1, .maximum = GEN_NODES_MAX              \
    }
#define START_ROW                                                                                  \
    {                                                                                              \
        .name = "start", .kind = OPTION_TEXT, AT(start), .argument = "TIME",                       \
        .help = "First minute, a date or 2026-03-02T00:00Z (default 2026-03-02)"                   \
    }
#define SEED_ROW                                                                                   \
    {                                                                                              \
        .name = "seed", .letter = 's', .kind = OPTION_INTEGER, AT(seed), .argument = "S",          \
        .help = "Another seed, another fleet (default 1)"                                          \
    }
#define ACCOUNTS_ROW                                                                               \
    {                                                                                              \
        .name = "accounts", .kind = OPTION_INTEGER, AT(accounts), .argument = "A",                 \
        .help = "AWS accounts that the nodes lie in (default 2)", .minimum = 1,                    \
        .maximum = GEN_ACCOUNTS_MAX                                                                \
    }
#define ATTACKS_ROW                                                                                \
    {                                                                                              \
        .name = "attacks", .letter = 'a', .kind = OPTION_TEXT, AT(attacks), .argument = "PLAN",    \
        .help = "none, demo, all, kinds parted by ',', @FILE, or entries parted by ';' "           \
                "(default none)"                                                                   \
    }
#define BACKUPS_ROW                                                                                \
    {                                                                                              \
        .name = "backups", .kind = OPTION_TEXT, AT(backups), .argument = "NODE",                   \
        .help = "Back this node up every night, or none (default db-1 when there is one)"          \
    }

static const struct option_row fleet_rows[] = {
    NODES_ROW,
    { .name = "days",
      .kind = OPTION_INTEGER,
      AT(days),
      .argument = "D",
      .help = "How many days (default 3)",
      .minimum = 1,
      .maximum = 3650 },
    { .name = "weeks",
      .kind = OPTION_INTEGER,
      AT(weeks),
      .argument = "W",
      .help = "Instead of --days",
      .minimum = 1,
      .maximum = 520 },
    { .name = "duration",
      .kind = OPTION_DURATION,
      AT(duration_ms),
      .argument = "T",
      .help = "Instead of --days, such as 90m; whole minutes" },
    START_ROW,
    SEED_ROW,
    ACCOUNTS_ROW,
    { .name = "out",
      .letter = 'o',
      .kind = OPTION_TEXT,
      AT(out),
      .argument = "DIR",
      .help = "Write DIR/AWSLogs/..., DIR/truth.json and DIR/inventory.csv" },
    { .name = "stdout",
      .kind = OPTION_FLAG,
      AT(is_stdout),
      .help = "Write plain lines to standard output instead of objects, in the order of "
              "their reports" },
    { .name = "plan-only",
      .kind = OPTION_FLAG,
      AT(is_plan_only),
      .help = "Write what --out DIR has beside the objects, and no line: an inventory for whoever "
              "reads the stream, a truth without totals" },
    { .name = "gzip",
      .letter = 'z',
      .kind = OPTION_FLAG,
      AT(is_gzip),
      .help = "Compress the objects, as S3 holds them" },
    { .name = "lines-per-object",
      .kind = OPTION_INTEGER,
      AT(lines_per_object),
      .argument = "N",
      .help = "Begin another object of the same stamp after N lines (default 600000)",
      .minimum = 1,
      .maximum = UINT32_MAX },
    { .name = "fields",
      .letter = 'f',
      .kind = OPTION_TEXT,
      AT(fields),
      .argument = "FIELDS",
      .help = "v2, v3, v4, v5, or names in any order (default v2)" },
    ATTACKS_ROW,
    { .name = "attacks-per-kind",
      .kind = OPTION_INTEGER,
      AT(attacks_per_kind),
      .argument = "N",
      .help = "Of --attacks all or kinds: how many of each (default: by --attack-rate)",
      .minimum = 1,
      .maximum = 10000 },
    { .name = "attack-rate",
      .kind = OPTION_INTEGER,
      AT(attack_rate),
      .argument = "N",
      .help = "Of --attacks all or kinds: how many a node-week (default 1)",
      .minimum = 1,
      .maximum = 14 },
    { .name = "attack-after",
      .kind = OPTION_DURATION,
      AT(quiet_ms),
      .argument = "T",
      .help = "No drawn attack earlier than this (default a third of the time, 7d at most)" },
    { .name = "with",
      .kind = OPTION_TEXT,
      AT(with),
      .argument = "PARTS",
      .help = "Parts of benign life beside ordinary traffic: all, none, or names parted by ',' "
              "(default none)" },
    { .name = "without",
      .kind = OPTION_TEXT,
      AT(without),
      .argument = "PARTS",
      .help = "All parts but these" },
    { .name = "churn",
      .kind = OPTION_INTEGER,
      AT(churn),
      .argument = "N",
      .help = "New external peers of a node in a day, ten times as many of one node in ten "
              "(default 3)",
      .maximum = 1000 },
    BACKUPS_ROW,
    { .name = "lateness",
      .kind = OPTION_DURATION,
      AT(lateness_ms),
      .argument = "T",
      .help = "The most by which delivery is late, up to 1h (default 10m)" },
    { .name = "late-permille",
      .kind = OPTION_INTEGER,
      AT(late_permille),
      .argument = "N",
      .help = "How many reports of a thousand are late (default 10)",
      .maximum = 1000 },
};

const struct option_table gen_fleet_table = {
    .program = "weir-gen fleet",
    .summary = "write the AWS flow logs of a fleet of nodes",
    .usage = "[OPTION...] --out DIR | --stdout [--out DIR]",
    .description =
        "Roles, a day curve, heavy tails, replies, rejects, pods, IPv6, delivery every five "
        "minutes "
        "with some reports late, NODATA and SKIPDATA lines. The same options give the same lines "
        "on every machine.\n\n"
        "An entry of a plan is KIND NODE START DURATION [FOLD]: START counts from the first "
        "minute, "
        "FOLD is a multiple of the node's usual traffic, or conversations a minute. Attacks are "
        "exfil (100 times the usual), exfil_10x, exfil_3x, exfil_known, exfil_known_10x, "
        "exfil_known_3x, exfil_drip, exfil_bursts, exfil_backup_hour, exfil_young, exfil_ramp, "
        "dns_fast, dns_slow, spam, scan_fast, scan_slow, scan_vertical, scan_lateral, brute_ssh, "
        "brute_rdp, flood_out, dos, syn_flood, amplification, request_flood, carpet, beacon and "
        "mining.\n\n"
        "The parts of benign life are roles, scaling, churn, backups, weekly, deploys, crowds, "
        "retries, dns_storms, newsletters, failovers, downloads, moves, gaps and late; truth.json "
        "names "
        "what they did, changes.csv what operators would have announced.",
    .examples =
        "  weir-gen fleet --gzip --attacks demo --out logs\n"
        "  weir-gen fleet --nodes 200 --days 1 --stdout | weir replay -\n"
        "  weir-gen fleet --nodes 140 --weeks 5 --with all --attacks all -o fleet --stdout | weir "
        "replay -\n"
        "  weir-gen fleet --attacks 'exfil api-1 2d9h 45m 100; dos web-2 2d15h 20m' -o logs\n",
    .rows = fleet_rows,
    .count = sizeof fleet_rows / sizeof fleet_rows[0],
};

static const struct option_row packets_rows[] = {
    NODES_ROW,
    { .name = "duration",
      .kind = OPTION_DURATION,
      AT(duration_ms),
      .argument = "T",
      .help = "How long, in whole minutes (default 5m)" },
    START_ROW,
    SEED_ROW,
    ACCOUNTS_ROW,
    { .name = "out",
      .letter = 'o',
      .kind = OPTION_TEXT,
      AT(out),
      .argument = "DIR",
      .help = "Write DIR/fleet.pcap, DIR/truth.json and DIR/inventory.csv" },
    { .name = "stdout",
      .kind = OPTION_FLAG,
      AT(is_stdout),
      .help = "Write the capture to standard output instead" },
    ATTACKS_ROW,
    BACKUPS_ROW,
};

const struct option_table gen_packets_table = {
    .program = "weir-gen packets",
    .summary = "write what a mirror of a fleet's network captures, as pcap",
    .usage = "[OPTION...] --out DIR | --stdout [--out DIR]",
    .description =
        "The fleet of `weir-gen fleet` under the same options, packet by packet: handshakes and "
        "farewells, segments and acknowledgements, headers only, each packet once. For each node "
        "and direction, bytes and packets are those of the flow logs. In truth.json, `lines` are "
        "packets.",
    .examples =
        "  weir-gen packets --nodes 50 --duration 10m --start 2026-03-02T10:00Z -o capture\n"
        "  weir-gen packets --attacks 'dos web-2 2m 2m' --stdout | tshark -r -\n",
    .rows = packets_rows,
    .count = sizeof packets_rows / sizeof packets_rows[0],
};
