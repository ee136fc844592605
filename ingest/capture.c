/* SPDX-License-Identifier: Apache-2.0 */
/* A call of `next` goes round: flows that have ended go to the batch, then a burst of frames is
 * read and decoded, then the burst goes to the flow table, which may end flows. Batches are filled
 * across ticks, as those of texts are filled across minutes: so a record with a wrong time has
 * neighbours that show it (feed_split.h), and batches end where the records say, not the clock. */
#include "ingest/capture.h"

#include "ingest/capture_facts.h"
#include "ingest/capture_log.h"
#include "ingest/capture_reader.h"
#include "ingest/capture_rows.h"
#include "ingest/fragment_table.h"
#include "ingest/labels.h"
#include "ingest/packet_link.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define BURST 64u
/* A call ends without a record behind so many frames, so that somebody sees progress. */
#define FRAMES_A_CALL_MAX (1u << 18)
#define EXCERPT_OCTETS 48u

struct source {
    struct capture_reader *reader;
    struct flowtable *flows;
    struct fragment_table fragments;
    struct capture_logs logs;
    struct capture_rows rows;
    enum packet_tunnels tunnels;
    struct capture_facts *facts; /* NULL: nobody asks */
    bool has_nodes;              /* it was told whose addresses are nodes */

    struct flow_packet burst[BURST];
    size_t burst_at;
    size_t burst_count;
    bool is_read; /* to its end */
    bool is_damaged;
    struct error damage;
    uint32_t reject_count;   /* that were given with their text */
    uint32_t frames_a_call;  /* so far */
    uint32_t strange_link;   /* a link type that is not known; valid with has_strange_link */
    uint64_t strange_frames; /* of such */
    bool has_strange_link;
};

static struct flowtable_options flow_options(const struct source_options *options) {
    return (struct flowtable_options){
        .tick_ms = options->tick_ms,
        .active_ms = options->active_timeout_ms,
        .idle_ms = options->idle_timeout_ms,
        .flows_max = options->flows_max,
    };
}

static struct source_promise capture_promise(const struct source_options *options) {
    struct flowtable_options flows = flow_options(options);
    return (struct source_promise){ flowtable_reach_ms(&flows), flowtable_lateness_ms(&flows) };
}

static void capture_close(struct source *source) {
    if (source != NULL) {
        capture_reader_close(source->reader);
        flowtable_free(source->flows);
        fragment_table_done(&source->fragments);
        capture_rows_done(&source->rows);
        capture_logs_done(&source->logs);
        free(source->facts);
        free(source);
    }
}

static bool set_up(struct source *source, struct bytes flow_log,
                   const struct source_options *options, struct error *err) {
    struct flowtable_options flows = flow_options(options);
    if (!flowtable_new(&source->flows, &flows, err) ||
        !capture_logs_init(&source->logs, flow_log, err) ||
        !capture_rows_init(&source->rows, err)) {
        return false;
    }
    if (options->wants_facts && (source->facts = calloc(1, sizeof *source->facts)) == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for what is told of a capture");
    }
    source->has_nodes = options->inventory != NULL || options->local_count > 0;
    source->tunnels = options->tunnels;
    source->rows.inventory = options->inventory;
    source->rows.locals = options->locals;
    source->rows.local_count = options->local_count;
    source->rows.unknown = source->logs.feed;
    source->rows.logs = source->logs.names;
    return true;
}

static bool capture_open(struct source **out, struct input *input, struct bytes flow_log,
                         const struct source_options *options, struct error *err) {
    struct source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        input_close(input);
        return error_set(err, ERROR_LIMIT, "no memory for a capture");
    }
    if (!capture_reader_open(&source->reader, input, err) ||
        !set_up(source, flow_log, options, err)) {
        capture_close(source);
        return false;
    }
    *out = source;
    return true;
}

/* ---- frames ---- */

static void reject(struct source *source, struct source_result *result,
                   const struct capture_frame *frame) {
    result->counts.malformed++;
    result->counts.rejects[REJECT_FRAME]++;
    if (source->reject_count == SOURCE_REJECTS_MAX) {
        return;
    }
    source->reject_count++;
    struct source_reject *kept = &result->rejects[result->reject_count++];
    kept->reason = REJECT_FRAME;
    kept->line = frame->number;
    size_t size = frame->data.size < EXCERPT_OCTETS ? frame->data.size : EXCERPT_OCTETS;
    int at = snprintf(kept->excerpt, sizeof kept->excerpt, "link type %u: ", frame->link_type);
    for (size_t i = 0; i < size; i++) {
        at += snprintf(kept->excerpt + at, sizeof kept->excerpt - (size_t)at, "%02x",
                       frame->data.data[i]);
    }
}

static int64_t time_of(const struct capture_frame *frame) {
    return frame->time_ns < 0 ? 0 : frame->time_ns / 1000000;
}

static void note_strange(struct source *source, uint32_t link_type) {
    if (packet_link_is_known(link_type)) {
        return;
    }
    if (!source->has_strange_link) {
        source->has_strange_link = true;
        source->strange_link = link_type;
    }
    source->strange_frames++;
}

/* Adds the frame to the burst where it is a packet. Errors: ERROR_LIMIT. */
static bool take_frame(struct source *source, const struct capture_frame *frame,
                       struct source_result *result, struct error *err) {
    struct flow_packet *packet = &source->burst[source->burst_count];
    result->counts.packets++;
    result->counts.frame_bytes += frame->wire_size;
    switch (packet_decode(frame->data, frame->wire_size, frame->link_type, source->tunnels,
                          &packet->packet)) {
    case PACKET_NOT_IP:
        result->counts.not_ip++;
        note_strange(source, frame->link_type);
        return true;
    case PACKET_MALFORMED: reject(source, result, frame); return true;
    case PACKET_DECODED: break;
    }
    result->counts.decoded++;
    packet->time_ms = time_of(frame);
    if (packet->packet.is_fragment &&
        !fragment_table_resolve(&source->fragments, &packet->packet, packet->time_ms, err)) {
        return false;
    }
    source->burst_count++;
    return capture_logs_find(&source->logs, source->reader, frame->interface, &packet->log, err);
}

/* Reads the next burst. */
static bool read_burst(struct source *source, struct source_result *result, struct error *err) {
    source->burst_at = source->burst_count = 0;
    while (source->burst_count < BURST) {
        struct capture_frame frame;
        enum capture_result got = capture_reader_next(source->reader, &frame, &source->damage);
        if (got == CAPTURE_DAMAGED && source->damage.code == ERROR_LIMIT) {
            return error_set(err, ERROR_LIMIT, "%s", source->damage.message); /* no memory */
        }
        if (got != CAPTURE_FRAME) {
            source->is_read = true;
            source->is_damaged = got == CAPTURE_DAMAGED;
            return true;
        }
        source->frames_a_call++;
        if (source->facts != NULL) {
            capture_facts_add(source->facts, &frame);
        }
        if (!take_frame(source, &frame, result, err)) {
            return false;
        }
    }
    return true;
}

/* Gives the table what is left of the burst. */
static bool add_burst(struct source *source, struct error *err) {
    size_t taken;
    bool ok = flowtable_add(source->flows, source->burst + source->burst_at,
                            source->burst_count - source->burst_at, &taken, err);
    source->burst_at += taken;
    if (ok && source->is_read && source->burst_at == source->burst_count) {
        flowtable_cut(source->flows);
    }
    return ok;
}

/* ---- batches ---- */

/* What the object was like, once, at its end. */
static void warn(const struct source *source, struct source_result *result) {
    size_t size = 0;
    if (source->has_strange_link) {
        size = (size_t)snprintf(result->warning, sizeof result->warning,
                                "link type %u is not known: %llu frames were not looked into",
                                source->strange_link, (unsigned long long)source->strange_frames);
    }
    uint64_t overflows = flowtable_overflows(source->flows);
    if (overflows > 0) {
        (void)snprintf(result->warning + size, sizeof result->warning - size,
                       "%sopen flows reached --flows-max %llu times, and were cut there",
                       size > 0 ? "; " : "", (unsigned long long)overflows);
    }
}

/* Moves flows that have ended to the batch; `*is_full` when it can take no more. */
static bool drain(struct source *source, bool *is_full, struct error *err) {
    struct flow flow;
    for (;;) {
        *is_full = !capture_rows_has_room(&source->rows);
        if (*is_full || !flowtable_take(source->flows, &flow)) {
            return true;
        }
        if (!capture_rows_add(&source->rows, &flow, err)) {
            return false;
        }
    }
}

/* Goes round until the batch is full or the capture ends. */
static bool fill(struct source *source, struct batch *batch, struct source_result *result,
                 struct error *err) {
    capture_rows_begin(&source->rows, batch, &result->counts);
    source->frames_a_call = 0;
    for (;;) {
        bool is_full;
        if (!drain(source, &is_full, err)) {
            return false;
        }
        if (is_full) {
            return true;
        }
        if (source->burst_at == source->burst_count) {
            if (source->is_read && flowtable_count(source->flows) == 0) {
                break;
            }
            if (batch->count == 0 && source->frames_a_call >= FRAMES_A_CALL_MAX) {
                return true;
            }
            if (!source->is_read && !read_burst(source, result, err)) {
                return false;
            }
        }
        if (!add_burst(source, err)) {
            return false;
        }
    }
    result->is_end = true;
    result->is_damaged = source->is_damaged;
    result->damage = source->damage;
    warn(source, result);
    return true;
}

static bool capture_next(struct source *source, struct batch *batch, struct source_result *result,
                         struct error *err) {
    *result = (struct source_result){ 0 };
    batch_reset(batch);
    return fill(source, batch, result, err) && labels_fill(batch, source->rows.inventory, err);
}

static void capture_describe(const struct source *source, struct source_description *out) {
    struct capture_facts_choice choice = { source->tunnels, source->has_nodes };
    *out = (struct source_description){ 0 };
    if (source->facts != NULL) {
        capture_facts_describe(source->facts, source->reader, &choice, out);
    }
}

const struct source_ops capture_source = {
    .name = "pcap",
    .origin = ORIGIN_CAPTURE,
    .unit_ms = 1,
    .promise = capture_promise,
    .recognise = capture_recognise,
    .open = capture_open,
    .next = capture_next,
    .close = capture_close,
    .profile = &capture_profile,
    .describe = capture_describe,
};
