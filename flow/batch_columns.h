/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_BATCH_COLUMNS_H
#define WEIR_FLOW_BATCH_COLUMNS_H

/* Every column: name, and the bytes of an element. Eight-byte columns first: all stay aligned. */
#define BATCH_COLUMNS(X)                                                                           \
    X(start_ms)                                                                                    \
    X(end_ms)                                                                                      \
    X(bytes)                                                                                       \
    X(packets)                                                                                     \
    X(src)                                                                                         \
    X(dst)                                                                                         \
    X(src_port)                                                                                    \
    X(dst_port)                                                                                    \
    X(node)                                                                                        \
    X(quality)                                                                                     \
    X(protocol)                                                                                    \
    X(tcp_flags)                                                                                   \
    X(direction)                                                                                   \
    X(initiator)                                                                                   \
    X(action)                                                                                      \
    X(flow_log)

#endif
