/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as values. All three setters build the text in a local buffer first, because their
 * arguments may point into the message that they replace. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void store(struct error *err, enum error_code code, const char *text, int length) {
    size_t size = sizeof err->message;
    err->code = code;
    memcpy(err->message, text, (size_t)length < size ? (size_t)length + 1 : size);
    if ((size_t)length >= size) {
        memcpy(err->message + size - 4, "...", 4);
    }
}

bool error_set(struct error *err, enum error_code code, const char *format, ...) {
    if (err == NULL) {
        return false;
    }
    char text[2 * ERROR_MESSAGE_SIZE];
    text[0] = '\0'; /* should the format fail */
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    store(err, code, text, length < 0 ? 0 : length);
    return false;
}

bool error_system(struct error *err, int number, const char *format, ...) {
    if (err == NULL) {
        return false;
    }
    char unknown[32];
    const char *reason = strerrordesc_np(number);
    if (reason == NULL) {
        (void)snprintf(unknown, sizeof unknown, "system error %d", number);
        reason = unknown;
    }
    /* A path that fills the message leaves room for the reason: it is what the user needs. */
    char text[ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text - strlen(reason) - 2, format, arguments);
    va_end(arguments);
    enum error_code code = ERROR_IO;
    if (number == EACCES || number == EPERM) {
        code = ERROR_DENIED;
    } else if (number == EAGAIN || number == EINTR) {
        code = ERROR_AGAIN;
    }
    return error_set(err, code, "%s: %s", text, reason);
}

bool error_context(struct error *err, const char *format, ...) {
    if (err == NULL) {
        return false;
    }
    char text[ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return error_set(err, err->code, "%s: %s", text, err->message);
}

void error_clear(struct error *err) {
    if (err != NULL) {
        err->code = ERROR_NONE;
        err->message[0] = '\0';
    }
}

const char *error_code_name(enum error_code code) {
    switch (code) {
    case ERROR_NONE: return "none";
    case ERROR_IO: return "io";
    case ERROR_FORMAT: return "format";
    case ERROR_UNSUPPORTED: return "unsupported";
    case ERROR_LIMIT: return "limit";
    case ERROR_ARGUMENT: return "argument";
    case ERROR_AGAIN: return "again";
    case ERROR_DENIED: return "denied";
    }
    return "unknown";
}
