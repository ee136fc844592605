/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/config.h"

#include "detect/say.h"

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
        .memory_bytes_max = UINT64_C(128) << 20,
        .conversations_max = 1u << 20,
        .groups_max = 1u << 18,
        .nodes_max = 65536,
    };
    rule_params_init(&config->rules);
}

uint64_t detector_config_hash(const struct detector_config *config) {
    /* Every field at a fixed place; the text last, since its length varies. */
    uint8_t fields[88];
    const uint64_t values[] = {
        (uint64_t)config->window_ms,
        (uint64_t)config->warm_up_ms,
        (uint64_t)config->quiet_ms,
        (uint64_t)config->ongoing_ms,
        rule_params_hash(&config->rules),
        config->memory_bytes_max,
        config->conversations_max,
        config->groups_max,
        config->nodes_max,
        config->say == NULL ? 0 : say_hash(config->say),
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
    if (!rule_params_check(&config->rules, err)) {
        return false;
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
    const struct {
        const char *name;
        uint32_t value;
    } tables[] = {
        { "open conversations", config->conversations_max },
        { "peer groups", config->groups_max },
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (tables[i].value < 1024 || tables[i].value > 1u << 24) {
            return error_set(err, ERROR_ARGUMENT, "%s: %u, must be 1024 to %u", tables[i].name,
                             (unsigned)tables[i].value, 1u << 24);
        }
    }
    return true;
}
