/* SPDX-License-Identifier: Apache-2.0 */
/* Magic numbers are those of the formats' own specifications; JSON is told by keys that its records
 * cannot do without (docs.cloud.google.com, "VPC Flow Logs"; learn.microsoft.com, "Read flow
 * logs"). */
#include "ingest/foreign.h"

struct magic {
    size_t offset;
    const char *bytes;
    size_t size;
    struct foreign foreign;
};

#define MAGIC(text) (text), sizeof(text) - 1
#define TEXT_LOG "make the flow log write text, or convert its files (DuckDB: COPY ... TO ...)"
#define UNPACK "unpack it first"

static const struct magic MAGICS[] = {
    { 0, MAGIC("PAR1"), { "Apache Parquet", TEXT_LOG } },
    { 0, MAGIC("ORC"), { "Apache ORC", TEXT_LOG } },
    { 0, MAGIC("Obj\x01"), { "Apache Avro", TEXT_LOG } },
    { 0, MAGIC("ARROW1"), { "Apache Arrow", TEXT_LOG } },
    { 0, MAGIC("PK\x03\x04"), { "a zip archive", UNPACK } },
    { 0, MAGIC("BZh"), { "bzip2", UNPACK } },
    { 0,
      MAGIC("\xfd"
            "7zXZ"),
      { "xz", UNPACK } },
    { 0, MAGIC("\x04\x22\x4d\x18"), { "lz4", UNPACK } },
    { 0, MAGIC("\xff\x06\x00\x00sNaPpY"), { "framed snappy", UNPACK } },
    { 257, MAGIC("ustar"), { "a tar archive", UNPACK } },
    { 0, MAGIC("\x0c\xa5"), { "an nfdump file", "export it (nfdump -o csv): it is not read" } },
    { 0, MAGIC("\xa5\x0c"), { "an nfdump file", "export it (nfdump -o csv): it is not read" } },
    { 0, MAGIC("\xde\xad\xbe\xef"), { "a SiLK file", "export it (rwcut): it is not read" } },
    { 0,
      MAGIC("#separator"),
      { "a Zeek log", "read the flow logs or the capture it was made of" } },
    { 0,
      MAGIC("\x7f"
            "ELF"),
      { "a program", "leave it out" } },
    { 0, MAGIC("\x89PNG"), { "a picture", "leave it out" } },
    { 0, MAGIC("%PDF"), { "a PDF document", "leave it out" } },
    { 0, MAGIC("SQLite format 3"), { "an SQLite database", "leave it out" } },
    { 0, MAGIC("<?xml"), { "XML", "leave it out" } },
};

/* JSON that holds one of these words; the first that is found names it. */
static const struct {
    const char *word;
    struct foreign foreign;
} JSONS[] = {
    { "vpc_flows",
      { "Google Cloud VPC flow logs (JSON)", "leave them out: they are not read yet" } },
    { "\"jsonPayload\"", { "Google Cloud logs (JSON)", "leave them out: they are not read yet" } },
    { "FlowLogFlowEvent",
      { "Azure virtual network flow logs (JSON)", "leave them out: they are not read yet" } },
    { "NetworkSecurityGroupFlowEvent",
      { "Azure network security group flow logs (JSON)",
        "leave them out: they are not read yet" } },
    { "flowRecords", { "Azure flow logs (JSON)", "leave them out: they are not read yet" } },
    { "\"apiVersion\"",
      { "Kubernetes objects (JSON)", "give them as --inventory, not as inputs" } },
    { "\"message\"",
      { "log messages in JSON", "take them out (jq -r .message): what they hold is read then" } },
    { "\"Records\"", { "CloudTrail or S3 events (JSON)", "leave them out: they hold no flows" } },
};

/* Those of JSON: other octets below the blank are of something else. */
static bool is_blank(uint8_t octet) {
    return octet == ' ' || octet == '\t' || octet == '\r' || octet == '\n';
}

static size_t skip_blanks(struct bytes text) {
    size_t at = 0;
    if (text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
        at = 3;
    }
    while (at < text.size && is_blank(text.data[at])) {
        at++;
    }
    return at;
}

static const struct foreign *find_json(struct bytes front) {
    static const struct foreign OTHER = { "JSON of a kind that is not known",
                                          "leave it out, or make lines of text of it" };
    size_t at = skip_blanks(front);
    if (at == front.size || (front.data[at] != '{' && front.data[at] != '[')) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof JSONS / sizeof *JSONS; i++) {
        const char *word = JSONS[i].word;
        if (memmem(front.data + at, front.size - at, word, strlen(word)) != NULL) {
            return &JSONS[i].foreign;
        }
    }
    return &OTHER;
}

const struct foreign *foreign_find(struct bytes front) {
    for (size_t i = 0; i < sizeof MAGICS / sizeof *MAGICS; i++) {
        const struct magic *magic = &MAGICS[i];
        if (front.size >= magic->offset + magic->size &&
            memcmp(front.data + magic->offset, magic->bytes, magic->size) == 0) {
            return &magic->foreign;
        }
    }
    return front.size == 0 ? NULL : find_json(front);
}
