/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_WEIR_H
#define WEIR_TOOLS_WEIR_H

#include "base/option.h"

/* The subcommands of `weir`, one a file (tools/weir_NAME.c). */
struct weir_command {
    const char *name;
    const struct option_table *options;
    /* `argv[0]` is the subcommand's name. Returns the exit status. */
    int (*run)(int argc, char **argv);
};

extern const struct weir_command weir_replay;
extern const struct weir_command weir_ingest;
extern const struct weir_command weir_doctor;
extern const struct weir_command weir_rules;
extern const struct weir_command weir_config;
extern const struct weir_command weir_silence;
extern const struct weir_command weir_ack;

/* Handles what option_parse found besides OPTION_RUN: prints help or the version on stdout, or the
 * error on stderr. Returns true when the command should go on; else `*status` is the exit status.
 */
bool weir_should_run(const struct option_table *table, enum option_result result,
                     const struct error *err, int *status);

#endif
