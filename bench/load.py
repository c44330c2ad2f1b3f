"""Waits for the server, or measures how many requests a second it answers: "reads writes", each over ten seconds with eight connections."""

import http.client
import json
import sys
import threading
import time

CONNECTIONS = 8
SECONDS = 10


def call(connection: http.client.HTTPConnection, method: str, path: str, body: object = None) -> dict:
    connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
    response = connection.getresponse()
    text = response.read()
    if response.status != 200:
        raise RuntimeError(f"{method} {path}: {response.status} {text[:200]!r}")
    return json.loads(text) if text.startswith(b"{") else {}


def wait() -> None:
    deadline = time.monotonic() + 180
    while True:
        try:
            call(http.client.HTTPConnection("server", 5000, timeout=5), "GET", "/health")
            return
        except (OSError, http.client.HTTPException, RuntimeError) as error:
            if time.monotonic() > deadline:
                sys.exit(f"the server does not answer: {error}")
            time.sleep(0.05)


def rate(method: str, path: str, body: object = None) -> float:
    counts = [0] * CONNECTIONS
    failures: list[Exception] = []
    end = time.monotonic() + SECONDS

    def work(index: int) -> None:
        connection = http.client.HTTPConnection("server", 5000, timeout=30)
        try:
            while time.monotonic() < end:
                try:
                    call(connection, method, path, body)
                    counts[index] += 1
                except http.client.RemoteDisconnected:
                    connection.close()  # the server may close a connection between requests; the next call opens it again
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        sys.exit(f"a request failed: {failures[0]}")
    return sum(counts) / SECONDS


def measure() -> None:
    connection = http.client.HTTPConnection("server", 5000, timeout=30)
    run = call(connection, "POST", "/api/2.0/mlflow/runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    batch = {"run_id": run, "metrics": [{"key": f"m{i}", "value": i, "timestamp": 0, "step": 0} for i in range(10)]}
    print(rate("GET", f"/api/2.0/mlflow/runs/get?run_id={run}"), rate("POST", "/api/2.0/mlflow/runs/log-batch", batch))


{"wait": wait, "measure": measure}[sys.argv[1]]()
