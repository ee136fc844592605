/* SPDX-License-Identifier: Apache-2.0 */
/* How many ns does a line of an AWS flow log take, from text in memory to a full batch? Peer: the
 * plain parser of the same library. Data: 500,000 random lines of the default format (tests/gen),
 * and the same records with the 29 fields of version 5 in the documentation's order. CPU time of
 * the thread; median, minimum and maximum of 5 alternating runs. */
#include "ingest/aws.h"
#include "ingest/aws_fast.h"
#include "tests/gen/gen_random.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define LINES 500000u
#define RUNS 5
#define LINE_SIZE_MAX 512

static void require(bool is_true, const char *what) {
    if (!is_true) {
        (void)fprintf(stderr, "aws_bench: %s\n", what);
        exit(1);
    }
}

static double cpu_seconds(void) {
    struct timespec now;
    require(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0, "no clock");
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static char *make_default(size_t *size) {
    struct error err;
    int descriptor = memfd_create("lines", 0);
    require(descriptor >= 0 && gen_random_write(descriptor, LINES, 1, &err), "cannot make lines");
    off_t end = lseek(descriptor, 0, SEEK_END);
    require(end > 0, "cannot make lines");
    char *text = malloc((size_t)end + 1);
    require(text != NULL && pread(descriptor, text, (size_t)end, 0) == end, "cannot read lines");
    text[end] = '\0';
    *size = (size_t)end;
    (void)close(descriptor);
    return text;
}

/* One record of the default format as one of version 5. */
static size_t put_version5(char *at, char *line) {
    char *fields[14];
    char *rest = line;
    for (int i = 0; i < 14; i++) {
        fields[i] = strtok_r(rest, " ", &rest);
        require(fields[i] != NULL, "a generated line is short");
    }
    return (size_t)sprintf(at,
                           "5 %s %s %s %s %s %s %s IPv4 %s %s %s vpc-abcdefab012345678 "
                           "subnet-aaaaaaaa012345678 i-%s %s "
                           "ap-southeast-2 apse2-az3 - - %s 19 %s %s - - - egress %s\n",
                           fields[3], fields[4], fields[5], fields[6], fields[7], fields[10],
                           fields[11], fields[8], fields[9], fields[1], fields[2] + 4, fields[2],
                           fields[12], fields[3], fields[4], fields[13]);
}

static char *make_version5(const char *text, size_t *size) {
    char *out = malloc((size_t)LINES * LINE_SIZE_MAX);
    char *copy = strdup(text);
    require(out != NULL && copy != NULL, "no memory");
    size_t used = (size_t)sprintf(
        out, "version srcaddr dstaddr srcport dstport protocol start end type packets bytes "
             "account-id vpc-id subnet-id instance-id interface-id region az-id sublocation-type "
             "sublocation-id action tcp-flags pkt-srcaddr pkt-dstaddr pkt-src-aws-service "
             "pkt-dst-aws-service traffic-path flow-direction log-status\n");
    char *rest = copy;
    (void)strtok_r(rest, "\n", &rest); /* the header */
    for (char *line = strtok_r(rest, "\n", &rest); line != NULL;
         line = strtok_r(rest, "\n", &rest)) {
        if (strstr(line, "DATA") == NULL) {
            used += put_version5(out + used, line);
        }
    }
    free(copy);
    *size = used;
    return out;
}

/* ns a line. */
static double read_once(struct bytes text, bool is_scalar, struct batch *batch) {
    struct error err;
    struct input *input;
    struct source *source;
    struct source_options options = { .aws_format = NULL };
    static struct source_result result;
    enum cpu_width width = is_scalar ? CPU_SCALAR : CPU_AVX512;
    uint64_t lines = 0;
    double start = cpu_seconds();
    require(input_open_bytes(&input, text, &err) &&
                aws_open_width(&source, input, bytes_text("fl"), &options, width, &err),
            err.message);
    do {
        require(aws_source.next(source, batch, &result, &err), err.message);
        lines += result.counts.lines;
    } while (!result.is_end);
    aws_source.close(source);
    return (cpu_seconds() - start) * 1e9 / (double)lines;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *name, struct bytes text, struct batch *batch) {
    double plain[RUNS];
    double fast[RUNS];
    for (int run = 0; run < RUNS; run++) {
        plain[run] = read_once(text, true, batch);
        fast[run] = read_once(text, false, batch);
    }
    qsort(plain, RUNS, sizeof plain[0], compare);
    qsort(fast, RUNS, sizeof fast[0], compare);
    printf("%-22s plain %6.1f ns a line (%.1f to %.1f), fast %6.1f (%.1f to %.1f): 1/%.1f\n", name,
           plain[RUNS / 2], plain[0], plain[RUNS - 1], fast[RUNS / 2], fast[0], fast[RUNS - 1],
           plain[RUNS / 2] / fast[RUNS / 2]);
}

int main(void) {
    struct error err;
    struct batch batch;
    size_t size;
    size_t size5;
    require(batch_init(&batch, &err), "no memory");
    char *text = make_default(&size);
    char *text5 = make_version5(text, &size5);
    measure("default, 14 fields", bytes_of(text, size), &batch);
    measure("version 5, 29 fields", bytes_of(text5, size5), &batch);
    free(text);
    free(text5);
    batch_done(&batch);
    return 0;
}
