/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_UNIT_CAPTURE_ORACLE_H
#define WEIR_TESTS_UNIT_CAPTURE_ORACLE_H

/* Captures of other projects, and what TShark counts in them (oracle.tsv). The files are not part
 * of this tree: they are looked for in data/pcap below WEIR_SHARED, else below ../shared, and the
 * tests are skipped, aloud, where they are not there. Included behind cmocka.h. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPTURE_COUNT 138

struct want {
    char name[160];
    uint64_t packets, frame_bytes;
    uint64_t outer_tcp, outer_udp; /* directly behind the first IP header and its extensions */
    uint64_t fragments;            /* frames, at any depth */
    uint64_t conv_tcp, conv_udp;
    char first[32], last[32];
    char status[256];
};

static char folder[1024];

static FILE *oracle_open(void) {
    const char *shared = getenv("WEIR_SHARED");
    (void)snprintf(folder, sizeof folder, "%s/data/pcap", shared == NULL ? "../shared" : shared);
    char path[1100];
    (void)snprintf(path, sizeof path, "%s/oracle.tsv", folder);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        print_message("SKIPPED: %s is not there\n", path);
        skip();
    }
    char header[4096];
    assert_non_null(fgets(header, sizeof header, file));
    return file;
}

/* The next row; the columns stand in the order of oracle.tsv's header. */
static bool oracle_next(FILE *file, struct want *want) {
    char line[4096];
    if (fgets(line, sizeof line, file) == NULL) {
        return false;
    }
    line[strcspn(line, "\n")] = '\0';
    char *rest = line;
    char *field;
    for (int column = 0; (field = strsep(&rest, "\t")) != NULL; column++) {
        switch (column) {
        case 0: (void)snprintf(want->name, sizeof want->name, "%s", field); break;
        case 1: want->packets = strtoull(field, NULL, 10); break;
        case 2: want->frame_bytes = strtoull(field, NULL, 10); break;
        case 13: want->outer_tcp = strtoull(field, NULL, 10); break;
        case 14: want->outer_udp = strtoull(field, NULL, 10); break;
        case 15: want->fragments = strtoull(field, NULL, 10); break;
        case 17: (void)snprintf(want->first, sizeof want->first, "%s", field); break;
        case 18: (void)snprintf(want->last, sizeof want->last, "%s", field); break;
        case 23: want->conv_tcp = strtoull(field, NULL, 10); break;
        case 24: want->conv_udp = strtoull(field, NULL, 10); break;
        case 29: (void)snprintf(want->status, sizeof want->status, "%s", field); break;
        default: break;
        }
    }
    return true;
}

#endif
