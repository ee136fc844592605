/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_FLOWQ_BASELINE_H
#define WEIR_TOOLS_FLOWQ_BASELINE_H

#include "base/option.h"

/* `flowq baseline`: what is normal for nodes, as the detector's state in a store has it. */
extern const struct option_table baseline_options;

/* `argv[0]` is "baseline". Returns the exit status. */
int baseline_run(int argc, char **argv);

#endif
