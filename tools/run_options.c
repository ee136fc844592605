/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/run_options.h"

#include "base/json_write.h"
#include "base/time.h"
#include "base/units.h"
#include "ingest/aws.h"
#include "ingest/capture.h"
#include "tools/console.h"

const char *const run_formats[] = { "auto", "aws", "pcap", NULL };
const char *const run_tunnels[] = { "outer", "inner", NULL };
const char *const run_summaries[] = { "text", "json", "none", NULL };
const char *const run_progresses[] = { "auto", "never", NULL };

static const struct source_ops *const FORMATS[] = { NULL, &aws_source, &capture_source };
static const enum packet_tunnels TUNNELS[] = { PACKET_TUNNELS_OUTER, PACKET_TUNNELS_INNER };
enum { SUMMARY_TEXT, SUMMARY_JSON, SUMMARY_NONE };

void run_options_init(struct run_options *options) {
    *options = (struct run_options){ .lateness_ms = -1, .threads = 1 };
}

enum option_result run_options_check_paths(enum option_result parsed, int path_count,
                                           struct error *err) {
    if (parsed == OPTION_RUN && path_count == 0) {
        error_set(err, ERROR_ARGUMENT, "no PATH was given (- is standard input)");
        return OPTION_ERROR;
    }
    return parsed;
}

static bool parse_locals(struct run_options *options, struct error *err) {
    for (size_t i = 0; i < options->locals.count; i++) {
        if (!prefix_parse(bytes_text(options->locals.values[i]), &options->local_prefixes[i],
                          err)) {
            return error_context(err, "--local");
        }
    }
    return true;
}

bool run_options_apply(struct run_options *options, struct pipeline_options *out,
                       struct inventory **inventory, struct error *err) {
    if (options->is_append && options->is_force) {
        return error_set(err, ERROR_ARGUMENT, "--append and --force exclude each other");
    }
    if (options->store == NULL && (options->is_append || options->is_force)) {
        return error_set(err, ERROR_ARGUMENT, "--append and --force are about a --store");
    }
    if (options->aws_interval_ms != 0 && options->aws_interval_ms != 60000 &&
        options->aws_interval_ms != 600000) {
        return error_set(err, ERROR_ARGUMENT,
                         "--aws-interval: AWS aggregates over 60s or 600s, nothing else");
    }
    if (!parse_locals(options, err)) {
        return false;
    }
    if (options->inventory != NULL && !inventory_open(inventory, options->inventory, err)) {
        return false;
    }
    out->feeds = (struct feed_options){
        .format = FORMATS[options->format],
        .source = { .aws_format = options->aws_format,
                    .inventory = *inventory,
                    .flows_max = (uint32_t)options->flows_max,
                    .tunnels = TUNNELS[options->tunnels],
                    .locals = options->local_prefixes,
                    .local_count = options->locals.count },
        .reach_ms = options->aws_interval_ms,
        .lateness_ms = options->lateness_ms,
        .threads = (uint32_t)options->threads,
        .is_strict = options->is_strict,
    };
    out->store = options->store;
    out->store_mode = options->is_append  ? STORE_APPEND
                      : options->is_force ? STORE_FORCE
                                          : STORE_NEW;
    out->has_progress = options->progress == 0;
    return true;
}

static void time_field(struct json_writer *json, const char *key, int64_t ms, bool is_known) {
    json_key(json, key);
    if (is_known) {
        char text[TIME_TEXT_SIZE];
        time_format(ms, NULL, text);
        json_string(json, text);
    } else {
        json_null(json);
    }
}

static void number_field(struct json_writer *json, const char *key, uint64_t value) {
    json_key(json, key);
    json_u64(json, value);
}

static void summary_json(const struct pipeline_counts *counts) {
    const struct feed_counts *feeds = &counts->feeds;
    const struct source_counts *source = &feeds->source;
    bool is_known = source->records > 0;
    struct buffer out;
    struct json_writer json;
    buffer_init(&out, 4096);
    json_init(&json, &out);
    json_begin_object(&json);
    number_field(&json, "files", feeds->files);
    number_field(&json, "lines", source->lines);
    number_field(&json, "headers", source->headers);
    number_field(&json, "records", source->records);
    number_field(&json, "nodata", source->nodata);
    number_field(&json, "skipdata", source->skipdata);
    number_field(&json, "malformed", source->malformed);
    number_field(&json, "bytes", source->bytes);
    number_field(&json, "packets", source->packets);
    number_field(&json, "decoded", source->decoded);
    number_field(&json, "not_ip", source->not_ip);
    number_field(&json, "frame_bytes", source->frame_bytes);
    number_field(&json, "late", feeds->late);
    number_field(&json, "future", feeds->future);
    number_field(&json, "duplicate", counts->detector.duplicate);
    number_field(&json, "nodes", counts->detector.nodes);
    number_field(&json, "windows", counts->detector.windows);
    number_field(&json, "alerts", counts->detector.alerts);
    number_field(&json, "silenced", counts->detector.silenced);
    number_field(&json, "allowed", counts->detector.allowed);
    number_field(&json, "conversations", counts->detector.conversations);
    number_field(&json, "conversations_evicted", counts->detector.conversations_evicted);
    number_field(&json, "node_bytes",
                 counts->detector.nodes > 0 ? counts->detector.node_bytes / counts->detector.nodes
                                            : 0);
    number_field(&json, "node_bytes_max", counts->detector.node_bytes_max);
    time_field(&json, "first", feeds->first_ms, is_known);
    time_field(&json, "last", feeds->last_ms, is_known);
    json_key(&json, "seconds");
    json_decimal(&json, counts->seconds, 3);
    json_end_object(&json);
    fprintf(stderr, "%.*s\n", (int)out.size, (const char *)out.data);
    buffer_done(&out);
}

static void say_count(const char *name, uint64_t count) {
    if (count > 0) {
        fprintf(stderr, ", %llu %s", (unsigned long long)count, name);
    }
}

/* From a hundredth on it is worth asking why. */
static bool is_much(uint64_t count, uint64_t of) {
    return count > 0 && count >= of / 100;
}

static bool needs_doctor(const struct feed_counts *feeds) {
    const struct source_counts *source = &feeds->source;
    return is_much(source->direction_unknown, source->records) ||
           is_much(source->skipdata, source->lines) ||
           is_much(source->malformed, source->lines + source->decoded + source->not_ip) ||
           is_much(feeds->late, source->records) || is_much(feeds->future, source->records);
}

/* A short capture whose nodes are all too young is not found quiet. */
static void say_young(const struct pipeline_counts *counts,
                      const struct detector_config *detector) {
    const struct detector_counts *found = &counts->detector;
    char warm_up[UNITS_TEXT_SIZE];
    if (found->nodes > 0 && found->nodes_warm == 0 && found->alerts == 0) {
        units_format_duration_short(detector->warm_up_ms, warm_up);
        fprintf(
            stderr,
            "no node was seen for longer than the warm-up (%s), so little could be judged: for a "
            "short capture, --window 10s --warm-up 0\n",
            warm_up);
    }
}

static void summary_text(const struct pipeline_counts *counts,
                         const struct detector_config *detector) {
    const struct feed_counts *feeds = &counts->feeds;
    const struct source_counts *source = &feeds->source;
    char records[UNITS_TEXT_SIZE];
    char bytes[UNITS_TEXT_SIZE];
    units_format_count(source->records, records);
    units_format_bytes(source->bytes, UNITS_SI, bytes);
    fprintf(stderr, "%llu file%s: %s records, %s in %.1f s", (unsigned long long)feeds->files,
            feeds->files == 1 ? "" : "s", records, bytes, counts->seconds);
    say_count("frames", source->frame_bytes > 0 ? source->packets : 0);
    say_count("of them not IP", source->not_ip);
    say_count("NODATA", source->nodata);
    say_count("SKIPDATA (data was lost there)", source->skipdata);
    say_count("malformed frames", source->rejects[REJECT_FRAME]);
    say_count("malformed lines", source->malformed - source->rejects[REJECT_FRAME]);
    say_count("late", feeds->late);
    say_count("from the future", feeds->future);
    say_count("of unknown direction", source->direction_unknown);
    say_count("seen by another log too", counts->detector.duplicate);
    say_count("files damaged", feeds->damaged_files);
    fputc('\n', stderr);
    if (source->records > 0) {
        char first[TIME_TEXT_SIZE];
        char last[TIME_TEXT_SIZE];
        time_format(feeds->first_ms, NULL, first);
        time_format(feeds->last_ms, NULL, last);
        fprintf(stderr, "from %s to %s", first, last);
        if (detector != NULL) {
            fprintf(stderr, ": %llu nodes, %llu windows, %llu alerts",
                    (unsigned long long)counts->detector.nodes,
                    (unsigned long long)counts->detector.windows,
                    (unsigned long long)counts->detector.alerts);
            say_count("silenced", counts->detector.silenced);
            say_count("allowed", counts->detector.allowed);
        }
        fputc('\n', stderr);
    }
    if (source->decoded > 0 && source->direction_unknown > source->records / 2) {
        fputs("most of it is of no node: say whose addresses are nodes (--local CIDR, or "
              "--inventory)\n",
              stderr);
    } else if (needs_doctor(feeds)) {
        fputs(
            "`weir doctor` says why so much is malformed, lost, late or of unknown direction, and "
            "what to do\n",
            stderr);
    }
    if (detector != NULL) {
        say_young(counts, detector);
    }
}

void run_summary(const struct run_options *options, const struct pipeline_counts *counts,
                 const struct detector_config *detector) {
    if (options->summary == SUMMARY_JSON) {
        summary_json(counts);
    } else if (options->summary == SUMMARY_TEXT) {
        summary_text(counts, detector);
    }
}

int run_status(const char *program, enum pipeline_result result, const struct error *err) {
    switch (result) {
    case PIPELINE_DONE: return EXIT_DONE;
    case PIPELINE_PARTIAL: return EXIT_PARTIAL;
    case PIPELINE_STRICT: console_say(program, "%s", err->message); return EXIT_PARTIAL;
    case PIPELINE_USAGE: console_say(program, "%s", err->message); return EXIT_USAGE;
    case PIPELINE_WRITE: console_say(program, "%s", err->message); return EXIT_WRITE;
    }
    return EXIT_USAGE;
}
