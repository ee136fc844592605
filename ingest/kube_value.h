/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_KUBE_VALUE_H
#define WEIR_INGEST_KUBE_VALUE_H

#include "ingest/kube_object.h"

/* Reads the value that comes next, of one of an object's fields. Nothing is returned: the reader
 * keeps its error, and the first value that is none of its kind is noted as the object's fault;
 * both are looked at once, at the object's end. An empty text, null, or a value that is no text
 * says nothing. `field` names the value in the fault. */

#define KUBE_QUOTE_SIZE 60 /* of a value or a name, in messages */

/* Printable ASCII only, at most KUBE_QUOTE_SIZE of it. */
const char *kube_quote(struct bytes text, char out[KUBE_QUOTE_SIZE + 1]);

void kube_note_fault(struct kube_object *object, const char *field, struct bytes value,
                     const char *what);

/* Copied to the object's texts. */
void kube_take_text(struct kube_object *object, struct json_reader *reader, struct bytes *out);

/* RFC 3339. */
void kube_take_time(struct kube_object *object, struct json_reader *reader, const char *field,
                    int64_t *out_ms);
/* The same, where the larger of several is wanted. */
void kube_take_last_time(struct kube_object *object, struct json_reader *reader, const char *field,
                         int64_t *last_ms);

/* Adds to the object's addresses or prefixes, each once. */
void kube_add_address(struct kube_object *object, struct address address);
void kube_take_address(struct kube_object *object, struct json_reader *reader, const char *field);
void kube_take_prefix(struct kube_object *object, struct json_reader *reader);

#endif
