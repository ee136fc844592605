/* SPDX-License-Identifier: Apache-2.0 */
/* How small and how fast is a frame, against libzstd level 1 over the same columns raw? Data:
 * records like the random lines of `weir-gen --preset random` (400 nodes, log-uniform peers, nearly
 * independent fields), or the AWS flow logs named as arguments. One thread, CPU time.
 *
 *      build/bench/frame_bench [-n RECORDS] [FILE...] */
#include "flow/column.h"
#include "flow/frame.h"
#include "ingest/feed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zstd.h>

struct bench {
    struct frame_encoder *encoder;
    struct frame_decoder *decoder;
    struct batch decoded;
    struct buffer frame;
    ZSTD_CCtx *compressor;
    ZSTD_DCtx *decompressor;
    uint8_t *compressed;
    uint8_t *raw;

    uint64_t records;
    uint64_t frames;
    uint64_t frame_size;
    uint64_t zstd_size;
    double encode_s;
    double decode_s;
    double minutes_s;
    double find_s;
    double compress_s;
    double decompress_s;
    uint64_t checks; /* what was read, so that no call is idle */
};

static double cpu_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void need(bool ok, const struct error *err) {
    if (!ok) {
        fprintf(stderr, "frame_bench: %s\n", err->message);
        exit(1);
    }
}

static void bench_init(struct bench *bench) {
    struct error err = { 0 };
    *bench = (struct bench){ 0 };
    bench->encoder = frame_encoder_new(&err);
    need(bench->encoder != NULL, &err);
    bench->decoder = frame_decoder_new(&err);
    need(bench->decoder != NULL, &err);
    need(batch_init(&bench->decoded, &err), &err);
    buffer_init(&bench->frame, 4u << 20);
    bench->compressor = ZSTD_createCCtx();
    bench->decompressor = ZSTD_createDCtx();
    bench->compressed = malloc(1u << 20);
    bench->raw = malloc(1u << 20);
}

static void bench_done(struct bench *bench) {
    frame_encoder_free(bench->encoder);
    frame_decoder_free(bench->decoder);
    batch_done(&bench->decoded);
    buffer_done(&bench->frame);
    ZSTD_freeCCtx(bench->compressor);
    ZSTD_freeDCtx(bench->decompressor);
    free(bench->compressed);
    free(bench->raw);
}

/* The peer: one zstd frame a column, there and back. */
static void zstd_column(struct bench *bench, const void *column, size_t size) {
    double start = cpu_s();
    size_t compressed =
        ZSTD_compressCCtx(bench->compressor, bench->compressed, 1u << 20, column, size, 1);
    bench->compress_s += cpu_s() - start;
    start = cpu_s();
    bench->checks += ZSTD_decompressDCtx(bench->decompressor, bench->raw, 1u << 20,
                                         bench->compressed, compressed);
    bench->decompress_s += cpu_s() - start;
    bench->zstd_size += compressed;
}

static void measure_zstd(struct bench *bench, const struct batch *batch) {
#define COLUMN(name) zstd_column(bench, batch->name, batch->count * sizeof *batch->name)
    COLUMN(start_ms);
    COLUMN(end_ms);
    COLUMN(bytes);
    COLUMN(packets);
    COLUMN(src);
    COLUMN(dst);
    COLUMN(src_port);
    COLUMN(dst_port);
    COLUMN(node);
    COLUMN(quality);
    COLUMN(protocol);
    COLUMN(tcp_flags);
    COLUMN(direction);
    COLUMN(initiator);
    COLUMN(action);
    COLUMN(flow_log);
#undef COLUMN
    static uint32_t ipv4[DICTIONARY_CODES_MAX];
    for (uint32_t i = 0; i < batch->addresses.count; i++) {
        ipv4[i] = address_ipv4(batch->addresses.values[i]);
    }
    zstd_column(bench, ipv4, batch->addresses.count * sizeof *ipv4);
}

static void measure(struct bench *bench, const struct batch *batch) {
    struct error err = { 0 };
    static struct frame_minute minutes[FRAME_MINUTES_MAX];
    if (batch->count == 0) {
        return;
    }
    buffer_reset(&bench->frame);
    double start = cpu_s();
    need(frame_encode(bench->encoder, batch, &bench->frame, &err), &err);
    bench->encode_s += cpu_s() - start;
    struct bytes frame = buffer_bytes(&bench->frame);
    start = cpu_s();
    need(frame_decode(bench->decoder, &bench->decoded, frame, FRAME_ALL, &err), &err);
    bench->decode_s += cpu_s() - start;
    uint32_t count;
    bool has;
    start = cpu_s();
    need(frame_minutes(frame, minutes, &count, &has, &err), &err);
    bench->minutes_s += cpu_s() - start;
    start = cpu_s();
    for (uint32_t i = 0; i < 16; i++) {
        struct address address = address_from_ipv4((uint32_t)bench->records * 2654435761u + i);
        need(frame_has_address(frame, address, &has, &err), &err);
        bench->checks += has;
    }
    bench->find_s += cpu_s() - start;
    measure_zstd(bench, batch);
    bench->records += batch->count;
    bench->frames++;
    bench->frame_size += bench->frame.size;
}

static void report(const struct bench *bench, const char *what) {
    double n = (double)bench->records;
    double encode = bench->encode_s * 1e9 / n;
    double decode = bench->decode_s * 1e9 / n;
    double compress = bench->compress_s * 1e9 / n;
    double decompress = bench->decompress_s * 1e9 / n;
    printf("frame: %s, %llu records in %llu frames, kernels %s\n", what,
           (unsigned long long)bench->records, (unsigned long long)bench->frames,
           column_kernels_best()->name);
    printf("  size    %6.2f B/record   zstd -1 of raw columns %6.2f\n",
           (double)bench->frame_size / n, (double)bench->zstd_size / n);
    printf("  encode  %6.2f ns/record  zstd -1 %6.2f  ratio %.2f (at most 1.00)\n", encode,
           compress, encode / compress);
    printf("  decode  %6.2f ns/record  zstd -1 %6.2f  ratio %.2f of compress, %.2f of "
           "decompress\n",
           decode, decompress, decode / compress, decode / decompress);
    printf("  minutes %6.0f ns/frame   has_address %.0f ns\n",
           bench->minutes_s * 1e9 / (double)bench->frames,
           bench->find_s * 1e9 / (double)bench->frames / 16);
}

static uint64_t random_state = 88172645463325252u;

static uint64_t random_next(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static uint32_t random_below(uint32_t end) {
    return (uint32_t)((random_next() >> 32) * (uint64_t)end >> 32);
}

static uint32_t log_uniform(uint32_t end) {
    double u = (double)(random_next() >> 11) / 9007199254740992.0;
    return (uint32_t)(pow(end, u) - 1);
}

static void random_nodes(struct batch *batch) {
    struct error err = { 0 };
    for (uint32_t n = 0; n < 400; n++) {
        char name[64];
        snprintf(name, sizeof name, "eni-%08x%09x", n * 2654435761u, n);
        struct address own = address_from_ipv4(10u << 24 | n / 250 << 8 | (n % 250 + 1));
        struct batch_node node = { .name = bytes_text(name),
                                   .identity = bytes_text(name),
                                   .interface = bytes_text(name),
                                   .own = &own,
                                   .own_count = 1 };
        uint16_t id;
        need(batch_add_node(batch, &node, &id, &err), &err);
    }
    uint8_t log;
    need(batch_add_flow_log(batch, bytes_text("fl-0123456789abcdef0"), &log, &err), &err);
}

static void random_record(struct batch *batch, uint64_t second) {
    static const uint16_t ports[] = { 443, 80,  22,   53,   5432, 6379,  9092, 8080,
                                      25,  123, 3306, 9200, 2379, 10250, 6443, 8443 };
    uint32_t i = batch->count++;
    uint32_t node = log_uniform(400);
    uint32_t own = 10u << 24 | node / 250 << 8 | (node % 250 + 1);
    uint32_t peer = random_below(3)
                        ? (52u + log_uniform(100)) << 24 | log_uniform(65000) * 37
                        : 10u << 24 | log_uniform(400) / 250 << 8 | (log_uniform(250) + 1);
    bool is_out = random_below(2);
    uint16_t own_code = dictionary_code(&batch->addresses, address_from_ipv4(own));
    uint16_t peer_code = dictionary_code(&batch->addresses, address_from_ipv4(peer));
    uint16_t service = ports[log_uniform(16)];
    uint16_t ephemeral = (uint16_t)(32768 + random_below(28000));
    bool is_server = random_below(2);
    uint32_t packets = 1 + log_uniform(5000);
    batch->node[i] = (uint16_t)node;
    batch->src[i] = is_out ? own_code : peer_code;
    batch->dst[i] = is_out ? peer_code : own_code;
    batch->direction[i] = is_out ? DIRECTION_OUT : DIRECTION_IN;
    batch->src_port[i] = is_server ? service : ephemeral;
    batch->dst_port[i] = is_server ? ephemeral : service;
    batch->packets[i] = packets;
    batch->bytes[i] = (uint64_t)packets * (40 + random_below(1400));
    batch->protocol[i] = random_below(10) ? 6 : 17;
    batch->start_ms[i] = (int64_t)(second - random_below(60)) * 1000;
    batch->end_ms[i] = (int64_t)second * 1000;
    batch->action[i] = random_below(20) ? ACTION_ACCEPT : ACTION_REJECT;
    batch->initiator[i] = INITIATOR_UNKNOWN;
    batch->quality[i] = QUALITY_NO_FLAGS;
    batch->tcp_flags[i] = 0;
    batch->flow_log[i] = 0;
}

static void run_random(struct bench *bench, uint64_t records) {
    struct batch batch;
    struct error err = { 0 };
    need(batch_init(&batch, &err), &err);
    for (uint64_t done = 0; done < records;) {
        batch_reset(&batch);
        batch.stamp = (struct batch_stamp){ .feed = bytes_text("aws/123456789012/eu/fl"),
                                            .inc = 1,
                                            .parts = 1,
                                            .num = bench->frames + 1,
                                            .origin = ORIGIN_AWS,
                                            .reach_ms = 600000,
                                            .unit_ms = 1000 };
        random_nodes(&batch);
        while (batch.count < BATCH_RECORDS_MAX && done < records) {
            random_record(&batch, 1730000000 + done / 2000);
            done++;
        }
        measure(bench, &batch);
    }
    batch_done(&batch);
}

/* Batches as replay makes them of AWS flow logs. */
static void run_paths(struct bench *bench, const char *const *paths, size_t count) {
    struct feed_options options = { .lateness_ms = -1, .threads = 1 };
    struct feed_events events = { 0 };
    struct feeds *feeds;
    struct error err = { 0 };
    need(feeds_open(&feeds, paths, count, &options, &events, &err), &err);
    for (;;) {
        const struct batch *batch;
        int64_t watermark_ms;
        need(feeds_next(feeds, &batch, &watermark_ms, &err), &err);
        if (batch == NULL) {
            break;
        }
        measure(bench, batch);
    }
    feeds_close(feeds);
}

int main(int argc, char **argv) {
    uint64_t records = 10000000;
    int first = 1;
    if (argc > 2 && strcmp(argv[1], "-n") == 0) {
        records = strtoull(argv[2], NULL, 10);
        first = 3;
    }
    struct bench bench;
    bench_init(&bench);
    if (first < argc) {
        run_paths(&bench, (const char *const *)argv + first, (size_t)(argc - first));
        report(&bench, "flow logs");
    } else {
        run_random(&bench, records);
        report(&bench, "random lines");
    }
    bench_done(&bench);
    return 0;
}
