/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_COMMUNITY_H
#define WEIR_FLOW_COMMUNITY_H

#include "flow/batch.h"

/* Community ID version 1 (corelight/community-id-spec): the name under which Zeek, Suricata, Arkime
 * and Elastic know a flow. Computed at output only: its SHA-1 costs about 0.3 us. */

/* "1:" + 28 characters of base64 + end. */
#define COMMUNITY_ID_SIZE 31

struct community_flow {
    struct address src;
    struct address dst;
    uint16_t src_port; /* ICMP: the type */
    uint16_t dst_port; /* ICMP: the code */
    uint8_t protocol;
};

/* Writes the id of `flow` with its end. False when libcrypto fails (then `out` is empty). */
bool community_id(const struct community_flow *flow, uint16_t seed, char out[COMMUNITY_ID_SIZE]);

/* The flow of record `i`. False when the record has no id: cloud flow logs do not tell type and
 * code of ICMP, and an id made without them would be the id of another flow. */
bool community_flow_of(const struct batch *batch, uint32_t i, struct community_flow *out);

#endif
