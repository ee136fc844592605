#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A wire between two network namespaces, with a mirror that shows it as a trunk or tunnel would.

usage: wire.py KIND NAMESPACE NAMESPACE MIRROR-NAMESPACE

Makes the device `wire0` in the first two namespaces and `mirror0` in the third, and carries frames
from one end to the other until it is killed. Each frame is also written to the mirror, wrapped as
KIND says: plain, vlan, qinq, geneve, gre, or tun (no Ethernet at all). It stands in for kernel modules
that a small machine lacks (8021q, geneve, ip_gre), and because a tap has no offloads, frames are cut
and summed as on a real wire.
"""
import ctypes
import errno
import fcntl
import os
import select
import struct
import sys

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_TAP, IFF_NO_PI = 1, 2, 0x1000
CLONE_NEWNET = 0x40000000
OUTER_ETHERNET = bytes.fromhex("0200000000020200000000010800")
OUTER_SRC, OUTER_DST = bytes([172, 16, 0, 1]), bytes([172, 16, 0, 2])


def enter(namespace):
    """Moves this process into a namespace of `ip netns`."""
    with open(f"/run/netns/{namespace}", "rb") as handle:
        if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def device(namespace, name, mode):
    """A new tap or tun device there: what the kernel sends over it is read here."""
    enter(namespace)
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), mode | IFF_NO_PI))
    return descriptor


def checksum(header):
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def outer_ipv4(protocol, payload):
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, 0,
                         OUTER_SRC, OUTER_DST)
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    return OUTER_ETHERNET + header + payload


def geneve(frame):
    """UDP from a port that hashes the flow, GENEVE of network 9 that carries Ethernet."""
    port = 0xC000 | (sum(frame[26:38]) & 0x3FFF)
    shim = struct.pack(">BBHI", 0, 0, 0x6558, 9 << 8)
    return outer_ipv4(17, struct.pack(">HHHH", port, 6081, 16 + len(frame), 0) + shim + frame)


def gre(frame):
    """GRE with a key that carries IP; what is not IP does not enter the tunnel."""
    ether_type = struct.unpack(">H", frame[12:14])[0]
    if ether_type not in (0x0800, 0x86DD):
        return None
    return outer_ipv4(47, struct.pack(">HHI", 0x2000, ether_type, 7) + frame[14:])


def vlan(frame):
    return frame[:12] + struct.pack(">HH", 0x8100, 5) + frame[12:]


def qinq(frame):
    return frame[:12] + struct.pack(">HHHH", 0x88A8, 100, 0x8100, 5) + frame[12:]


WRAP = {"plain": bytes, "vlan": vlan, "qinq": qinq, "geneve": geneve, "gre": gre, "tun": bytes}


def write(descriptor, frame):
    """An end that is down takes nothing."""
    try:
        os.write(descriptor, frame)
    except OSError as error:
        if error.errno != errno.EIO:
            raise


def main():
    kind, first, second, mirror = sys.argv[1:5]
    mode = IFF_TUN if kind == "tun" else IFF_TAP
    ends = [device(first, "wire0", mode), device(second, "wire0", mode)]
    mirror = device(mirror, "mirror0", mode)
    while True:
        for end in select.select(ends, [], [])[0]:
            frame = os.read(end, 65536)
            write(ends[1 - ends.index(end)], frame)
            wrapped = WRAP[kind](frame)
            if wrapped is not None:
                write(mirror, wrapped)


main()
