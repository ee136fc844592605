#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What curl and dig talk to: HTTP on port 80 (GET /N gives N bytes, PUT takes any), DNS on 53.

usage: peers.py        in the namespace that is to serve, until it is killed
"""
import http.server
import socket
import socketserver
import struct
import threading


class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(b"x" * int(self.path.strip("/") or 0))

    def do_PUT(self):
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, 65536)))
        self.answer(b"")

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    address_family = socket.AF_INET6  # "::" takes IPv4, too
    daemon_threads = True
    request_queue_size = 64


def reply(query):
    """The question again, and one answer to it: an address or a text."""
    end = 12
    while query[end] != 0:
        end += query[end] + 1
    kind = struct.unpack(">H", query[end + 1:end + 3])[0]
    data = {1: bytes([192, 0, 2, 80]), 28: bytes.fromhex("20010db8" + "00" * 11 + "50"),
            16: b"\xc8" + b"t" * 200}.get(kind)
    answer = b"" if data is None else struct.pack(">HHHIH", 0xC00C, kind, 1, 60, len(data)) + data
    head = query[:2] + struct.pack(">HHHHH", 0x8580, 1, 1 if answer else 0, 0, 0)
    return head + query[12:end + 5] + answer


def serve_names():
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    server.bind(("::", 53))
    while True:
        # The address that was asked is the one to answer from.
        query, asked, _, peer = server.recvmsg(4096, 128)
        server.sendmsg([reply(query)], asked, 0, peer)


threading.Thread(target=serve_names, daemon=True).start()
Server(("::", 80), Web).serve_forever()
