"""Writes without a pause through the proxy, while a replica is stopped and started again, and then asks for all that was acknowledged.

What is refused or cut off is repeated, as MLflow's client does. It stops when the file /tmp/stop is there, and prints what came of it as JSON.
Usage: replica_load.py WRITERS
"""

import http.client
import json
import os
import sys
import threading
import time
from urllib.parse import urlsplit

SERVER = urlsplit(os.environ["MLFLOW_TRACKING_URI"])
HEADERS = {"Content-Type": "application/json", "Authorization": os.environ["AUTHORIZATION"]}


class Writer(threading.Thread):
    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self._stop_asked = stop
        self._connection = http.client.HTTPConnection(SERVER.hostname, SERVER.port, timeout=60)
        self.acknowledged: list[str] = []
        self.repeated = 0
        self.lost: list[str] = []

    def call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        try:
            self._connection.request(method, path, body, HEADERS)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0, b""

    def until_done(self, method: str, path: str, body: bytes | None = None) -> bytes:
        for _ in range(240):
            status, content = self.call(method, path, body)
            if status == 200:
                return content
            if status not in (0, 502, 503, 504):
                raise SystemExit(f"{method} {path}: {status} {content!r}")
            self.repeated += 1
            time.sleep(0.25)
        raise SystemExit(f"{method} {path} was not done within a minute")

    def run(self) -> None:
        run = json.loads(self.until_done("POST", "/api/2.0/mlflow/runs/create", b'{"experiment_id": "0"}'))["run"]["info"]["run_id"]
        number = 0
        while not self._stop_asked.is_set():
            number += 1
            metric = {"run_id": run, "metrics": [{"key": "m", "value": number, "timestamp": 0, "step": number}]}
            self.until_done("POST", "/api/2.0/mlflow/runs/log-batch", json.dumps(metric).encode())
            name = f"{run}/{number}.txt"
            self.until_done("PUT", f"/api/2.0/mlflow-artifacts/artifacts/0/{name}", name.encode())
            self.acknowledged.append(name)
        history = json.loads(self.until_done("GET", f"/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=m&max_results=25000"))
        steps = {metric["step"] for metric in history["metrics"]}
        for name in self.acknowledged:
            step = int(name.split("/")[1].split(".")[0])
            if step not in steps or self.until_done("GET", f"/api/2.0/mlflow-artifacts/artifacts/0/{name}") != name.encode():
                self.lost.append(name)


stop = threading.Event()
writers = [Writer(stop) for _ in range(int(sys.argv[1]))]
for writer in writers:
    writer.start()
print("writing", flush=True)
while not os.path.exists("/tmp/stop"):
    time.sleep(0.1)
stop.set()
for writer in writers:
    writer.join()
print(json.dumps({
    "acknowledged": sum(len(writer.acknowledged) for writer in writers),
    "repeated": sum(writer.repeated for writer in writers),
    "lost": [name for writer in writers for name in writer.lost],
}))
