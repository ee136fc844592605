/* SPDX-License-Identifier: Apache-2.0 */
/* Ports below 1024 are servers' by convention (RFC 6335, section 6: assigned to privileged
 * services). Above, what stands here is commonly served inside a fleet, and lies mostly below the
 * ephemeral ranges of Linux (32768 to 60999) and Windows (from 49152); an entry costs a wrong guess
 * where a client happens to hold the port, so rare services are left to the use of ports
 * (detect/port_use.h). Amplifiers: US-CERT TA14-017A and later additions. */
#include "detect/service.h"

#include <string.h>

#define SERVER SERVICE_SERVER
#define AMPLIFIER SERVICE_AMPLIFIER
#define ADMIN SERVICE_ADMIN
#define MAIL SERVICE_MAIL

const struct service_row service_rows[] = {
    { 17, SERVER | AMPLIFIER, "quote of the day" },
    { 19, SERVER | AMPLIFIER, "character generator" },
    { 22, SERVER | ADMIN, "SSH" },
    { 23, SERVER | ADMIN, "Telnet" },
    { 25, SERVER | MAIL, "SMTP between servers" },
    { 53, SERVER | AMPLIFIER | SERVICE_DNS, "DNS" },
    { 111, SERVER | AMPLIFIER, "portmapper" },
    { 123, SERVER | AMPLIFIER, "NTP" },
    { 135, SERVER | ADMIN, "Windows RPC" },
    { 137, SERVER | AMPLIFIER, "NetBIOS names" },
    { 161, SERVER | AMPLIFIER, "SNMP" },
    { 389, SERVER | AMPLIFIER, "LDAP; without connection it amplifies" },
    { 445, SERVER | ADMIN, "SMB" },
    { 465, SERVER | MAIL, "SMTP over TLS" },
    { 520, SERVER | AMPLIFIER, "RIP" },
    { 587, SERVER | MAIL, "mail submission" },
    { 1433, SERVER, "SQL Server" },
    { 1521, SERVER, "Oracle" },
    { 1900, SERVER | AMPLIFIER, "SSDP" },
    { 2049, SERVER, "NFS" },
    { 2379, SERVER, "etcd clients" },
    { 2380, SERVER, "etcd peers" },
    { 3000, SERVER, "Grafana, and web applications" },
    { 3306, SERVER, "MySQL" },
    { 3333, SERVER, "mining pools (Stratum)" },
    { 3389, SERVER | ADMIN, "Windows remote desktop" },
    { 3702, SERVER | AMPLIFIER, "WS-Discovery" },
    { 4317, SERVER, "OpenTelemetry" },
    { 4444, SERVER, "mining pools, and shells that attackers open" },
    { 5000, SERVER, "container registries" },
    { 5044, SERVER, "Logstash" },
    { 5353, SERVER | AMPLIFIER, "multicast DNS" },
    { 5432, SERVER, "PostgreSQL" },
    { 5601, SERVER, "Kibana" },
    { 5672, SERVER, "AMQP" },
    { 5900, SERVER | ADMIN, "VNC" },
    { 5985, SERVER | ADMIN, "Windows remote management" },
    { 6379, SERVER, "Redis" },
    { 6443, SERVER, "the Kubernetes API" },
    { 6667, SERVER, "IRC" },
    { 8000, SERVER, "HTTP of applications" },
    { 8080, SERVER, "HTTP of applications" },
    { 8081, SERVER, "HTTP of applications" },
    { 8443, SERVER, "HTTPS of applications" },
    { 8888, SERVER, "HTTP of applications" },
    { 9000, SERVER, "object stores, PHP" },
    { 9042, SERVER, "Cassandra" },
    { 9090, SERVER, "Prometheus" },
    { 9092, SERVER, "Kafka" },
    { 9093, SERVER, "Kafka over TLS, Alertmanager" },
    { 9100, SERVER, "node exporter" },
    { 9200, SERVER, "Elasticsearch" },
    { 9300, SERVER, "Elasticsearch peers" },
    { 10250, SERVER, "kubelet" },
    { 11211, SERVER | AMPLIFIER, "memcached" },
    { 14444, SERVER, "mining pools" },
    { 27017, SERVER, "MongoDB" },
};
const size_t service_row_count = sizeof service_rows / sizeof *service_rows;

void service_map_fill(struct service_map *map) {
    memset(map->flags, SERVICE_SERVER, SERVICE_RESERVED_END);
    memset(map->flags + SERVICE_RESERVED_END, 0, sizeof map->flags - SERVICE_RESERVED_END);
    map->last = SERVICE_RESERVED_END - 1;
    for (size_t i = 0; i < service_row_count; i++) {
        map->last = service_rows[i].port > map->last ? service_rows[i].port : map->last;
        map->flags[service_rows[i].port] = service_rows[i].flags;
    }
}
