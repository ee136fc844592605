/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_KUBE_NAME_H
#define WEIR_INGEST_KUBE_NAME_H

#include "base/bytes.h"

/* What names in Kubernetes objects stand for. All texts are views into the arguments. */

/* The part of a node's role that a label of it tells, and how much it counts: the smallest rank
 * wins, of equals the smallest text. KUBE_ROLE_NONE for any other label.
 *
 *   0  node-role.kubernetes.io/ROLE, but for "node" and "worker", which say nothing
 *   1  kubernetes.io/role=ROLE, but for the same two
 *   2  the node's group, since nodes of one group do the same work: of EKS, Karpenter, GKE, AKS,
 *      eksctl, kops, in this order up to 7
 *   9  "node" and "worker" after all */
#define KUBE_ROLE_NONE 255u
unsigned kube_role(struct bytes label, struct bytes value, struct bytes *role);

/* The workload of a pod whose controller has this kind and name: of a ReplicaSet its Deployment
 * (the name without "-HASH", where the pod's label pod-template-hash is HASH), of a Job that a
 * CronJob made the CronJob (the name without "-DIGITS", its time: eight to ten of them), of a
 * static pod (controller: its node) the pod's name without "-NODE", else the controller itself.
 * Empty for a pod without a controller. */
struct bytes kube_workload(struct bytes kind, struct bytes name, struct bytes hash,
                           struct bytes pod);

/* The name by which a cloud's logs know a node, from its spec.providerID:
 *
 *   aws:///us-east-1a/i-0abc        i-0abc
 *   gce://project/zone/name         project/zone/name
 *   azure:///subscriptions/...      /subscriptions/...
 *
 * Of any other scheme what stands behind "://"; empty when there is none. */
struct bytes kube_instance(struct bytes provider_id);

#endif
