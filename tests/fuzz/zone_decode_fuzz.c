/* SPDX-License-Identifier: Apache-2.0 */
/* Property: any bytes are a zone or an error; a zone's offsets are within RFC 9636's bounds at
 * every instant, and local times go back to an instant within two days. */
#include "base/zone.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct zone *zone;
    if (!zone_decode(bytes_of(data, size), "fuzz", &zone, NULL)) {
        return 0;
    }
    for (int64_t at = -INT64_C(62167219200); at < INT64_C(253402300800); at += 12345678910) {
        int32_t offset_s = zone_offset_s(zone, at);
        int64_t back = zone_to_unix_s(zone, at);
        if (offset_s < -90000 || offset_s > 93600 || back < at - 172800 || back > at + 172800) {
            abort();
        }
    }
    (void)zone_offset_s(zone, INT64_MIN);
    (void)zone_offset_s(zone, INT64_MAX / 1000);
    zone_close(zone);
    return 0;
}
