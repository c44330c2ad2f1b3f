"""Writes down what a server of tests looks up and connects to beside itself, in the file TEST_CALLS, and gives names the addresses of the file TEST_NAMES."""

import os
import socket
from typing import Any

_names, _calls = os.environ["TEST_NAMES"], os.environ["TEST_CALLS"]
_lookup, _connect = socket.getaddrinfo, socket.socket.connect


def _note(text: str) -> None:
    with open(_calls, "a") as file:
        file.write(text + "\n")


def _getaddrinfo(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
    with open(_names) as file:
        known = dict(line.split() for line in file)
    name = host.decode() if isinstance(host, bytes) else host
    if name not in (None, "localhost", "127.0.0.1", "0.0.0.0") and name not in known:
        _note(f"looks up {name}")
        raise socket.gaierror("there is no way out")
    return _lookup(known.get(name, host), port, *arguments, **options)


def _connect_noted(self: socket.socket, address: Any) -> None:
    if isinstance(address, tuple):
        _note(f"connects to {address[0]}:{address[1]}")
    return _connect(self, address)


socket.getaddrinfo, socket.socket.connect = _getaddrinfo, _connect_noted  # type: ignore[assignment, method-assign]
