/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_DETECTOR_STATE_H
#define WEIR_DETECT_DETECTOR_STATE_H

#include "detect/detector_parts.h"

/* What saving and loading share of the detector's bytes: docs/FORMATS.md, "Detector state". The
 * order of everything follows from what is said, never from ids or arrival: nodes and points by
 * name, windows by number, cells by point, strands merged and by (point, hash, key). So equal
 * states are equal bytes, and a run that is saved and loaded goes on as one that was not. */

#define STATE_MAGIC UINT64_C(0x0054454452494557) /* "WEIRDET\0" */
#define STATE_VERSION 2u
#define CHECKSUM_SIZE 8u
/* A strand's first byte: direction (2 bits), is_rejected, IPv4 local, IPv4 peer, and this. 0 ends.
 */
#define STRAND_MARK 0x80u
#define STRAND_REJECTED 0x04u
#define STRAND_LOCAL_IPV4 0x08u
#define STRAND_PEER_IPV4 0x10u
#define STRAND_MARKS (STRAND_MARK | STRAND_REJECTED | STRAND_LOCAL_IPV4 | STRAND_PEER_IPV4 | 3u)
#define CELL_MARKS (METRIC_OBSERVED | METRIC_SKIPPED | METRIC_SAMPLED)

#endif
