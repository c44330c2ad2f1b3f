"""Clients that begin to read a large file and stop, and one that uses the server meanwhile.

Usage: slow_readers.py MEBIBYTES CLIENTS
"""

import os
import socket
import sys
from urllib.parse import urlsplit

import requests

SERVER = os.environ["MLFLOW_TRACKING_URI"]
PATH = "/api/2.0/mlflow-artifacts/artifacts/slow"
target = urlsplit(SERVER)

uploaded = requests.put(SERVER + PATH, data=(bytes(2**20) for _ in range(int(sys.argv[1]))), timeout=120)
uploaded.raise_for_status()
connections = []
for _ in range(int(sys.argv[2])):
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(60)
    connection.connect((target.hostname, target.port))
    connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: {target.netloc}\r\n\r\n".encode())
    connections.append(connection)
for connection in connections:
    if b" 200 " not in (answer := connection.recv(1000)):
        raise SystemExit(f"a download was not begun: {answer.decode(errors='replace')}")
for path in ("/api/2.0/mlflow/experiments/search?max_results=1", PATH):
    requests.get(SERVER + path, timeout=60).raise_for_status()
