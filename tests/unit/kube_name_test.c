/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/kube_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void assert_text(struct bytes got, const char *want) {
    if (!bytes_equal(got, bytes_text(want))) {
        fail_msg("'%.*s', not '%s'", (int)got.size, (const char *)got.data, want);
    }
}

static void a_role_is_told_by_labels_of_several_makers(void **state) {
    (void)state;
    static const struct {
        const char *label, *value;
        unsigned rank;
        const char *role;
    } CASES[] = {
        { "node-role.kubernetes.io/control-plane", "", 0, "control-plane" },
        { "node-role.kubernetes.io/ingress", "true", 0, "ingress" },
        { "node-role.kubernetes.io/worker", "", 9, "worker" },
        { "node-role.kubernetes.io/node", "", 9, "node" },
        { "node-role.kubernetes.io/", "x", KUBE_ROLE_NONE, "" },
        { "kubernetes.io/role", "master", 1, "master" },
        { "kubernetes.io/role", "node", 9, "node" },
        { "kubernetes.io/role", "", KUBE_ROLE_NONE, "" },
        { "eks.amazonaws.com/nodegroup", "general", 2, "general" },
        { "eks.amazonaws.com/nodegroup", "worker", 2, "worker" }, /* a group of that name */
        { "karpenter.sh/nodepool", "spot", 3, "spot" },
        { "cloud.google.com/gke-nodepool", "batch", 4, "batch" },
        { "kubernetes.azure.com/agentpool", "pool1", 5, "pool1" },
        { "alpha.eksctl.io/nodegroup-name", "ng", 6, "ng" },
        { "kops.k8s.io/instancegroup", "nodes-a", 7, "nodes-a" },
        { "kubernetes.io/arch", "amd64", KUBE_ROLE_NONE, "" },
        { "", "", KUBE_ROLE_NONE, "" },
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct bytes role = { 0 };
        print_message("%s\n", CASES[i].label);
        assert_int_equal(kube_role(bytes_text(CASES[i].label), bytes_text(CASES[i].value), &role),
                         CASES[i].rank);
        if (CASES[i].rank != KUBE_ROLE_NONE) {
            assert_text(role, CASES[i].role);
        }
    }
}

static void a_workload_is_what_a_person_made(void **state) {
    (void)state;
    static const struct {
        const char *kind, *name, *hash, *pod, *want;
    } CASES[] = {
        { "ReplicaSet", "web-6d4b75cb6d", "6d4b75cb6d", "web-6d4b75cb6d-x2x7p", "web" },
        { "ReplicaSet", "web-6d4b75cb6d", "", "web-6d4b75cb6d-x2x7p", "web-6d4b75cb6d" },
        { "ReplicaSet", "web-6d4b75cb6d", "other", "p", "web-6d4b75cb6d" },
        { "ReplicaSet", "-abc", "abc", "p", "-abc" }, /* nothing would be left */
        { "ReplicaSet", "xabc", "abc", "p", "xabc" },
        { "StatefulSet", "db", "", "db-0", "db" },
        { "DaemonSet", "kube-proxy", "6d4b75cb6d", "kube-proxy-abcde", "kube-proxy" },
        { "Job", "report-29533210", "", "p", "report" },
        { "Job", "report-1700000000", "", "p", "report" },
        { "Job", "migrate-2026", "", "p", "migrate-2026" },
        { "Job", "import-20260225123456", "", "p", "import-20260225123456" },
        { "Job", "29533210", "", "p", "29533210" },
        { "Job", "", "", "p", "" },
        { "Node", "cp-1", "", "kube-apiserver-cp-1", "kube-apiserver" },
        { "Node", "cp-1", "", "odd", "odd" },
        { "Workflow", "etl", "", "etl-1", "etl" },
        { "", "", "", "bare", "" },
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        print_message("%s %s\n", CASES[i].kind, CASES[i].name);
        assert_text(kube_workload(bytes_text(CASES[i].kind), bytes_text(CASES[i].name),
                                  bytes_text(CASES[i].hash), bytes_text(CASES[i].pod)),
                    CASES[i].want);
    }
}

static void an_instance_is_what_the_clouds_logs_call_it(void **state) {
    (void)state;
    static const struct {
        const char *provider, *want;
    } CASES[] = {
        { "aws:///us-east-1a/i-0abc", "i-0abc" },
        { "aws://i-0abc", "i-0abc" },
        { "gce://project/zone/name", "project/zone/name" },
        { "azure:///subscriptions/s/x/vm", "/subscriptions/s/x/vm" },
        { "kind://docker/kind/worker", "docker/kind/worker" },
        { "aws://", "" },
        { "nothing", "" },
        { "", "" },
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        assert_text(kube_instance(bytes_text(CASES[i].provider)), CASES[i].want);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_role_is_told_by_labels_of_several_makers),
        cmocka_unit_test(a_workload_is_what_a_person_made),
        cmocka_unit_test(an_instance_is_what_the_clouds_logs_call_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
