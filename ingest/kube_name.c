/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: "Well-Known Labels, Annotations and Taints" (Kubernetes), the CronJob controller's
 * naming of Jobs (minutes since 1970, before 1.21 seconds), and each cloud's controller manager for
 * providerID. */
#include "ingest/kube_name.h"

#define ROLE_PREFIX "node-role.kubernetes.io/"
#define RANK_GENERIC 9u

static const struct {
    const char *label;
    unsigned rank;
} ROLE_LABELS[] = {
    { "kubernetes.io/role", 1 },
    { "eks.amazonaws.com/nodegroup", 2 },
    { "karpenter.sh/nodepool", 3 },
    { "cloud.google.com/gke-nodepool", 4 },
    { "kubernetes.azure.com/agentpool", 5 },
    { "alpha.eksctl.io/nodegroup-name", 6 },
    { "kops.k8s.io/instancegroup", 7 },
};

static bool is_text(struct bytes bytes, const char *text) {
    return bytes_equal(bytes, bytes_text(text));
}

unsigned kube_role(struct bytes label, struct bytes value, struct bytes *role) {
    struct bytes prefix = bytes_text(ROLE_PREFIX);
    unsigned rank = KUBE_ROLE_NONE;
    if (label.size > prefix.size && memcmp(label.data, prefix.data, prefix.size) == 0) {
        *role = bytes_of(label.data + prefix.size, label.size - prefix.size);
        rank = 0;
    } else if (value.size > 0) {
        *role = value;
        for (size_t i = 0; i < sizeof ROLE_LABELS / sizeof ROLE_LABELS[0]; i++) {
            rank = is_text(label, ROLE_LABELS[i].label) ? ROLE_LABELS[i].rank : rank;
        }
    }
    bool is_generic = rank < 2 && (is_text(*role, "node") || is_text(*role, "worker"));
    return is_generic ? RANK_GENERIC : rank;
}

/* `text` without `end` and the dash in front of it; `text` where it does not end so. */
static struct bytes without_end(struct bytes text, struct bytes end) {
    if (end.size == 0 || text.size < end.size + 2) {
        return text;
    }
    size_t left = text.size - end.size - 1;
    bool has_end = text.data[left] == '-' && memcmp(text.data + left + 1, end.data, end.size) == 0;
    return has_end ? bytes_of(text.data, left) : text;
}

static struct bytes without_time(struct bytes job) {
    size_t digits = 0;
    while (digits < job.size && job.data[job.size - 1 - digits] >= '0' &&
           job.data[job.size - 1 - digits] <= '9') {
        digits++;
    }
    bool is_time = digits >= 8 && digits <= 10;
    return is_time ? without_end(job, bytes_of(job.data + job.size - digits, digits)) : job;
}

struct bytes kube_workload(struct bytes kind, struct bytes name, struct bytes hash,
                           struct bytes pod) {
    if (is_text(kind, "ReplicaSet")) {
        return without_end(name, hash);
    }
    if (is_text(kind, "Job")) {
        return without_time(name);
    }
    return is_text(kind, "Node") ? without_end(pod, name) : name;
}

struct bytes kube_instance(struct bytes provider_id) {
    const uint8_t *mark =
        provider_id.size == 0 ? NULL : memmem(provider_id.data, provider_id.size, "://", 3);
    if (mark == NULL) {
        return (struct bytes){ 0 };
    }
    size_t first = (size_t)(mark - provider_id.data) + 3;
    struct bytes rest = bytes_of(provider_id.data + first, provider_id.size - first);
    bool is_aws = first == 6 && memcmp(provider_id.data, "aws", 3) == 0;
    const uint8_t *slash = is_aws && rest.size > 0 ? memrchr(rest.data, '/', rest.size) : NULL;
    if (slash == NULL) {
        return rest;
    }
    size_t used = (size_t)(slash - rest.data) + 1;
    return bytes_of(slash + 1, rest.size - used);
}
