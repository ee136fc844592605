/* SPDX-License-Identifier: Apache-2.0 */
/* Property: any text is a time in range or an error with a message; what was read prints, and reads
 * back as the same instant, in any zone. The first byte chooses the zone and whether there is data.
 */
#include "base/time.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_true) {
    if (!is_true) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct zone *zones[4];
    static const char *const names[] = { "UTC", "Europe/Berlin", "-09:30", "Australia/Lord_Howe" };
    if (size == 0) {
        return 0;
    }
    unsigned choice = data[0] & 3;
    if (choice != 0 && zones[choice] == NULL) {
        check(zone_open(names[choice], &zones[choice], NULL));
    }
    struct time_context context = {
        .now_ms = INT64_C(1795516215250),
        .end_ms = data[0] & 4 ? TIME_UNKNOWN : INT64_C(1795478400000),
        .zone = zones[choice],
    };
    struct error err = { 0 };
    int64_t ms;
    if (!time_parse(bytes_of(data + 1, size - 1), &context, &ms, &err)) {
        check(err.code == ERROR_ARGUMENT && err.message[0] == '\'');
        return 0;
    }
    check(ms >= TIME_MIN_MS && ms <= TIME_MAX_MS);
    char text[TIME_TEXT_SIZE];
    size_t length = time_format(ms, context.zone, text);
    check(length == strlen(text));
    int64_t back;
    if (text[0] != '-' &&
        text[0] != '+') { /* not beside the ends, where the zone leaves the years */
        check(time_parse(bytes_of(text, length), &context, &back, NULL) && back == ms);
    }
    return 0;
}
