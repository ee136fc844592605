/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_SERVICE_H
#define WEIR_DETECT_SERVICE_H

#include <stddef.h>
#include <stdint.h>

/* What a port says of the side that holds it. One table (service.c), from which a map of one byte a
 * port is filled, so that a conversation costs two loads and no search. Any thread reads. */

enum service_flag {
    SERVICE_SERVER = 1 << 0,    /* who holds it serves: all below 1024, and the table's others */
    SERVICE_AMPLIFIER = 1 << 1, /* answers of UDP from here are larger than what asked for them */
    SERVICE_ADMIN = 1 << 2,     /* whoever gets in over TCP commands the machine */
    SERVICE_MAIL = 1 << 3,      /* hands mail over */
    SERVICE_DNS = 1 << 4,
};

struct service_row {
    uint16_t port;
    uint8_t flags;
    const char *reason; /* who listens there, in a few words */
};

/* By port, ascending; no port twice. */
extern const struct service_row service_rows[];
extern const size_t service_row_count;

#define SERVICE_RESERVED_END 1024u

struct service_map {
    uint8_t flags[65536];
    uint16_t last; /* behind this port there is none */
};

void service_map_fill(struct service_map *map);

/* Ports of clients are many, and lie behind the last service: they do not need the cache. */
static inline uint8_t service_flags_of(const struct service_map *map, uint16_t port) {
    return map->flags[port > map->last ? UINT16_MAX : port];
}

#endif
