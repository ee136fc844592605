/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_INITIATOR_H
#define WEIR_DETECT_INITIATOR_H

#include <stdbool.h>
#include <stdint.h>

/* Who opened a conversation, guessed from what is known of it so far. The first rule that applies
 * decides. Any thread; a function of its arguments. */

/* The two sides of a conversation, from where we look. What a side sent is "in" for the peer's and
 * "out" for ours, so a side is also the index of a way: [0] in, [1] out. */
enum side { SIDE_PEER = 0, SIDE_LOCAL = 1 };

enum initiator_rule {
    INITIATOR_BY_FLAGS,     /* a side sent SYN without ACK, or SYN with ACK and the other no SYN */
    INITIATOR_BY_INGRESS,   /* UDP that we never answered: the peer's, whatever its ports, or
                               reflected answers would look like answers */
    INITIATOR_BY_ONE_SIDE,  /* TCP of one side: who holds the only service port serves, also when it
                               is the one that sent (a log of half a conversation); else who sent */
    INITIATOR_BY_SERVICE,   /* one service port: the other side */
    INITIATOR_BY_USE,       /* one port is used far more often: the other side */
    INITIATOR_BY_START,     /* who sent first */
    INITIATOR_BY_LOWER_PORT /* the lower port serves; the peer opens when they are equal */
};
#define INITIATOR_RULE_COUNT 7

/* A port that at least so many conversations used, and more than so many times as many as used the
 * other, serves. */
#define INITIATOR_USES_MIN 8u
#define INITIATOR_USES_FOLD 4u

/* Arrays are by side. */
struct initiator_view {
    uint16_t ports[2];
    uint32_t uses[2];   /* conversations of the last day with this port on this side */
    uint8_t flags[2];   /* TCP flags that the side sent, ORed; 0 where the source tells none */
    bool has_sent[2];   /* at least one is true */
    bool is_service[2]; /* the side's port is a service port */
    bool is_first[2];   /* the side sent before the other did; both false: at one moment */
    uint8_t protocol;
};

struct initiator_guess {
    enum side side;
    enum initiator_rule rule;
};

struct initiator_guess initiator_guess(const struct initiator_view *view);

/* Whether the ports' use can matter: neither or both are service ports. */
static inline bool initiator_asks_use(const struct initiator_view *view) {
    return view->is_service[0] == view->is_service[1];
}

/* The same as initiator_guess, without its branches, where neither side is known to have sent SYN
 * and one of them alone holds a service port, `peer_serves` the peer: what most conversations of
 * logs without flags are. */
static inline struct initiator_guess initiator_guess_plainly(uint8_t protocol, bool peer_sent,
                                                             bool local_sent, bool peer_serves) {
    bool is_ingress = (protocol == 17) & !local_sent;
    bool is_one_side = (protocol == 6) & (peer_sent != local_sent);
    enum initiator_rule rule = is_one_side ? INITIATOR_BY_ONE_SIDE : INITIATOR_BY_SERVICE;
    return (struct initiator_guess){
        .side = (enum side)(peer_serves & !is_ingress),
        .rule = is_ingress ? INITIATOR_BY_INGRESS : rule,
    };
}

const char *initiator_rule_name(enum initiator_rule rule);

#endif
