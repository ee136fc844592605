/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_EXAM_NOTE_H
#define WEIR_INGEST_EXAM_NOTE_H

#include "ingest/exam.h"

/* What an exam keeps of what it meets: the first of each kind, and how many there are. Texts are
 * copied to the exam's arena; paths are the plan's. Errors: ERROR_LIMIT. */

bool exam_note_trouble(struct exam *exam, struct exam_feed *feed, const char *path,
                       enum exam_trouble_kind kind, const char *what, const char *advice,
                       struct error *err);

/* An object that could not be opened. What can be wrong with an input is a trouble; anything else
 * (ERROR_LIMIT, ERROR_ARGUMENT) ends the exam: false, with the path in front. */
bool exam_note_failed(struct exam *exam, struct exam_feed *feed, const char *path,
                      enum exam_trouble_kind kind, const struct error *why, struct error *err);

/* What a step of an object did not take. */
bool exam_note_rejects(struct exam *exam, struct exam_feed *feed, const char *path,
                       const struct source_result *result, struct error *err);

/* What an object's source told of it. */
bool exam_note_description(struct exam *exam, struct exam_feed *feed,
                           const struct source_description *description, struct error *err);

#endif
