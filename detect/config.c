/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/config.h"

#include <xxhash.h>

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

void detector_config_init(struct detector_config *config) {
    *config = (struct detector_config){
        .cluster = bytes_text("default"),
        .window_ms = MINUTE_MS,
        .warm_up_ms = DAY_MS,
        .quiet_ms = 30 * MINUTE_MS,
        .ongoing_ms = 30 * MINUTE_MS,
        .floor_bytes_per_min = 5e6,
        .fold_min = 4,
        .memory_bytes_max = UINT64_C(128) << 20,
        .nodes_max = 65536,
    };
}

static uint64_t double_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

uint64_t detector_config_hash(const struct detector_config *config) {
    /* Every field at a fixed place; the text last, since its length varies. */
    uint8_t fields[72];
    const uint64_t values[] = {
        (uint64_t)config->window_ms,
        (uint64_t)config->warm_up_ms,
        (uint64_t)config->quiet_ms,
        (uint64_t)config->ongoing_ms,
        double_bits(config->floor_bytes_per_min),
        double_bits(config->fold_min),
        config->memory_bytes_max,
        config->nodes_max,
    };
    const size_t count = sizeof values / sizeof values[0];
    for (size_t i = 0; i < count; i++) {
        put_u64(fields + 8 * i, values[i]);
    }
    put_u64(fields + 8 * count, config->cluster.size == 0
                                    ? 0
                                    : XXH3_64bits(config->cluster.data, config->cluster.size));
    return XXH3_64bits(fields, sizeof fields);
}

bool detector_config_check(const struct detector_config *config, struct error *err) {
    const struct {
        const char *name;
        int64_t value;
        int64_t minimum;
        int64_t maximum;
    } times[] = {
        /* A window longer than an hour would not know its hour slot. */
        { "window", config->window_ms, 1000, HOUR_MS },
        { "warm-up", config->warm_up_ms, 0, 366 * DAY_MS },
        { "quiet time", config->quiet_ms, 1000, 7 * DAY_MS },
        { "ongoing time", config->ongoing_ms, 1000, 7 * DAY_MS },
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (times[i].value < times[i].minimum || times[i].value > times[i].maximum) {
            return error_set(err, ERROR_ARGUMENT, "%s: %lld ms, must be %lld to %lld ms",
                             times[i].name, (long long)times[i].value, (long long)times[i].minimum,
                             (long long)times[i].maximum);
        }
    }
    /* Written so that a NaN fails. */
    if (!(config->floor_bytes_per_min >= 0 && config->floor_bytes_per_min <= 1e15)) {
        return error_set(err, ERROR_ARGUMENT, "floor: must be 0 to 1e15 bytes a minute");
    }
    if (!(config->fold_min >= 1 && config->fold_min <= 1e6)) {
        return error_set(err, ERROR_ARGUMENT, "fold: must be 1 to 1e6");
    }
    if (config->cluster.size == 0 || config->cluster.size > 255) {
        return error_set(err, ERROR_ARGUMENT, "cluster: %zu bytes, must be 1 to 255",
                         config->cluster.size);
    }
    if (config->memory_bytes_max < UINT64_C(1) << 20) {
        return error_set(err, ERROR_ARGUMENT, "memory: %llu bytes, must be at least 1 MiB",
                         (unsigned long long)config->memory_bytes_max);
    }
    if (config->nodes_max == 0 || config->nodes_max > 1u << 24) {
        return error_set(err, ERROR_ARGUMENT, "nodes: %u, must be 1 to %u",
                         (unsigned)config->nodes_max, 1u << 24);
    }
    return true;
}
