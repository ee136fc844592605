/* SPDX-License-Identifier: Apache-2.0 */
/* How long, and how much memory, does it take to read the inventory of a large cluster, against
 * only skipping its JSON, and against only reading its file? Data: 5,000 nodes and 150,000 pods as
 * kubectl prints them, indented, without managed fields; made here, some 3 KB a pod, below TMPDIR.
 *
 * usage: inventory_bench [NODES [PODS]] */
#include "base/json_read.h"
#include "ingest/input.h"
#include "ingest/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RUNS 3

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static long memory_mib(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

static void put_conditions(FILE *file, const char *const *types, int count) {
    fprintf(file, "                \"conditions\": [\n");
    for (int i = 0; i < count; i++) {
        fprintf(file,
                "                    {\n"
                "                        \"lastHeartbeatTime\": \"2026-02-25T06:10:42Z\",\n"
                "                        \"lastTransitionTime\": \"2026-02-20T10:01:07Z\",\n"
                "                        \"message\": \"the state of it is as it should be\",\n"
                "                        \"reason\": \"AsItShouldBe\",\n"
                "                        \"status\": \"True\",\n"
                "                        \"type\": \"%s\"\n"
                "                    }%s\n",
                types[i], i + 1 < count ? "," : "");
    }
    fprintf(file, "                ],\n");
}

static void put_images(FILE *file) {
    fprintf(file, "                \"images\": [\n");
    for (int i = 0; i < 50; i++) {
        fprintf(file,
                "                    {\n"
                "                        \"names\": [\n"
                "                            \"registry.example.org/team/image-%d@sha256:"
                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"\n"
                "                        ],\n"
                "                        \"sizeBytes\": %d\n"
                "                    }%s\n",
                i, 1000000 + i, i < 49 ? "," : "");
    }
    fprintf(file, "                ],\n");
}

static void put_node(FILE *file, unsigned id) {
    static const char *const TYPES[] = { "MemoryPressure", "DiskPressure", "PIDPressure", "Ready" };
    fprintf(file,
            "        {\n"
            "            \"apiVersion\": \"v1\",\n"
            "            \"kind\": \"Node\",\n"
            "            \"metadata\": {\n"
            "                \"annotations\": {\n"
            "                    \"csi.volume.kubernetes.io/nodeid\": "
            "\"{\\\"ebs.csi.aws.com\\\":\\\"i-%017x\\\"}\",\n"
            "                    \"node.alpha.kubernetes.io/ttl\": \"0\"\n"
            "                },\n"
            "                \"creationTimestamp\": \"2026-02-20T10:00:00Z\",\n"
            "                \"labels\": {\n"
            "                    \"eks.amazonaws.com/nodegroup\": \"group-%u\",\n"
            "                    \"kubernetes.io/arch\": \"amd64\",\n"
            "                    \"node.kubernetes.io/instance-type\": \"m6i.2xlarge\"\n"
            "                },\n"
            "                \"name\": \"ip-10-%u-%u-%u.ec2.internal\",\n"
            "                \"uid\": \"%08x-1111-2222-3333-444444444444\"\n"
            "            },\n"
            "            \"spec\": {\n"
            "                \"providerID\": \"aws:///us-east-1a/i-%017x\"\n"
            "            },\n"
            "            \"status\": {\n"
            "                \"addresses\": [\n"
            "                    {\n"
            "                        \"address\": \"10.%u.%u.%u\",\n"
            "                        \"type\": \"InternalIP\"\n"
            "                    }\n"
            "                ],\n",
            id, id % 20, id >> 16, id >> 8 & 255, id & 255, id, id, id >> 16, id >> 8 & 255,
            id & 255);
    put_conditions(file, TYPES, 4);
    put_images(file);
    fprintf(file, "                \"nodeInfo\": {\n"
                  "                    \"kubeletVersion\": \"v1.33.1\"\n"
                  "                }\n"
                  "            }\n"
                  "        }");
}

static void put_container(FILE *file) {
    for (int i = 0; i < 12; i++) {
        fprintf(file,
                "                            {\n"
                "                                \"name\": \"SETTING_NUMBER_%d\",\n"
                "                                \"value\": \"a value of some length\"\n"
                "                            }%s\n",
                i, i < 11 ? "," : "");
    }
}

static void put_pod(FILE *file, unsigned id, unsigned node_count) {
    static const char *const TYPES[] = { "Initialized", "Ready", "ContainersReady",
                                         "PodScheduled" };
    unsigned node = id % node_count;
    unsigned app = id % 3000;
    fprintf(file,
            "        {\n"
            "            \"apiVersion\": \"v1\",\n"
            "            \"kind\": \"Pod\",\n"
            "            \"metadata\": {\n"
            "                \"creationTimestamp\": \"2026-02-20T10:00:59Z\",\n"
            "                \"labels\": {\n"
            "                    \"app\": \"service-%u\",\n"
            "                    \"pod-template-hash\": \"6d4b75cb6d\"\n"
            "                },\n"
            "                \"name\": \"service-%u-6d4b75cb6d-%05x\",\n"
            "                \"namespace\": \"team-%u\",\n"
            "                \"ownerReferences\": [\n"
            "                    {\n"
            "                        \"apiVersion\": \"apps/v1\",\n"
            "                        \"controller\": true,\n"
            "                        \"kind\": \"ReplicaSet\",\n"
            "                        \"name\": \"service-%u-6d4b75cb6d\"\n"
            "                    }\n"
            "                ],\n"
            "                \"uid\": \"%08x-5555-6666-7777-888888888888\"\n"
            "            },\n"
            "            \"spec\": {\n"
            "                \"containers\": [\n"
            "                    {\n"
            "                        \"env\": [\n",
            app, app, id, app % 100, app, id);
    put_container(file);
    fprintf(file,
            "                        ]\n"
            "                    }\n"
            "                ],\n"
            "                \"nodeName\": \"ip-10-%u-%u-%u.ec2.internal\"\n"
            "            },\n"
            "            \"status\": {\n",
            node >> 16, node >> 8 & 255, node & 255);
    put_conditions(file, TYPES, 4);
    fprintf(file,
            "                \"hostIP\": \"10.%u.%u.%u\",\n"
            "                \"phase\": \"Running\",\n"
            "                \"podIP\": \"100.%u.%u.%u\",\n"
            "                \"podIPs\": [\n"
            "                    {\n"
            "                        \"ip\": \"100.%u.%u.%u\"\n"
            "                    }\n"
            "                ],\n"
            "                \"startTime\": \"2026-02-20T10:01:00Z\"\n"
            "            }\n"
            "        }",
            node >> 16, node >> 8 & 255, node & 255, 64 + (id >> 16), id >> 8 & 255, id & 255,
            64 + (id >> 16), id >> 8 & 255, id & 255);
}

static void make_document(const char *path, unsigned nodes, unsigned pods) {
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        abort();
    }
    fprintf(file, "{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n");
    for (unsigned i = 0; i < nodes; i++) {
        put_node(file, i);
        fprintf(file, ",\n");
    }
    for (unsigned i = 0; i < pods; i++) {
        put_pod(file, i, nodes);
        fprintf(file, "%s\n", i + 1 < pods ? "," : "");
    }
    fprintf(file, "    ],\n    \"kind\": \"List\"\n}\n");
    fclose(file);
}

static bool next_piece(void *context, struct bytes *piece, struct error *err) {
    bool is_end;
    return input_read(context, 0, piece, &is_end, err);
}

static double only_read(const char *path) {
    double begin = now_s();
    struct input *input;
    bool is_end = !input_open(&input, path, NULL);
    while (!is_end) {
        struct bytes piece;
        is_end |= !input_read(input, 0, &piece, &is_end, NULL);
    }
    input_close(input);
    return now_s() - begin;
}

static double only_skip(const char *path) {
    double begin = now_s();
    struct input *input;
    struct json_reader reader;
    if (!input_open(&input, path, NULL)) {
        abort();
    }
    json_reader_init(&reader, (struct bytes){ 0 }, next_piece, input);
    if (!json_more(&reader) || !json_skip(&reader)) {
        abort();
    }
    json_reader_done(&reader);
    input_close(input);
    return now_s() - begin;
}

static double open_inventory(const char *path) {
    double begin = now_s();
    struct inventory *inventory;
    struct error err;
    if (!inventory_open(&inventory, path, &err)) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    double seconds = now_s() - begin;
    inventory_free(inventory);
    return seconds;
}

static double least(double (*run)(const char *path), const char *path) {
    double best = run(path);
    for (int i = 1; i < RUNS; i++) {
        double seconds = run(path);
        best = seconds < best ? seconds : best;
    }
    return best;
}

int main(int argc, char **argv) {
    unsigned nodes = argc > 1 ? (unsigned)atoi(argv[1]) : 5000;
    unsigned pods = argc > 2 ? (unsigned)atoi(argv[2]) : 150000;
    const char *folder = getenv("TMPDIR");
    char path[512];
    snprintf(path, sizeof path, "%s/weir-inventory-%d.json", folder == NULL ? "/tmp" : folder,
             (int)getpid());
    make_document(path, nodes == 0 ? 1 : nodes, pods);
    struct stat status;
    if (stat(path, &status) != 0) {
        abort();
    }
    double megabytes = (double)status.st_size * 1e-6;
    double read_s = least(only_read, path);
    double skip_s = least(only_skip, path);
    long before_mib = memory_mib();
    double open_s = least(open_inventory, path);
    printf("%u nodes, %u pods, %.0f MB\n", nodes, pods, megabytes);
    printf("  read the file   %6.3f s, %6.0f MB/s\n", read_s, megabytes / read_s);
    printf("  skip the JSON   %6.3f s, %6.0f MB/s\n", skip_s, megabytes / skip_s);
    printf("  open inventory  %6.3f s, %6.0f MB/s, at most %ld MiB in memory (%ld before)\n",
           open_s, megabytes / open_s, memory_mib(), before_mib);
    unlink(path);
    return 0;
}
