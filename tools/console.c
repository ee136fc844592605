/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/console.h"

#include "tools/printable.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_FIRST_MS 1000
#define PROGRESS_EVERY_MS 200

void console_say(const char *program, const char *format, ...) {
    char text[8192]; /* a path and a message */
    struct buffer line;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_init(&line, 4 * sizeof text + 256);
    for (const char *at = text; *at != '\0';) {
        size_t size = strcspn(at, "\n"); /* a filter's error has three lines */
        printable_put(&line, bytes_of(at, size));
        buffer_put(&line, "\n", at[size] == '\n');
        at += size + (at[size] == '\n');
    }
    fprintf(stderr, "%s: %.*s\n", program, (int)line.size,
            line.data == NULL ? "" : (const char *)line.data);
    buffer_done(&line);
}

int console_fail(const char *program, const struct error *err, int otherwise) {
    console_say(program, "%s", err->message);
    return err->code == ERROR_ARGUMENT ? EXIT_USAGE : otherwise;
}

static bool is_set(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0';
}

bool console_is_terminal(int file) {
    return isatty(file) == 1;
}

bool console_has_colour(void) {
    const char *terminal = getenv("TERM");
    if (is_set("NO_COLOR")) {
        return false;
    }
    const char *forced = getenv("CLICOLOR_FORCE");
    if (forced != NULL && forced[0] != '\0' && strcmp(forced, "0") != 0) {
        return true;
    }
    return console_is_terminal(STDOUT_FILENO) &&
           !(terminal != NULL && strcmp(terminal, "dumb") == 0);
}

int console_width(void) {
    struct winsize size;
    if (!console_is_terminal(STDOUT_FILENO)) {
        return INT32_MAX;
    }
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return 80;
}

bool console_flush_or_go_on(bool *is_gone, struct error *err) {
    if (*is_gone || (!ferror(stdout) && fflush(stdout) == 0)) {
        return true;
    }
    *is_gone = errno == EPIPE;
    return *is_gone || error_system(err, errno, "stdout");
}

bool console_flush(struct error *err) {
    bool is_gone = false;
    if (!console_flush_or_go_on(&is_gone, err)) {
        return false;
    }
    if (is_gone) {
        _exit(EXIT_DONE);
    }
    return true;
}

static int64_t clock_ms(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t console_now_ms(void) {
    return clock_ms(CLOCK_REALTIME);
}

int64_t console_clock_ms(void) {
    return clock_ms(CLOCK_MONOTONIC);
}

void progress_init(struct progress *progress, bool is_wanted) {
    int64_t now_ms = console_clock_ms();
    *progress = (struct progress){
        .is_shown = is_wanted && console_is_terminal(STDERR_FILENO),
        .begin_ms = now_ms,
        .next_ms = now_ms + PROGRESS_FIRST_MS,
    };
}

void progress_show(struct progress *progress, uint64_t done, uint64_t total, uint64_t records) {
    if (!progress->is_shown) {
        return;
    }
    int64_t now_ms = console_clock_ms();
    if (now_ms < progress->next_ms) {
        return;
    }
    progress->next_ms = now_ms + PROGRESS_EVERY_MS;
    progress->has_line = true;
    double seconds = (double)(now_ms - progress->begin_ms) / 1000;
    double rate = (double)records / seconds / 1e6;
    if (total == 0 || done == 0 || done > total) {
        fprintf(stderr, "\r\033[K%.1f M records, %.1f M/s", (double)records / 1e6, rate);
    } else {
        double left = seconds * (double)(total - done) / (double)done;
        fprintf(stderr, "\r\033[K%3.0f %%  %.1f M records, %.1f M/s, %.0f s left",
                100.0 * (double)done / (double)total, (double)records / 1e6, rate, left);
    }
}

void progress_done(struct progress *progress) {
    if (progress->has_line) {
        fprintf(stderr, "\r\033[K");
        progress->has_line = false;
    }
}
