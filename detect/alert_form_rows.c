/* SPDX-License-Identifier: Apache-2.0 */
/* The table: what of the alert goes where in which form. Rows stand in the order of the native
 * form; an object of a form begins where the first row in it stands.
 *
 * What a form has no word for goes where it lets others put theirs: OCSF's `unmapped`, ECS's own
 * namespace `weir`. CloudEvents carries the native form whole, so only its envelope is here. In
 * Alertmanager labels say which alert it is, and only they; all else is an annotation. */
#include "detect/alert_class.h"
#include "detect/alert_form.h"
#include "flow/batch.h"

#include <math.h>

#define OCSF_CLASS_UID 2004u /* Detection Finding */
#define CLOUDEVENTS_TYPE "io.weir.alert.v1"

/* --- values -------------------------------------------------------------------------------- */

static struct alert_value nothing(void) {
    return (struct alert_value){ .kind = ALERT_VALUE_NONE };
}

static struct alert_value number(double value, unsigned decimals) {
    return isfinite(value) ? (struct alert_value){ .kind = ALERT_VALUE_NUMBER,
                                                   .decimals = decimals,
                                                   .number = value }
                           : nothing();
}

/* In the unit of the alert's feature. */
static struct alert_value value_of(const struct alert *alert, double value) {
    return number(value, alert_value_decimals(alert));
}

/* What only a feature with a baseline has. */
static struct alert_value score_of(const struct alert *alert, double score) {
    return alert->is_scored ? number(score, ALERT_RATIO_DECIMALS) : nothing();
}

static struct alert_value time_of(int64_t time_ms) {
    return (struct alert_value){ .kind = ALERT_VALUE_TIME, .time_ms = time_ms };
}

static struct alert_value truth(bool is_true) {
    return (struct alert_value){ .kind = ALERT_VALUE_BOOL, .is_true = is_true };
}

static bool has_evidence(const struct alert *alert) {
    const struct evidence_sum *total = &alert->evidence.total;
    return (total->bytes | total->packets | total->flows | alert->evidence.peer_count) != 0;
}

static double fold_of(const struct alert *alert) {
    return alert->expected > 0 ? alert->observed / alert->expected : 0;
}

/* How a state is told in OCSF. A class that joins an episode is an update of the same finding. */
struct ocsf_state {
    unsigned activity_id;
    const char *activity;
    const char *type_name;
    unsigned status_id;
    const char *status;
};

static const struct ocsf_state *ocsf_state(const struct alert *alert) {
    static const struct ocsf_state create = { 1, "Create", "Detection Finding: Create", 1, "New" };
    static const struct ocsf_state update = { 2, "Update", "Detection Finding: Update", 2,
                                              "In Progress" };
    static const struct ocsf_state end = { 3, "Close", "Detection Finding: Close", 4, "Resolved" };
    if (alert->state == ALERT_CLOSED) {
        return &end;
    }
    return strcmp(alert->id, alert->episode) == 0 ? &create : &update;
}

struct severity_words {
    unsigned ocsf;
    const char *ocsf_name;
    unsigned ecs; /* as Elastic Security weighs them */
};

static const struct severity_words *severity_words(const struct alert *alert) {
    static const struct severity_words words[] = {
        [SEVERITY_LOW] = { 2, "Low", 21 },
        [SEVERITY_MEDIUM] = { 3, "Medium", 47 },
        [SEVERITY_HIGH] = { 4, "High", 73 },
        [SEVERITY_CRITICAL] = { 5, "Critical", 99 },
    };
    return &words[(unsigned)alert->severity < 4 ? alert->severity : SEVERITY_LOW];
}

static struct alert_value confidence_score(const struct alert *alert) {
    double percent = alert->confidence * 100 + 0.5;
    return percent >= 0 && percent < 101 ? alert_value_count((uint64_t)percent) : nothing();
}

/* Low below a half, high from 0.8 on: OCSF leaves the bounds to the product. */
static unsigned confidence_id(const struct alert *alert) {
    return alert->confidence >= 0.8 ? 3 : alert->confidence >= 0.5 ? 2 : 1;
}

/* A rule that asks whether a limit is passed knows no baseline, whatever its class. */
static enum alert_analytic analytic_of(const struct alert *alert) {
    return strncmp(alert->rule, "limit_", 6) == 0 ? ALERT_ANALYTIC_RULE
                                                  : alert_class_row(alert->class_)->analytic;
}

static const char *analytic_name(const struct alert *alert) {
    static const char *const names[] = { [ALERT_ANALYTIC_RULE] = "Rule",
                                         [ALERT_ANALYTIC_BEHAVIORAL] = "Behavioral",
                                         [ALERT_ANALYTIC_STATISTICAL] = "Statistical" };
    return names[analytic_of(alert)];
}

/* From the host's point of view, as ECS says it. */
static const char *ecs_direction(const struct alert *alert) {
    return alert->direction == DIRECTION_IN    ? "ingress"
           : alert->direction == DIRECTION_OUT ? "egress"
                                               : "unknown";
}

static const char *remedy_of(const struct alert *alert) {
    switch (alert->advice) {
    case ADVICE_NONE: return NULL;
    case ADVICE_NOTIFY: return "Tell a person, who decides.";
    case ADVICE_QUARANTINE:
        return "Quarantine the node: let it talk to nobody but who looks at it.";
    case ADVICE_RECYCLE: return "Recycle the node: drain it, end it, and start another one.";
    }
    return NULL;
}

static const char *form_version(enum alert_form form) {
    return form == ALERT_FORM_OCSF  ? ALERT_FORM_OCSF_VERSION
           : form == ALERT_FORM_ECS ? ALERT_FORM_ECS_VERSION
                                    : ALERT_FORM_CLOUDEVENTS_VERSION;
}

/* A list of constant words. */
static void write_categories(const struct alert_field *field, struct json_writer *json) {
    (void)field;
    json_begin_array(json);
    json_string(json, "intrusion_detection");
    json_string(json, "network");
    json_end_array(json);
}

static void write_ecs_types(const struct alert_field *field, struct json_writer *json) {
    (void)field;
    json_begin_array(json);
    json_string(json, "info"); /* the one that both categories expect of what is not a flow */
    json_end_array(json);
}

/* --- getters ------------------------------------------------------------------------------- */

#define GETTER(name, value)                                                                        \
    static struct alert_value name(const struct alert_field *field) {                              \
        const struct alert *alert = field->alert;                                                  \
        (void)alert;                                                                               \
        return value;                                                                              \
    }

/* clang-format off */
GETTER(get_form_version, alert_value_string(form_version(field->form)))
GETTER(get_product, alert_value_string("Weir"))
GETTER(get_module, alert_value_string("weir"))
GETTER(get_dataset, alert_value_string("weir.alert"))
GETTER(get_observer_type, alert_value_string("ids"))
GETTER(get_kind, alert_value_string("alert"))
GETTER(get_categories, alert_value_written(true, write_categories))
GETTER(get_ecs_types, alert_value_written(true, write_ecs_types))
GETTER(get_category_uid, alert_value_count(2))
GETTER(get_category_name, alert_value_string("Findings"))
GETTER(get_class_uid, alert_value_count(OCSF_CLASS_UID))
GETTER(get_class_name, alert_value_string("Detection Finding"))
GETTER(get_event_type, alert_value_string(CLOUDEVENTS_TYPE))
GETTER(get_content_type, alert_value_string("application/json"))

GETTER(get_version, alert_value_count(ALERT_VERSION))
GETTER(get_version_text, alert_value_string(ALERT_VERSION_TEXT))
GETTER(get_id, alert_value_string(alert->id))
GETTER(get_lineage, alert_value_string(alert->lineage))
GETTER(get_cluster, alert_value_text(alert->cluster))
GETTER(get_start, time_of(alert->episode_start_ms))
GETTER(get_window_start, time_of(alert->window_start_ms))
GETTER(get_window_end, time_of(alert->window_end_ms))
GETTER(get_end, alert->state == ALERT_CLOSED ? time_of(alert->window_end_ms) : nothing())
GETTER(get_node, alert_value_text(alert->node))
GETTER(get_identity, alert_is_incident(alert) ? nothing() : alert_value_text(alert->identity))
GETTER(get_incident, alert_is_incident(alert) ? alert_value_text(alert->identity) : nothing())
GETTER(get_node_count, alert_value_count(alert_is_incident(alert) ? alert->node_count : 1))
GETTER(get_instance, alert_value_text(alert_instance(alert)))
GETTER(get_interface, alert_value_text(alert->interface))
GETTER(get_role, alert_value_text(alert->role))
GETTER(get_class, alert_value_string(alert->class_))
GETTER(get_title, alert_value_string(alert_class_row(alert->class_)->title))
GETTER(get_direction, alert_value_string(alert_direction_name(alert->direction)))
GETTER(get_ecs_direction, alert_value_string(ecs_direction(alert)))
GETTER(get_metric, alert_value_string(feature_rows[alert->feature].name))
GETTER(get_unit, alert_value_string(feature_rows[alert->feature].unit))
GETTER(get_observed, value_of(alert, alert->observed))
GETTER(get_expected, value_of(alert, alert->expected))
GETTER(get_fold, number(fold_of(alert), ALERT_RATIO_DECIMALS))
GETTER(get_score, number(alert->score, ALERT_RATIO_DECIMALS))
GETTER(get_peak, alert->has_peak ? value_of(alert, alert->peak) : nothing())
GETTER(get_over_hour, score_of(alert, alert->score))
GETTER(get_over_record, score_of(alert, alert->over_record))
GETTER(get_deviations, score_of(alert, alert->deviations))
GETTER(get_severity, alert_value_string(alert_severity_name(alert->severity)))
GETTER(get_severity_id, alert_value_count(field->form == ALERT_FORM_OCSF
                                              ? severity_words(alert)->ocsf
                                              : severity_words(alert)->ecs))
GETTER(get_severity_name, alert_value_string(severity_words(alert)->ocsf_name))
GETTER(get_confidence, number(alert->confidence, ALERT_RATIO_DECIMALS))
GETTER(get_confidence_score, confidence_score(alert))
GETTER(get_confidence_id, alert_value_count(confidence_id(alert)))
GETTER(get_state, alert_value_string(alert_state_name(alert->state)))
GETTER(get_activity_id, alert_value_count(ocsf_state(alert)->activity_id))
GETTER(get_activity, alert_value_string(ocsf_state(alert)->activity))
GETTER(get_type_uid, alert_value_count(OCSF_CLASS_UID * 100 + ocsf_state(alert)->activity_id))
GETTER(get_type_name, alert_value_string(ocsf_state(alert)->type_name))
GETTER(get_status_id, alert_value_count(ocsf_state(alert)->status_id))
GETTER(get_status, alert_value_string(ocsf_state(alert)->status))
GETTER(get_is_alert, truth(alert->state != ALERT_CLOSED))
GETTER(get_episode, alert_value_string(alert->episode))
GETTER(get_windows_over, alert->windows_over > 0 ? alert_value_count(alert->windows_over) : nothing())
GETTER(get_bytes, has_evidence(alert) ? alert_value_count(alert->evidence.total.bytes) : nothing())
GETTER(get_packets, has_evidence(alert) ? alert_value_count(alert->evidence.total.packets) : nothing())
GETTER(get_flows, has_evidence(alert) ? alert_value_count(alert->evidence.total.flows) : nothing())
GETTER(get_peer_count, has_evidence(alert) ? alert_value_count(alert->evidence.peer_count) : nothing())
GETTER(get_is_cut, has_evidence(alert) ? truth(alert->evidence.is_cut) : nothing())
GETTER(get_rule, alert_value_string(alert->rule))
GETTER(get_ruleset, alert_value_string("weir"))
GETTER(get_analytic_id, alert_value_count(analytic_of(alert)))
GETTER(get_analytic, alert_value_string(analytic_name(alert)))
GETTER(get_threshold, value_of(alert, alert->threshold))
GETTER(get_low, value_of(alert, alert->low))
GETTER(get_high, value_of(alert, alert->high))
GETTER(get_record, alert->is_scored ? value_of(alert, alert->record) : nothing())
GETTER(get_age, alert_value_count((uint64_t)(alert->baseline_age_ms > 0 ? alert->baseline_age_ms / 1000 : 0)))
GETTER(get_samples, alert_value_count(alert->baseline_samples))
GETTER(get_state_age, alert_value_string(alert->is_warm ? "warm" : "cold"))
GETTER(get_advice, alert_value_string(alert_advice_name(alert->advice)))
GETTER(get_announced, alert_value_text(alert->announced))
GETTER(get_remedy, alert_value_string(remedy_of(alert)))

/* --- the table ----------------------------------------------------------------------------- */

#define ROW(field, getter, alertmanager, ocsf, ecs, cloudevents) \
    { (field), (getter), { [ALERT_FORM_ALERTMANAGER] = (alertmanager), [ALERT_FORM_OCSF] = (ocsf), \
                           [ALERT_FORM_ECS] = (ecs), [ALERT_FORM_CLOUDEVENTS] = (cloudevents) } }

static const struct alert_form_row rows[] = {
    /*  field                what                            Alertmanager                      OCSF                              ECS                                   CloudEvents */
    ROW("version of the form", get_form_version,             NULL,                             "metadata.version",               "ecs.version",                        "specversion"),
    ROW("`Weir`",            get_product,                    NULL,                             "metadata.product.name",          "observer.product",                   NULL),
    ROW("`Weir`",            get_product,                    NULL,                             "metadata.product.vendor_name",   "observer.vendor",                    NULL),
    ROW("`ids`",             get_observer_type,              NULL,                             NULL,                             "observer.type",                      NULL),
    ROW("`alert`",           get_kind,                       NULL,                             NULL,                             "event.kind",                         NULL),
    ROW("`intrusion_detection`, `network`", get_categories,  NULL,                             NULL,                             "event.category",                     NULL),
    ROW("`info`",            get_ecs_types,                  NULL,                             NULL,                             "event.type",                         NULL),
    ROW("`weir`",            get_module,                     NULL,                             NULL,                             "event.module",                       NULL),
    ROW("`weir.alert`",      get_dataset,                    NULL,                             NULL,                             "event.dataset",                      NULL),
    ROW("2, `Findings`",     get_category_uid,               NULL,                             "category_uid",                   NULL,                                 NULL),
    ROW("2, `Findings`",     get_category_name,              NULL,                             "category_name",                  NULL,                                 NULL),
    ROW("2004, `Detection Finding`", get_class_uid,          NULL,                             "class_uid",                      NULL,                                 NULL),
    ROW("2004, `Detection Finding`", get_class_name,         NULL,                             "class_name",                     NULL,                                 NULL),
    ROW("`io.weir.alert.v1`", get_event_type,                NULL,                             NULL,                             NULL,                                 "type"),
    ROW("`application/json`", get_content_type,              NULL,                             NULL,                             NULL,                                 "datacontenttype"),
    ROW("v",                 get_version,                    NULL,                             NULL,                             "weir.v",                             NULL),
    ROW("v",                 get_version_text,               NULL,                             "metadata.log_version",           NULL,                                 NULL),
    ROW("name of the class", alert_field_alert_name,         "labels.alertname",               NULL,                             NULL,                                 NULL),
    ROW("id",                get_id,                         "annotations.id",                 "metadata.uid",                   "event.id",                           "id"),
    ROW("lineage",           get_lineage,                    "annotations.lineage",            "unmapped.lineage",               "weir.lineage",                       NULL),
    ROW("cluster",           get_cluster,                    "labels.cluster",                 "unmapped.cluster",               "orchestrator.cluster.name",          NULL),
    ROW("cluster",           alert_field_source,             NULL,                             NULL,                             NULL,                                 "source"),
    ROW("time",              get_window_end,                 NULL,                             "time",                           "@timestamp",                         "time"),
    ROW("window_start",      get_window_start,               "annotations.window_start",       "start_time",                     "event.start",                        NULL),
    ROW("window_end",        get_window_end,                 "annotations.window_end",         "end_time",                       "event.end",                          NULL),
    ROW("window_end of a closed alert", get_end,             "endsAt",                         NULL,                             NULL,                                 NULL),
    ROW("node, node_ref.name", get_node,                     "labels.node",                    NULL,                             "host.name",                          NULL),
    ROW("node, or the incident's identity", alert_field_subject,            NULL,                             NULL,                             NULL,                                 "subject"),
    ROW("node or nodes",     alert_field_hosts,              NULL,                             NULL,                             "related.hosts",                      NULL),
    ROW("nodes",             alert_field_nodes,              "annotations.nodes",              NULL,                             NULL,                                 NULL),
    ROW("node_count",        get_node_count,                 "annotations.node_count",         "unmapped.node_count",            "weir.node_count",                    NULL),
    ROW("node, node_ref, nodes, role", alert_field_resources, NULL,                            "resources",                      NULL,                                 NULL),
    ROW("node_ref.identity of an incident", get_incident,    "labels.incident",                "unmapped.incident",              "weir.incident",                      NULL),
    ROW("node_ref.identity", get_identity,                   "annotations.identity",           NULL,                             "host.id",                            NULL),
    ROW("node_ref.instance", get_instance,                   "annotations.instance",           NULL,                             "cloud.instance.id",                  NULL),
    ROW("node_ref.addresses", alert_field_addresses,         "annotations.addresses",          NULL,                             "host.ip",                            NULL),
    ROW("node_ref.interface", get_interface,                 "annotations.interface",          "unmapped.interface",             "weir.interface",                     NULL),
    ROW("role",              get_role,                       "annotations.role",               NULL,                             "weir.role",                          NULL),
    ROW("class",             get_class,                      "labels.class",                   "finding_info.analytic.category", "rule.category",                      NULL),
    ROW("class",             alert_field_types,              NULL,                             "finding_info.types",             NULL,                                 NULL),
    ROW("title of the class", get_title,                     "annotations.summary",            "finding_info.title",             "rule.name",                          NULL),
    ROW("title of the class", get_title,                     NULL,                             "finding_info.analytic.name",     NULL,                                 NULL),
    ROW("the alert in a sentence", alert_field_message,      "annotations.description",        "message",                        "message",                            NULL),
    ROW("--alert-url",       alert_field_link,               "generatorURL",                   "finding_info.src_url",           "event.url",                          NULL),
    ROW("direction",         get_direction,                  "labels.direction",               "unmapped.direction",             "weir.direction",                     NULL),
    ROW("direction",         get_ecs_direction,              NULL,                             NULL,                             "network.direction",                  NULL),
    ROW("metric",            get_metric,                     "annotations.metric",             NULL,                             "weir.metric",                        NULL),
    ROW("unit",              get_unit,                       "annotations.unit",               NULL,                             "weir.unit",                          NULL),
    ROW("observed",          get_observed,                   "annotations.observed",           NULL,                             "weir.observed",                      NULL),
    ROW("peak",              get_peak,                       "annotations.peak",               "unmapped.peak",                  "weir.peak",                          NULL),
    ROW("expected, baseline.expected", get_expected,                  "annotations.expected",           NULL,                             "weir.expected",                      NULL),
    ROW("metric, unit, observed, expected, baseline", alert_field_anomalies, NULL,                       "anomaly_analyses",               NULL,                                 NULL),
    ROW("fold",              get_fold,                       "annotations.fold",               "unmapped.fold",                  "weir.fold",                          NULL),
    ROW("score",             get_score,                      "annotations.score",              "unmapped.score",                 "weir.score",                         NULL),
    ROW("scores.over_hour",  get_over_hour,                  "annotations.over_hour",          "unmapped.scores.over_hour",      "weir.scores.over_hour",              NULL),
    ROW("scores.over_record", get_over_record,               "annotations.over_record",        "unmapped.scores.over_record",    "weir.scores.over_record",            NULL),
    ROW("scores.deviations", get_deviations,                 "annotations.deviations",         "unmapped.scores.deviations",     "weir.scores.deviations",             NULL),
    ROW("severity",          get_severity,                   "labels.severity",                NULL,                             "weir.severity",                      NULL),
    ROW("severity",          get_severity_id,                NULL,                             "severity_id",                    "event.severity",                     NULL),
    ROW("severity",          get_severity_name,              NULL,                             "severity",                       NULL,                                 NULL),
    ROW("confidence",        get_confidence,                 "annotations.confidence",         NULL,                             "weir.confidence",                    NULL),
    ROW("confidence",        get_confidence_score,           NULL,                             "confidence_score",               NULL,                                 NULL),
    ROW("confidence",        get_confidence_id,              NULL,                             "confidence_id",                  NULL,                                 NULL),
    ROW("state",             get_state,                      "annotations.state",              NULL,                             "event.action",                       NULL),
    ROW("state",             get_activity_id,                NULL,                             "activity_id",                    NULL,                                 NULL),
    ROW("state",             get_activity,                   NULL,                             "activity_name",                  NULL,                                 NULL),
    ROW("state",             get_type_uid,                   NULL,                             "type_uid",                       NULL,                                 NULL),
    ROW("state",             get_type_name,                  NULL,                             "type_name",                      NULL,                                 NULL),
    ROW("state",             get_status_id,                  NULL,                             "status_id",                      NULL,                                 NULL),
    ROW("state",             get_status,                     NULL,                             "status",                         NULL,                                 NULL),
    ROW("state",             get_is_alert,                   NULL,                             "is_alert",                       NULL,                                 NULL),
    ROW("episode",           get_episode,                    "annotations.episode",            "finding_info.uid",               "weir.episode",                       NULL),
    ROW("episode_start",     get_start,                      "startsAt",                       "finding_info.first_seen_time",   "weir.episode_start",                 NULL),
    ROW("windows_over",      get_windows_over,               "annotations.windows_over",       "unmapped.windows_over",          "weir.windows_over",                  NULL),
    ROW("evidence.bytes",    get_bytes,                      "annotations.bytes",              "unmapped.evidence.bytes",        "weir.evidence.bytes",                NULL),
    ROW("evidence.packets",  get_packets,                    "annotations.packets",            "unmapped.evidence.packets",      "weir.evidence.packets",              NULL),
    ROW("evidence.flows",    get_flows,                      "annotations.flows",              "unmapped.evidence.flows",        "weir.evidence.flows",                NULL),
    ROW("evidence.peer_count", get_peer_count,               "annotations.peer_count",         "unmapped.evidence.peer_count",   "weir.evidence.peer_count",           NULL),
    ROW("evidence.peers",    alert_field_peers,              "annotations.peers",              "unmapped.evidence.peers",        "weir.evidence.peers",                NULL),
    ROW("evidence.ports",    alert_field_ports,              "annotations.ports",              "unmapped.evidence.ports",        "weir.evidence.ports",                NULL),
    ROW("evidence.protocols", alert_field_protocols,         NULL,                             "unmapped.evidence.protocols",    "weir.evidence.protocols",            NULL),
    ROW("evidence.keys",     alert_field_keys,               NULL,                             NULL,                             "weir.evidence.keys",                 NULL),
    ROW("evidence.keys, community_ids", alert_field_evidences,          NULL,                             "evidences",                      NULL,                                 NULL),
    ROW("evidence.keys, rare_peer", alert_field_observables,        NULL,                             "observables",                    NULL,                                 NULL),
    ROW("first of evidence.keys", alert_field_source_address, NULL,                            NULL,                             "source.ip",                          NULL),
    ROW("first of evidence.keys", alert_field_source_port,   NULL,                             NULL,                             "source.port",                        NULL),
    ROW("first of evidence.keys", alert_field_source_bytes,  NULL,                             NULL,                             "source.bytes",                       NULL),
    ROW("first of evidence.keys", alert_field_source_packets, NULL,                            NULL,                             "source.packets",                     NULL),
    ROW("first of evidence.keys", alert_field_destination_address, NULL,                       NULL,                             "destination.ip",                     NULL),
    ROW("first of evidence.keys", alert_field_destination_port, NULL,                          NULL,                             "destination.port",                   NULL),
    ROW("first of evidence.keys", alert_field_transport,     NULL,                             NULL,                             "network.transport",                  NULL),
    ROW("first of evidence.keys", alert_field_protocol_number, NULL,                           NULL,                             "network.iana_number",                NULL),
    ROW("first of evidence.keys", alert_field_ip_version,    NULL,                             NULL,                             "network.type",                       NULL),
    ROW("node_ref.addresses, peers, keys, rare_peer", alert_field_related_addresses, NULL,                NULL,                             "related.ip",                         NULL),
    ROW("evidence.rare_group", alert_field_rare_group,       "annotations.rare_group",         "unmapped.evidence.rare_group",   "weir.evidence.rare_group",           NULL),
    ROW("evidence.rare_peer", alert_field_rare_peer,         "annotations.rare_peer",          "unmapped.evidence.rare_peer",    "weir.evidence.rare_peer",            NULL),
    ROW("evidence.is_cut",   get_is_cut,                     NULL,                             "unmapped.evidence.is_cut",       "weir.evidence.is_cut",               NULL),
    ROW("evidence.flowq",    alert_field_flowq,              "annotations.flowq",              "unmapped.evidence.flowq",        "weir.evidence.flowq",                NULL),
    ROW("rule",              get_rule,                       "annotations.rule",               "finding_info.analytic.uid",      "rule.id",                            NULL),
    ROW("`weir`",            get_ruleset,                    NULL,                             NULL,                             "rule.ruleset",                       NULL),
    ROW("kind of the rule",  get_analytic_id,                NULL,                             "finding_info.analytic.type_id",  NULL,                                 NULL),
    ROW("kind of the rule",  get_analytic,                   NULL,                             "finding_info.analytic.type",     NULL,                                 NULL),
    ROW("parameters",        alert_field_parameters,         "annotations.parameters",         "unmapped.parameters",            "weir.parameters",                    NULL),
    ROW("threshold",         get_threshold,                  "annotations.threshold",          "unmapped.threshold",             "weir.threshold",                     NULL),
    ROW("baseline.low",      get_low,                        "annotations.baseline_low",       NULL,                             "weir.baseline.low",                  NULL),
    ROW("baseline.high",     get_high,                       "annotations.baseline_high",      NULL,                             "weir.baseline.high",                 NULL),
    ROW("baseline.record",   get_record,                     "annotations.baseline_record",    NULL,                             "weir.baseline.record",               NULL),
    ROW("baseline.age",      get_age,                        "annotations.baseline_age",       "unmapped.baseline.age",          "weir.baseline.age",                  NULL),
    ROW("baseline.samples",  get_samples,                    "annotations.baseline_samples",   "unmapped.baseline.samples",      "weir.baseline.samples",              NULL),
    ROW("quality",           alert_field_quality,            "annotations.quality",            "unmapped.quality",               "weir.quality",                       NULL),
    ROW("state_age",         get_state_age,                  "annotations.state_age",          "unmapped.state_age",             "weir.state_age",                     NULL),
    ROW("attack",            alert_field_attack,             "annotations.attack",             NULL,                             NULL,                                 NULL),
    ROW("attack",            alert_field_attacks,            NULL,                             "finding_info.attacks",           NULL,                                 NULL),
    ROW("attack",            alert_field_framework,          NULL,                             NULL,                             "threat.framework",                   NULL),
    ROW("attack",            alert_field_tactic_ids,         NULL,                             NULL,                             "threat.tactic.id",                   NULL),
    ROW("attack",            alert_field_tactic_names,       NULL,                             NULL,                             "threat.tactic.name",                 NULL),
    ROW("attack",            alert_field_technique_ids,      NULL,                             NULL,                             "threat.technique.id",                NULL),
    ROW("attack",            alert_field_technique_names,    NULL,                             NULL,                             "threat.technique.name",              NULL),
    ROW("attack",            alert_field_subtechnique_ids,   NULL,                             NULL,                             "threat.technique.subtechnique.id",   NULL),
    ROW("attack",            alert_field_subtechnique_names, NULL,                             NULL,                             "threat.technique.subtechnique.name", NULL),
    ROW("community_ids",     alert_field_community_ids,      "annotations.community_ids",      NULL,                             "weir.community_ids",                 NULL),
    ROW("first of community_ids", alert_field_community_id,  NULL,                             NULL,                             "network.community_id",               NULL),
    ROW("recommended_action", get_advice,                    "annotations.recommended_action", "unmapped.recommended_action",    "weir.recommended_action",            NULL),
    ROW("recommended_action", get_remedy,                    NULL,                             "remediation.desc",               NULL,                                 NULL),
    ROW("announced",         get_announced,                  "annotations.announced",          "unmapped.announced",             "weir.announced",                     NULL),
    ROW("the native form",   alert_field_native,             NULL,                             NULL,                             NULL,                                 "data"),
};
/* clang-format on */

const struct alert_form_row *alert_form_row(size_t index) {
    return index < sizeof rows / sizeof *rows ? &rows[index] : NULL;
}
