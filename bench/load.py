"""Requests: what they are, wrk that sends them, and writers with a deadline."""

import json
import re
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from stack import Server, on_load_core

CONNECTIONS = 8

_OTLP = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["x-mlflow-experiment-id"] = "%s"
local random = io.open("/dev/urandom", "rb")
local function id(bytes)
  return (random:read(bytes):gsub(".", function(byte) return string.format("%%02x", string.byte(byte)) end))
end
request = function()
  local span = '{"traceId":"' .. id(16) .. '","spanId":"' .. id(8) .. '","name":"span","kind":1,"startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000100000000"}'
  return wrk.format(nil, nil, nil, '{"resourceSpans":[{"scopeSpans":[{"spans":[' .. span .. ']}]}]}')
end
"""

# Three metrics of a step that no batch had before, as a training logs them.
_LOG_BATCH = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local step = os.time() * 1000
request = function()
  step = step + 1
  local metrics = {}
  for number = 0, 2 do
    metrics[#metrics + 1] = string.format('{"key":"metric-%%d","value":%%d.5,"timestamp":%%d,"step":%%d}', number, step %% 1000, step, step)
  end
  return wrk.format(nil, nil, nil, '{"run_id":"%s","metrics":[' .. table.concat(metrics, ",") .. "]}")
end
"""


@dataclass
class Request:
    path: str
    script: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    run: str = ""


@dataclass
class Answers:
    requests: int
    seconds: float
    cpu: float
    p99: float
    slowest: float
    failed: int


Sender = Callable[[Server, Request, int, int], Answers]


def call(server: Server, path: str, body: object = None, headers: dict[str, str] | None = None) -> dict:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(server.address + path, data, {"Content-Type": "application/json", **(headers or {})})
    with urllib.request.urlopen(request, timeout=120) as answer:
        text = answer.read()
    return json.loads(text) if text.startswith(b"{") else {}


def requests(server: Server, headers: dict[str, str] | None = None) -> dict[str, Request]:
    """The requests that are measured, after what they ask for has been made: an experiment with 100 runs."""
    experiment = call(server, "/api/2.0/mlflow/experiments/create", {"name": f"bench {time.time()}"}, headers)["experiment_id"]
    runs = [call(server, "/api/2.0/mlflow/runs/create", {"experiment_id": experiment}, headers)["run"]["info"]["run_id"] for _ in range(100)]
    metrics = [{"key": f"metric-{number}", "value": number, "timestamp": 0, "step": 0} for number in range(3)]
    for run in runs:
        call(server, "/api/2.0/mlflow/runs/log-batch", {"run_id": run, "metrics": metrics, "params": [{"key": "parameter", "value": "value"}]}, headers)
    added = "".join(f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}\n" for name, value in (headers or {}).items())

    def post(path: str, body: object) -> Request:
        return Request(path, f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = {json.dumps(json.dumps(body))}\n{added}')

    return {
        "get": Request(f"/api/2.0/mlflow/runs/get?run_id={runs[0]}", added),
        "search": Request("/api/2.0/mlflow/experiments/search?max_results=10", added),
        "log-batch": Request("/api/2.0/mlflow/runs/log-batch", _LOG_BATCH % runs[0] + added, headers or {}, runs[0]),
        "runs/search of 100": post("/api/2.0/mlflow/runs/search", {"experiment_ids": [experiment], "max_results": 100}),
        "OTLP, 1 span": Request("/v1/traces", _OTLP % experiment + added),
    }


def send(server: Server, request: Request, seconds: int, connections: int = CONNECTIONS) -> Answers:
    options: list[str] = []
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        if request.script:
            script.write(request.script)
            script.flush()
            options = ["--script", script.name]
        before, began = server.cpu(), time.monotonic()
        output = on_load_core(
            "wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "60s", "--latency", *options, server.address + request.path
        )
        cpu, elapsed = server.cpu() - before, time.monotonic() - began
    sent = int(re.search(r"(\d+) requests in", output)[1])  # type: ignore[index]
    if not sent:
        # A server that starves: each connection has waited in vain for all of the time.
        return Answers(0, elapsed, cpu, 1_000 * elapsed, 1_000 * elapsed, connections)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    cut = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
    failed = (int(bad[1]) if bad else 0) + (sum(map(int, cut.groups())) if cut else 0)
    slowest = re.search(r"^\s+Latency\s+\S+\s+\S+\s+(\S+)", output, re.MULTILINE)
    p99 = re.search(r"^\s+99%\s+(\S+)", output, re.MULTILINE)
    return Answers(sent, elapsed, cpu, _milliseconds(p99[1]), _milliseconds(slowest[1]), failed)  # type: ignore[index]


def write(server: Server, request: Request, seconds: int, connections: int) -> Answers:
    """Writers who wait for each answer, but not for ever: what hangs is counted. Of that wrk knows nothing, it measures what is answered."""
    program = Path(__file__).with_name("writers.py")
    orders = {"address": server.address, "path": request.path, "run": request.run, "headers": request.headers, "seconds": seconds, "connections": connections}
    before = server.cpu()
    counted = json.loads(on_load_core("python3", str(program), json.dumps(orders)))
    return Answers(counted["acknowledged"], counted["seconds"], server.cpu() - before, counted["p99"], counted["slowest"], counted["failed"])


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1_000, "m": 60_000}[unit]
