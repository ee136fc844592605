/* SPDX-License-Identifier: Apache-2.0 */
/* `weir ack`: what an episode was, as a person found out, in the operator's file. */
#include "tools/console.h"
#include "tools/operator_file.h"
#include "tools/weir.h"

#include <stdio.h>
#include <stdlib.h>

struct ack_options {
    const char *store;
    const char *file;
    const char *comment;
};

static const struct option_row rows[] = {
    { .name = "store",
      .kind = OPTION_TEXT,
      .offset = offsetof(struct ack_options, store),
      .argument = "DIR",
      .help = "in the operator's file of the store in DIR, which weir replay --store DIR reads" },
    { .name = "file",
      .kind = OPTION_TEXT,
      .offset = offsetof(struct ack_options, file),
      .argument = "FILE",
      .help = "in FILE, which a configuration names as operator_file" },
    { .name = "comment",
      .kind = OPTION_TEXT,
      .offset = offsetof(struct ack_options, comment),
      .argument = "TEXT",
      .help = "why, for people" },
};

static const struct option_table table = {
    .program = "weir ack",
    .summary = "say what an episode was: benign, or malicious",
    .usage = "[OPTION...] EPISODE benign|malicious|nothing",
    .description =
        "EPISODE is the `episode` of an alert, 32 hex digits. What was benign may become normal "
        "for the node; what was malicious never does. nothing takes back what was said before. It "
        "counts from the next run on, for episodes that are still open then or open again in "
        "it.\n\n"
        "Exit status: 0 done; 2 usage; 4 the file could not be written.",
    .examples = "  weir ack --store store 00112233445566778899aabbccddeeff benign",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static bool put_ack(void *context, struct config *config, struct error *err) {
    const struct say_ack *ack = context;
    struct say *say = &config->say;
    for (size_t i = 0; i < say->ack_count; i++) {
        if (strcmp(say->acks[i].episode, ack->episode) == 0) {
            say->ack_count--;
            memmove(&say->acks[i], &say->acks[i + 1], (say->ack_count - i) * sizeof *say->acks);
            break;
        }
    }
    return ack->verdict == SAY_NOTHING || say_add_ack(say, ack, err);
}

static bool make_ack(struct say_ack *ack, const char *episode, const char *verdict,
                     const char *comment, struct error *err) {
    if (strlen(episode) != 32 || strspn(episode, "0123456789abcdef") != 32) {
        return error_set(err, ERROR_ARGUMENT, "'%.40s' is no episode: 32 hex digits, as in alerts",
                         episode);
    }
    *ack = (struct say_ack){ .comment = bytes_text(comment != NULL ? comment : "") };
    memcpy(ack->episode, episode, sizeof ack->episode);
    for (int i = SAY_NOTHING; i <= SAY_MALICIOUS; i++) {
        if (strcmp(verdict, say_verdict_name((enum say_verdict)i)) == 0) {
            ack->verdict = (enum say_verdict)i;
            return true;
        }
    }
    return error_set(err, ERROR_ARGUMENT, "'%.40s' is not one of benign, malicious, nothing",
                     verdict);
}

static int run(int argc, char **argv) {
    struct ack_options options = { 0 };
    struct say_ack ack;
    struct error err = { 0 };
    int first;
    int status;
    enum option_result parsed = option_parse(&table, argc, argv, &options, &first, &err);
    if (parsed == OPTION_RUN && argc - first != 2) {
        (void)error_set(&err, ERROR_ARGUMENT, "usage: weir ack %s", table.usage);
        parsed = OPTION_ERROR;
    }
    if (!weir_should_run(&table, parsed, &err, &status)) {
        return status;
    }
    char *path = operator_file_path(options.file, options.store, &err);
    bool ok = path != NULL && make_ack(&ack, argv[first], argv[first + 1], options.comment, &err) &&
              operator_file_edit(path, put_ack, &ack, &err);
    free(path);
    return ok ? EXIT_DONE : console_fail(table.program, &err, EXIT_WRITE);
}

const struct weir_command weir_ack = { .name = "ack", .options = &table, .run = run };
