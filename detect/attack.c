/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/attack.h"

#include <string.h>

#define CREDENTIALS "TA0006", "Credential Access"
#define DISCOVERY "TA0007", "Discovery"
#define LATERAL "TA0008", "Lateral Movement"
#define EXFILTRATION "TA0010", "Exfiltration"
#define COMMAND "TA0011", "Command and Control"
#define IMPACT "TA0040", "Impact"
#define RESOURCES "TA0042", "Resource Development"
#define RECONNAISSANCE "TA0043", "Reconnaissance"

/* The names as of ATT&CK 16. A technique that serves several tactics stands under the one that a
 * rule would name it for. */
static const struct attack_row rows[] = {
    { "T1021", "Remote Services", LATERAL },
    { "T1029", "Scheduled Transfer", EXFILTRATION },
    { "T1030", "Data Transfer Size Limits", EXFILTRATION },
    { "T1041", "Exfiltration Over C2 Channel", EXFILTRATION },
    { "T1046", "Network Service Discovery", DISCOVERY },
    { "T1048", "Exfiltration Over Alternative Protocol", EXFILTRATION },
    { "T1048.003", "Exfiltration Over Unencrypted Non-C2 Protocol", EXFILTRATION },
    { "T1071", "Application Layer Protocol", COMMAND },
    { "T1071.003", "Mail Protocols", COMMAND },
    { "T1071.004", "DNS", COMMAND },
    { "T1110", "Brute Force", CREDENTIALS },
    { "T1496", "Resource Hijacking", IMPACT },
    { "T1496.002", "Bandwidth Hijacking", IMPACT },
    { "T1498", "Network Denial of Service", IMPACT },
    { "T1498.001", "Direct Network Flood", IMPACT },
    { "T1498.002", "Reflection Amplification", IMPACT },
    { "T1499", "Endpoint Denial of Service", IMPACT },
    { "T1499.001", "OS Exhaustion Flood", IMPACT },
    { "T1499.002", "Service Exhaustion Flood", IMPACT },
    { "T1499.003", "Application Exhaustion Flood", IMPACT },
    { "T1537", "Transfer Data to Cloud Account", EXFILTRATION },
    { "T1567", "Exfiltration Over Web Service", EXFILTRATION },
    { "T1568", "Dynamic Resolution", COMMAND },
    { "T1571", "Non-Standard Port", COMMAND },
    { "T1572", "Protocol Tunneling", COMMAND },
    { "T1586", "Compromise Accounts", RESOURCES },
    { "T1595", "Active Scanning", RECONNAISSANCE },
    { "T1595.001", "Scanning IP Blocks", RECONNAISSANCE },
};

const struct attack_row *attack_at(size_t index) {
    return index < sizeof rows / sizeof *rows ? &rows[index] : NULL;
}

const struct attack_row *attack_find(const char *id) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].id, id) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

void attack_technique(const char *id, char out[ATTACK_ID_SIZE]) {
    size_t size = strcspn(id, ".");
    size = size < ATTACK_ID_SIZE - 1 ? size : ATTACK_ID_SIZE - 1;
    memcpy(out, id, size);
    out[size] = '\0';
}
