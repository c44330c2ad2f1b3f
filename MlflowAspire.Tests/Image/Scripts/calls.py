"""Writes whom the processes of this network namespace call: each name that they look up, and each address that they open a connection to.

Needs root with NET_RAW, and NET_ADMIN to send what has no route into the void, as a firewall does, instead of refusing it.
"""

import ctypes
import fcntl
import socket
import struct
from pathlib import Path

_ADD_ROUTE = 0x890B  # SIOCADDRT
_UP = 1
_OUTGOING, _IPV4 = 4, 0x0800
_TCP, _UDP = 6, 17
_SYN, _ACK = 2, 16
# Docker's, which changes the port on the way.
_RESOLVER = "127.0.0.11"


def add_route() -> None:
    """Everything that has no route, by the loopback device."""
    anywhere = struct.pack("HHI8x", socket.AF_INET, 0, 0)
    device = ctypes.create_string_buffer(b"lo")
    # struct rtentry: destination, gateway, mask, flags, metric, device, and what stays 0.
    entry = struct.pack("L16s16s16sHhLPhPLLH", 0, anywhere, anywhere, anywhere, _UP, 0, 0, 0, 0, ctypes.addressof(device), 0, 0, 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _ADD_ROUTE, entry)


def question(message: bytes) -> str:
    """The name that a DNS query asks for."""
    labels, position = [], 12
    while length := message[position]:
        labels.append(message[position + 1 : position + 1 + length].decode("latin-1"))
        position += 1 + length
    return ".".join(labels)


def call(packet: bytes) -> str | None:
    protocol, header = packet[9], 4 * (packet[0] & 15)
    target, content = socket.inet_ntoa(packet[16:20]), packet[header:]
    port = int.from_bytes(content[2:4], "big")
    if protocol == _UDP and (target == _RESOLVER or port == 53):
        return f"name {question(content[8:])}"
    if target.startswith("127."):
        return None
    if protocol == _TCP and content[13] & (_SYN | _ACK) != _SYN:
        return None
    return f"address {target}:{port}" if protocol in (_TCP, _UDP) else f"address {target}"


add_route()
seen: set[str] = set()
with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)) as device:
    Path("/tmp/listening").touch()
    while True:
        packet, (_, protocol, kind, *_) = device.recvfrom(65536)
        if protocol == _IPV4 and kind == _OUTGOING and (found := call(packet)) and found not in seen:
            seen.add(found)
            print(found, flush=True)
