/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a file holds, an exam of it ends without an error of its own, reads no more of it than
 * it has, and its numbers agree with each other: lines and frames are conserved, every record was
 * timed or is from the future, and no more were late than could be. The first octet chooses
 * options. */
#include "ingest/exam.h"

#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static void check_counts(const struct exam_feed *feed) {
    const struct source_counts *counts = &feed->counts;
    assert(counts->lines + exam_frames(counts) ==
           counts->headers + counts->records * (counts->lines > 0) + counts->nodata +
               counts->skipdata + counts->malformed + counts->decoded + counts->not_ip);
    uint64_t rejected = 0;
    for (int i = 0; i < REJECT_REASON_COUNT && feed->rejects != NULL; i++) {
        rejected += feed->rejects[i].count;
    }
    assert(rejected == counts->malformed);
}

static void check_times(const struct exam_feed *feed) {
    assert(feed->timed + feed->future == feed->counts.records);
    assert(feed->ordered <= feed->timed && feed->late <= feed->ordered);
    assert((feed->late > 0) == (feed->need_ms > feed->lateness_ms));
    assert(feed->duration.count == feed->timed);
    assert(feed->duration.p50_ms <= feed->duration.p99_ms);
    assert(feed->duration.p99_ms <= feed->duration.max_ms);
    assert(feed->behind_newest.count == feed->ordered);
    assert(feed->twins <= feed->counts.records);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) {
        return 0;
    }
    int file = memfd_create("exam", MFD_CLOEXEC);
    assert(file >= 0 && write(file, data + 1, size - 1) == (ssize_t)(size - 1));
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    const char *paths[] = { path };
    struct exam_options options = {
        .feeds = { .lateness_ms = (data[0] & 1) != 0 ? 60000 : -1, .threads = 1 },
        .read_size_max = (data[0] & 2) != 0 ? 100 : UINT64_MAX,
    };
    options.feeds.source.tick_ms = (data[0] & 4) != 0 ? 60000 : 0;
    options.feeds.source.tunnels = (data[0] & 8) != 0 ? PACKET_TUNNELS_INNER : PACKET_TUNNELS_OUTER;
    options.feeds.source.aws_format =
        (data[0] & 16) != 0 ? "interface-id srcaddr dstaddr start end bytes flow-direction" : NULL;
    struct exam exam;
    struct error err;
    bool ok = exam_make(&exam, paths, 1, &options, &err);
    if (!ok) {
        fprintf(stderr, "%s\n", err.message);
    }
    assert(ok);
    assert(exam.read_size <= exam.size);
    for (size_t i = 0; i < exam.plan.feed_count; i++) {
        check_counts(&exam.feeds[i]);
        check_times(&exam.feeds[i]);
    }
    exam_done(&exam);
    (void)close(file); /* it was only ours */
    return 0;
}
