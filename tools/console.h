/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_CONSOLE_H
#define WEIR_TOOLS_CONSOLE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* How both programs speak to people: stdout is for data only, all of this goes to stderr. */

enum exit_status {
    EXIT_DONE = 0,
    EXIT_FOUND = 1, /* ran, and found what the caller asked to fail on */
    EXIT_USAGE = 2,
    EXIT_PARTIAL = 3, /* some input could not be read; the rest was */
    EXIT_WRITE = 4,   /* something could not be written */
    EXIT_SERVICE = 5, /* a service could not be reached */
};

/* "program: message", with control characters made visible. */
__attribute__((format(printf, 2, 3))) void console_say(const char *program, const char *format,
                                                       ...);

/* Says an error and gives the exit status that goes with its code: usage for ERROR_ARGUMENT, else
 * `otherwise`. */
int console_fail(const char *program, const struct error *err, int otherwise);

/* Whether to colour stdout: a terminal, and neither NO_COLOR nor TERM=dumb (CLICOLOR_FORCE wins).
 */
bool console_has_colour(void);

/* Whether stdout or stderr is a terminal. */
bool console_is_terminal(int file);

/* Columns of the terminal on stdout, 80 when unknown, INT32_MAX when it is none. */
int console_width(void);

/* Leaves with status 0 when a reader closed stdout early, as a filter in a pipe does; flushes
 * stdout. False (err: ERROR_IO) when it could not be written otherwise. */
bool console_flush(struct error *err);

/* The same for a program that has more to do than to print: does not leave when the reader is gone,
 * but says so in `*is_gone`, and what is printed from then on goes nowhere. */
bool console_flush_or_go_on(bool *is_gone, struct error *err);

/* A line on stderr that says how far a long run is; only on a terminal, only after a second, a few
 * times a second at most. */
struct progress {
    bool is_shown;
    bool has_line;
    int64_t begin_ms;
    int64_t next_ms;
};

void progress_init(struct progress *progress, bool is_wanted);
/* `done` of `total` bytes (0: unknown), `records` so far. Cheap: may be called for every batch. */
void progress_show(struct progress *progress, uint64_t done, uint64_t total, uint64_t records);
/* Clears the line. */
void progress_done(struct progress *progress);

/* The wall clock in Unix ms: only for what people say relative to now ("-2h"). */
int64_t console_now_ms(void);

/* Milliseconds of a clock that never goes back, for progress and `seconds`: no result holds it. */
int64_t console_clock_ms(void);

#endif
