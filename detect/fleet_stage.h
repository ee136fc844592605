/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_FLEET_STAGE_H
#define WEIR_DETECT_FLEET_STAGE_H

#include "detect/config.h"
#include "detect/fleet_incident.h"

/* The second stage: what several nodes have in common within the same minutes. It reads alerts and
 * nothing else, in their order (window, node, direction), so that it is the same whether the first
 * stage is one judge or many workers; in a replay it stands in front of the sink.
 *
 * Alerts pass through. When the same rare group of peers, or the same inbound class, opens on
 * FLEET_NODES_MIN nodes within FLEET_SPAN_MS (by the ends of their windows), a fleet incident
 * opens: one more alert, behind all others of that window, which lists the nodes. Its rule is
 * `fleet_peer` or `fleet_inbound`, its class that of its gravest member when it opened, its
 * severity the highest of its members. Every later alert, open or ongoing, of the same group or
 * class belongs to it. It says again that it goes on when its nodes have doubled, when it became
 * graver, and when it was not calm `ongoing_ms` after its last alert. It closes with the last of
 * its members' episodes, or when none of them was heard of for `ongoing_ms` + `quiet_ms`, which is
 * longer than an episode can be open in silence (alerts may be lost on their way).
 *
 * As long as the episode goes on by which a node belongs to an open incident, no alert of that
 * node, whatever it is about, recommends more than `notify`: what befalls many nodes at once is
 * hardly cured by recycling one, and recycling many takes the fleet down. The alerts by which the
 * first two nodes opened are out by then. So whoever acts upon an alert has to look at the incident
 * as well, which comes with the window of the third (docs/FORMATS.md, "Alert"). The price: a flood
 * on three nodes keeps a compromised one of them from being recycled unasked.
 *
 * What comes out is a function of the alerts that go in. Bound: FLEET_GATHERING_MAX groups and
 * classes that may become an incident (beyond it the group whose last alert is oldest is
 * forgotten), FLEET_INCIDENTS_MAX open incidents of either kind (beyond it none opens),
 * FLEET_MEMBERS_MAX nodes each; what a bound costs is counted. Some 400 bytes a node that is
 * remembered. One thread. */

#define FLEET_GATHERING_MAX 1024u
#define FLEET_INCIDENTS_MAX 64u

struct fleet_stage {
    struct alert_sink sink;
    struct bytes cluster; /* borrowed */
    int64_t window_ms;
    int64_t quiet_ms;
    int64_t ongoing_ms;
    int64_t now_ms;   /* end of the present window, in which alerts come */
    bool is_pending;  /* there were some, and what they mean for all was not yet told */
    char lineage[17]; /* of the last alert */
    struct fleet_incident **incidents; /* [count], by key; open ones and those that gather */
    uint32_t count;
    uint32_t open_count;
    uint64_t alert_count; /* of incidents */
    uint64_t dropped;     /* groups forgotten and incidents not opened at the bound */
};

/* Sends to `sink`, which is copied. Of the configuration the cluster (borrowed), window, quiet and
 * ongoing time are used. Errors: ERROR_LIMIT. `done` accepts a zeroed one. */
bool fleet_stage_init(struct fleet_stage *stage, const struct detector_config *config,
                      const struct alert_sink *sink, struct error *err);
void fleet_stage_done(struct fleet_stage *stage);

/* Where alerts go in; valid as long as the stage stays where it is. Alerts of fleet incidents pass
 * unread. Errors: ERROR_LIMIT (memory), those of the sink behind. */
struct alert_sink fleet_stage_sink(struct fleet_stage *stage);

/* Time has passed up to `until_ms`: of windows that end by then no more alerts will come. Tells
 * what the last window's alerts mean for the fleet, and closes the incidents that are due, in
 * order. A call more or less changes nothing but when alerts come out.
 *
 * To be called with the start of a window before anything of it, and with its end behind it; and
 * wherever judge_pass is. A node that is forgotten at the start of a window is closed as of that
 * moment: such an alert comes behind the call, and still belongs to the window before. Errors:
 * those of the sink. */
bool fleet_stage_pass(struct fleet_stage *stage, int64_t until_ms, struct error *err);

/* As bytes and back: now varint, pending u8, lineage string, alerts and dropped varint, then varint
 * count and the incidents in their order (fleet_incident_state.c). Reading is total, into a stage
 * that is new; what no run can have saved latches a failure, as a lack of memory does, and leaves
 * it new. */
void fleet_stage_save(const struct fleet_stage *stage, struct buffer *out);
void fleet_stage_load(struct fleet_stage *stage, struct cursor *cursor);

#endif
