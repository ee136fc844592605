/* SPDX-License-Identifier: Apache-2.0 */
/* Included in front of the files that `make tidy` reads (scripts/tidy.sh): the analyser knows one
 * file at a time, so it would follow paths on which these return true. */
#include "base/error.h"
#include "flow/frame_layout.h"

#define error_set(...) ((void)error_set(__VA_ARGS__), false)
#define error_system(...) ((void)error_system(__VA_ARGS__), false)
#define error_context(...) ((void)error_context(__VA_ARGS__), false)
#define frame_bad(...) ((void)frame_bad(__VA_ARGS__), false)
