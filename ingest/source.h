/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_SOURCE_H
#define WEIR_INGEST_SOURCE_H

#include "flow/batch.h"
#include "ingest/input.h"
#include "ingest/inventory.h"
#include "ingest/packet.h"

/* A source reads one object (a file's bytes) of one format into batches. Each format is one row of
 * functions in one file (ingest/aws.h). A source runs in one thread at a time and knows nothing of
 * other objects: what it fills in is a function of the object, the inventory and the options alone.
 */

/* Why a line was not taken. One list for all text formats; names go to rejects.ndjson. */
enum reject_reason {
    REJECT_FIELD_COUNT, /* fewer or more fields than the layout has */
    REJECT_NUMBER,      /* not a number, or too large for its field */
    REJECT_ADDRESS,
    REJECT_PROTOCOL,
    REJECT_PORT,
    REJECT_TIME, /* absent, or end before start */
    REJECT_WORD, /* an action or log status that the format does not know */
    REJECT_LINE_LENGTH,
    REJECT_HEADER,   /* a header line that cannot be used */
    REJECT_LAYOUT,   /* the layout lacks what a record needs */
    REJECT_ENVELOPE, /* JSON without a line in it, or broken */
    REJECT_FRAME,    /* a captured frame that says that it is IP and contradicts itself */
    REJECT_REASON_COUNT,
};

const char *reject_reason_name(enum reject_reason reason); /* "field_count" */

/* The first lines of an object that were not taken; the rest is only counted. */
#define SOURCE_REJECTS_MAX 32

struct source_reject {
    enum reject_reason reason;
    uint64_t line;     /* from 1; of a capture the frame's number */
    char excerpt[121]; /* the line's front; what is not printable ASCII is '?' */
};

/* What a call of `next` added: all of it since the call before. Conservation, always; of a text:
 * lines = headers + records + nodata + skipdata + malformed (blank lines are not lines; of lines
 * wrapped in JSON, each message is one, and what should have been one); of a
 * capture: packets = decoded + not_ip + malformed (its records are flows, and it has no lines). */
struct source_counts {
    uint64_t lines;
    uint64_t headers;
    uint64_t records;
    uint64_t nodata;
    uint64_t skipdata;
    uint64_t malformed;
    uint64_t rejects[REJECT_REASON_COUNT]; /* sums up to `malformed` */
    uint64_t bytes;                        /* of the records, twins left out */
    uint64_t packets;                      /* the same; of a capture all its frames */
    uint64_t decoded;                      /* frames of a capture: IP packets */
    uint64_t not_ip;                       /* frames: anything else */
    uint64_t frame_bytes;                  /* frames' lengths on the wire */
    uint64_t direction_unknown;            /* records whose direction could not be told */
};

void source_counts_add(struct source_counts *sum, const struct source_counts *part);

struct source_options {
    const char *aws_format;            /* field names, or NULL */
    const struct inventory *inventory; /* or NULL */

    /* Of captures (ingest/capture.h). */
    int64_t tick_ms;           /* all open flows are cut at each; 0: time-outs end them */
    int64_t active_timeout_ms; /* 0: none */
    int64_t idle_timeout_ms;   /* 0: none */
    uint32_t flows_max;        /* open flows; 0: the default */
    enum packet_tunnels tunnels;
    const struct prefix *locals; /* [local_count] whose addresses are nodes, borrowed */
    size_t local_count;

    bool wants_facts; /* `describe` will be asked: what costs time to find out is to be found out */
};

/* How old the records of a source may be: D, and how far its ends may lie behind the newest one. */
struct source_promise {
    int64_t reach_ms;
    int64_t lateness_ms;
};

struct source_result {
    struct source_counts counts;
    struct source_reject rejects[SOURCE_REJECTS_MAX];
    uint32_t reject_count;
    bool is_end;     /* the object has no more */
    bool is_damaged; /* it ended before its time (truncated, unreadable): `damage` says how */
    struct error damage;
    char warning[200]; /* said once an object, e.g. unknown field names; else empty */
};

/* What a source knows of its object beside counts, for people (`weir doctor`). All texts are static
 * but the arrays. */
enum source_weight { SOURCE_FINE, SOURCE_NOTE, SOURCE_WARNING, SOURCE_PROBLEM };

struct source_fact {
    const char *id; /* one stable word: facts of several objects are joined by it */
    enum source_weight weight;
    const char *what;   /* "the log has no flow-direction" */
    const char *why;    /* what follows from it */
    const char *advice; /* what to do; NULL: nothing */
    const char *unit;   /* of `count`: "frames"; NULL: nothing is counted */
    uint64_t count;     /* of `of`, since the object's start; 0: this object is not such */
    uint64_t of;
    char detail[128]; /* said behind `what`; else empty */
};

#define SOURCE_FACTS_MAX 16u

struct source_description {
    char layout[1024]; /* the object's columns and version, or whatever tells two objects of this
                          format apart; cut where it is longer */
    struct source_fact facts[SOURCE_FACTS_MAX];
    uint32_t fact_count;
};

/* What holds of all objects of a format. */
#define SOURCE_INTERVALS_MAX 4u

struct source_profile {
    const char *title;           /* "AWS VPC flow logs" */
    const char *interval_option; /* sets the aggregation interval, NULL: there is none */
    const char *interval_advice; /* how one has the source aggregate over the shortest */
    int64_t intervals_ms[SOURCE_INTERVALS_MAX]; /* those that the format has, ascending; 0 ends */
    const char *unseen; /* traffic that is never in such an object, NULL: all is */
    const char *unseen_advice;
    const char *names_advice; /* what names of objects should be kept; NULL: they tell nothing */
    const char *direction_advice; /* what tells directions that are not known */
};

struct source; /* each format has its own */

struct source_ops {
    const char *name; /* "aws": the word behind --format */
    enum origin origin;
    uint32_t unit_ms;
    int64_t reach_ms;    /* the default D */
    int64_t lateness_ms; /* the default */
    /* Where both follow from the source's options, and nobody else can choose them; or NULL. */
    struct source_promise (*promise)(const struct source_options *options);

    /* Whether the front of an object (its first piece, up to 4 KiB) looks like this format. */
    bool (*recognise)(struct bytes front);

    /* Takes `input` (also on failure: it is closed). `flow_log` is the name of the log that the
     * object belongs to, copied. Errors: ERROR_ARGUMENT (options), ERROR_LIMIT. */
    bool (*open)(struct source **out, struct input *input, struct bytes flow_log,
                 const struct source_options *options, struct error *err);

    /* Resets `batch` and fills it with the object's next records (it may give fewer than there is
     * room for, also none) and coverage rows. Everything of the batch is filled in but its stamp.
     * Errors: only what ends the program (ERROR_LIMIT for memory): bad input is in `result`. */
    bool (*next)(struct source *source, struct batch *batch, struct source_result *result,
                 struct error *err);

    void (*close)(struct source *source);

    /* Both may be NULL. `describe` says what is known of the object as far as it was read. */
    const struct source_profile *profile;
    void (*describe)(const struct source *source, struct source_description *out);
};

#endif
