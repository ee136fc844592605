/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_ERROR_H
#define WEIR_BASE_ERROR_H

#include <stdbool.h>

/* An operation that failed, as a value: a code that says what the caller can do about it, and a
 * message for a person. The caller keeps it (usually on its stack); it never allocates. */

enum error_code {
    ERROR_NONE = 0,
    ERROR_IO,          /* the system refused: disk, file, network */
    ERROR_FORMAT,      /* the bytes are not what they claim to be */
    ERROR_UNSUPPORTED, /* well formed, but a version or feature that we do not read */
    ERROR_LIMIT,       /* a bound was reached; the message names it */
    ERROR_ARGUMENT,    /* the user's input is wrong */
    ERROR_AGAIN,       /* may succeed when tried later */
    ERROR_DENIED,      /* no permission */
};

#define ERROR_MESSAGE_SIZE 256

struct error {
    enum error_code code;
    char message[ERROR_MESSAGE_SIZE];
};

/* Sets `err` (which may be NULL) and returns false, so that `return error_set(...)` ends a fallible
 * function in one line. A message longer than the buffer is cut, with "..." at its end. */
__attribute__((format(printf, 3, 4))) bool error_set(struct error *err, enum error_code code,
                                                     const char *format, ...);

/* As error_set, with ": " and the text of `number` (an errno value) behind the message. The code is
 * ERROR_DENIED for EACCES and EPERM, ERROR_AGAIN for EAGAIN and EINTR, else ERROR_IO. */
__attribute__((format(printf, 3, 4))) bool error_system(struct error *err, int number,
                                                        const char *format, ...);

/* Puts "context: " in front of the message of an error that is set; keeps its code. Returns false.
 * What does not fit is cut at the end. */
__attribute__((format(printf, 2, 3))) bool error_context(struct error *err, const char *format,
                                                         ...);

/* Forgets the error: code ERROR_NONE and an empty message. */
void error_clear(struct error *err);

/* The name of a code in lower case ("format"), for logs. */
const char *error_code_name(enum error_code code);

#endif
