"""Files up and down, several at once, and a client that leaves in the middle. Nothing of them is kept: they are made and compared as they go.

Usage: transfers.py MEBIBYTES FILES. Prints one line "RESULT {json}" with the seconds that uploads and downloads took.
"""

import hashlib
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import requests

SERVER = os.environ["MLFLOW_TRACKING_URI"]
MEBIBYTES, FILES = int(sys.argv[1]), int(sys.argv[2])
BLOCK = os.urandom(2**20)


def content(digest: "hashlib._Hash") -> Iterator[bytes]:
    for number in range(MEBIBYTES):
        part = number.to_bytes(8, "big") + BLOCK[8:]
        digest.update(part)
        yield part


class Crowd:
    """Does something for each file at once."""

    def __init__(self, work: Callable[[int], None]) -> None:
        self._failures: list[str] = []
        begin = time.monotonic()
        threads = [threading.Thread(target=self._run, args=(work, number)) for number in range(FILES)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._failures:
            raise SystemExit("\n".join(self._failures))
        self.seconds = round(time.monotonic() - begin, 1)

    def _run(self, work: Callable[[int], None], number: int) -> None:
        try:
            work(number)
        except Exception as error:
            self._failures.append(f"file {number}: {type(error).__name__}: {error}")


def new_run() -> str:
    answer = requests.post(f"{SERVER}/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}, timeout=60)
    answer.raise_for_status()
    return answer.json()["run"]["info"]["run_id"]


runs = [new_run() for _ in range(FILES)]
digests = [hashlib.sha256() for _ in runs]


def address(number: int) -> str:
    return f"{SERVER}/api/2.0/mlflow-artifacts/artifacts/0/{runs[number]}/artifacts/large"


def upload(number: int) -> None:
    answer = requests.put(address(number), data=content(digests[number]), timeout=300)
    if answer.status_code != 200:
        raise ValueError(f"{answer.status_code} {answer.text[:300]}")


def compare(number: int, url: str) -> None:
    digest = hashlib.sha256()
    with requests.get(url, stream=True, timeout=300) as answer:
        answer.raise_for_status()
        for part in answer.iter_content(2**20):
            digest.update(part)
    if digest.digest() != digests[number].digest():
        raise ValueError("another content came back")


def leave(number: int) -> None:
    target = urlsplit(address(number) + "-half")
    with socket.create_connection((target.hostname, target.port), timeout=60) as connection:
        connection.sendall(f"PUT {target.path} HTTP/1.1\r\nHost: {target.netloc}\r\nContent-Length: {MEBIBYTES * 2**20}\r\n\r\n".encode())
        for _ in range(MEBIBYTES // 2):
            connection.sendall(BLOCK)


uploaded = Crowd(upload)
downloaded = Crowd(lambda number: compare(number, address(number)))
# By the page of MLflow.
shown = Crowd(lambda number: compare(number, f"{SERVER}/get-artifact?run_id={runs[number]}&path=large"))
Crowd(leave)
for run in runs:
    files = requests.get(f"{SERVER}/api/2.0/mlflow/artifacts/list?run_id={run}", timeout=60).json()["files"]
    if [file["path"] for file in files] != ["large"]:
        raise SystemExit(f"these are left: {files}")
print("RESULT " + json.dumps({"up": uploaded.seconds, "down": downloaded.seconds, "page": shown.seconds}))
