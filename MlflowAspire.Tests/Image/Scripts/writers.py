"""Writers that write at once, each its own runs, and creators that all create the same registered model. Prints what was answered as JSON.

Usage: writers.py WRITERS WRITES CREATORS
"""

import collections
import http.client
import json
import os
import sys
import threading
import time
from urllib.parse import urlsplit

SERVER = urlsplit(os.environ["MLFLOW_TRACKING_URI"])


def post(connection: http.client.HTTPConnection, path: str, body: dict) -> tuple[int, dict]:
    connection.request("POST", f"/api/2.0/mlflow/{path}", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, json.loads(text) if text.startswith(b"{") else {}


class Crowd:
    """Calls that all begin at once."""

    def __init__(self) -> None:
        self.answers: collections.Counter[str] = collections.Counter()
        self.acknowledged: list[str] = []
        self._lock = threading.Lock()

    def run(self, size: int, work) -> None:
        gate = threading.Barrier(size)
        threads = [threading.Thread(target=self._work, args=(gate, work, index)) for index in range(size)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self, gate: threading.Barrier, work, index: int) -> None:
        connection = http.client.HTTPConnection(SERVER.hostname, SERVER.port, timeout=120)
        gate.wait()
        for path, body, mark in work(connection, index):
            try:
                status, _ = post(connection, path, body)
            except (OSError, http.client.HTTPException) as error:
                status = type(error).__name__
                connection.close()
            with self._lock:
                self.answers[str(status)] += 1
                if status == 200:
                    self.acknowledged.append(mark)


def main() -> None:
    writers, writes, creators = map(int, sys.argv[1:])
    writing, creating = Crowd(), Crowd()

    def batches(connection: http.client.HTTPConnection, index: int):
        # What is refused for the moment may be asked again.
        while (answer := post(connection, "runs/create", {"experiment_id": "0"}))[0] == 503:
            time.sleep(1)
        run = answer[1]["run"]["info"]["run_id"]
        for number in range(writes):
            metrics = [{"key": f"metric-{number}-{part}", "value": part, "timestamp": 0, "step": 0} for part in range(3)]
            yield "runs/log-batch", {"run_id": run, "metrics": metrics}, f"{run}/metric-{number}-0"

    def models(connection: http.client.HTTPConnection, index: int):
        yield "registered-models/create", {"name": "the same model"}, "model"

    if writers:
        writing.run(writers, batches)
    if creators:
        creating.run(creators, models)
    print(json.dumps({"writing": writing.answers, "acknowledged": writing.acknowledged, "creating": creating.answers}))


main()
