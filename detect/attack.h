/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_ATTACK_H
#define WEIR_DETECT_ATTACK_H

#include <stddef.h>

/* What MITRE ATT&CK (Enterprise) calls the techniques that rules name by their ids, for forms of
 * the alert that want the words and the tactic beside the id. A sub-technique is "T1498.001"; its
 * technique ("T1498") has a row of its own. */

#define ATTACK_ID_SIZE 16

struct attack_row {
    const char *id;
    const char *name; /* of a sub-technique: without its technique's name */
    const char *tactic_id;
    const char *tactic;
};

/* NULL when the table does not have it: then the id is all that can be said. */
const struct attack_row *attack_find(const char *id);

/* The technique of a sub-technique; of a technique: itself. Cut at ATTACK_ID_SIZE - 1 characters.
 */
void attack_technique(const char *id, char out[ATTACK_ID_SIZE]);

/* Row by row; NULL behind the last. */
const struct attack_row *attack_at(size_t index);

#endif
