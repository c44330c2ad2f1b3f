"""What is measured. Variants alternate in slices of seconds within each round, so that what the machine does meanwhile happens to all of them."""

import base64
import os
import statistics
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import oidc
from docker import Container
from load import Answers, Sender, call, requests, send, write
from machine import Watch, others
from proxied import Proxied
from results import Results
from stack import GUIDE, LOAD_CORE, PRODUCT, SERVER_CORE, Server, Stack

SLICE = 4
_KINDS = ("get", "search", "log-batch", "runs/search of 100", "OTLP, 1 span")
_CPU_GOALS = {"get": "≤ 0.55", "search": "≤ 0.38", "log-batch": "≤ 0.4", "runs/search of 100": "≤ 0.4", "OTLP, 1 span": "≤ 0.75"}
_SIGNED_IN = ("get", "log-batch")
_PASSWORD = "a-password-of-the-bench"
_BASIC = {"Authorization": "Basic " + base64.b64encode(f"admin:{_PASSWORD}".encode()).decode()}


def starts(stack: Stack, results: Results, rounds: int) -> None:
    """From `docker run` to the first answer, and the memory of a server that has come to rest. An empty database is migrated first: by the guide's server itself."""
    stack.database("start")
    section, watch = "Start and memory", Watch(stack.containers)
    settings = {"guide": GUIDE, "product": PRODUCT, "product, two workers": PRODUCT | {"MLFLOW_WORKERS": "2"}}
    for number in range(rounds):
        for variant, environment in settings.items():
            watch.start()
            server = stack.server(variant.replace(",", ""), "start", environment)
            try:
                seconds = server.healthy()
                results.figure(section, "start, migrated", "s", "≤ 0.17", sensitive=True).add(variant, seconds, watch.foreign())
                server.settle()
                results.figure(section, "memory at rest", "MiB", "≤ 0.10, two workers ≤ 0.12").add(variant, server.memory())
                results.figure(section, "CPU of a start", "s").add(variant, server.cpu())
                watch.start()
                server.restart()
                seconds = server.healthy()
                results.figure(section, "start after a kill", "s", sensitive=True).add(variant, seconds, watch.foreign())
            finally:
                server.remove()
        for variant in ("guide", "product"):
            database = f"empty-{variant}-{number}"
            stack.database(database, migrated=False)
            before = others()
            migration = stack.migrate(database) if variant == "product" else 0
            server = stack.server(variant, database, settings[variant])
            seconds = migration + server.healthy()
            server.remove()
            results.figure(section, "start, empty database", "s", sensitive=True).add(variant, seconds, max(before, others()))


def cpu(stack: Stack, results: Results, rounds: int) -> None:
    """CPU a request, requests per second and the slowest hundredth, with eight connections."""
    stack.database("cpu")
    settings = {"guide": GUIDE, "product": PRODUCT, "product, not direct": PRODUCT | {"MLFLOW_SERVER_DIRECT_ROUTES": "false"}}
    servers = {variant: _variant(stack, variant, "cpu", environment) for variant, environment in settings.items()}
    _measure(stack, results, "Requests, no sign-in", servers, rounds, cpu_goals=_CPU_GOALS, p99_goal="≤ 0.5")
    _remove(servers)


def memory(stack: Stack, results: Results, rounds: int) -> None:
    """Memory over 100,000 requests, as many of each kind. It takes a quarter of an hour, and so one round: what grows does it within one."""
    stack.database("memory")
    for variant, workers in {"1 worker": "1", "2 workers": "2"}.items():
        server = stack.server(variant, "memory", PRODUCT | {"MLFLOW_WORKERS": workers})
        server.healthy()
        server.settle()
        kinds = requests(server)
        server.settle()
        figure = results.figure("Memory over 100,000 requests", variant, "MiB", "no growth after the first 20,000")
        figure.add("before", server.memory())
        sent = dict.fromkeys(kinds, 0)
        for total in range(20_000, 100_001, 20_000):
            for kind, request in kinds.items():
                while sent[kind] < total / len(kinds):
                    answers = send(server, request, SLICE)
                    _refuse_errors(kind, variant, answers, server)
                    sent[kind] += answers.requests
            figure.add(f"after {total:,}", server.memory())
        server.remove()


def sign_in(stack: Stack, results: Results, rounds: int) -> None:
    """Basic authentication, against the guide's and against no sign-in."""
    stack.database("signed-in")
    stack.database("signed-out")
    servers: dict[str, Variant] = {}
    for variant, settings in {"guide": GUIDE, "product": PRODUCT}.items():
        stack.sql(f'CREATE DATABASE "users-{variant}"')
        uri = f"postgresql+psycopg2://db:5432/users-{variant}"
        app = {"MLFLOW_APP_NAME": "basic-auth", "MLFLOW_AUTH_ADMIN_USERNAME": "admin", "MLFLOW_AUTH_ADMIN_PASSWORD": _PASSWORD, "MLFLOW_AUTH_DATABASE_URI": uri}
        if variant == "product":
            stack.migrate("signed-in", settings | app)
        servers[variant] = _variant(stack, variant, "signed-in", settings | app, _BASIC)
    open_server = _variant(stack, "product, no sign-in", "signed-out", PRODUCT)
    servers["product, no sign-in"] = open_server
    # The guide's server checks a password for a quarter of a second, for each request.
    cpu_goals = dict.fromkeys(_SIGNED_IN, "≤ 1.11 of no sign-in")
    also = {"product": "product, no sign-in"}
    _measure(stack, results, "Requests, basic authentication", servers, rounds, _SIGNED_IN, 3 * SLICE, cpu_goals=cpu_goals, rate_goal="≥ 40, ≥ 0.9 of no sign-in", also=also)
    servers.pop("product, no sign-in")
    _remove(servers)

    # MLflow's guide leaves the plugin to the reader: what it costs is told by the same server without a sign-in.
    provider = oidc.start(stack)
    stack.sql('CREATE DATABASE "users-oidc"')
    stack.database("oidc")
    settings = PRODUCT | oidc.SETTINGS | {"OIDC_USERS_DB_URI": "postgresql+psycopg2://db:5432/users-oidc", "SECRET_KEY": _PASSWORD * 2}
    stack.migrate("oidc", settings)
    servers = {"product, no sign-in": open_server, "product, OpenID Connect": _variant(stack, "product, OpenID Connect", "oidc", settings, oidc.headers(provider))}
    _measure(stack, results, "Requests, OpenID Connect", servers, rounds, _SIGNED_IN, cpu_goals=dict.fromkeys(_SIGNED_IN, "≤ 1.18"), rate_goal="≥ 0.85")
    _remove(servers)


def telemetry(stack: Stack, results: Results, rounds: int) -> None:
    """What OpenTelemetry costs, with all traces sent to a collector, and with the few of them that Application Insights gets."""
    stack.database("telemetry")
    source = Path(__file__).with_name("collector.py")
    options = ["--network", stack.id, "--network-alias", "collector", "--cpuset-cpus", LOAD_CORE, "--volume", f"{source}:/collector.py:ro", "--entrypoint", "python"]
    stack.keep(Container(f"{stack.id}-collector", stack.image, options, command=["/collector.py"]))
    observed = PRODUCT | {"MLFLOW_OPENTELEMETRY": "true"}
    insights = {
        "APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=http://collector:4318/",
        # The exporter tells Microsoft of itself.
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
    }
    settings = {
        "product": PRODUCT,
        "product, OpenTelemetry": observed | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"},
        "product, Application Insights": observed | insights,
    }
    servers = {variant: _variant(stack, variant, "telemetry", environment) for variant, environment in settings.items()}
    _measure(stack, results, "Requests, OpenTelemetry", servers, rounds)
    _remove(servers)


def writers(stack: Stack, results: Results, rounds: int) -> None:
    """Many writers at once: errors, and the slowest."""
    stack.database("writers")
    servers = {variant: _variant(stack, variant, "writers", settings) for variant, settings in {"guide": GUIDE, "product": PRODUCT}.items()}
    for connections in (50, 200):
        for _, variant, answers, foreign in _alternate(stack, servers, ("log-batch",), rounds, connections, seconds=3 * SLICE, sender=write):
            starved = answers.requests < connections
            for name, unit, goal, value in (
                ("slowest", "ms", "no request over 5 s", answers.slowest),
                ("p99", "ms", "≤ 0.5", answers.p99),
                ("not acknowledged within 5 s", "", "0", answers.failed),
                ("acknowledged", "writes/s", "", answers.requests / answers.seconds),
            ):
                figure = results.figure("Many writers at once", f"{connections} writers, {name}", unit, goal, sensitive=unit != "")
                figure.add(variant, value, foreign, starved)
    _remove(servers)


def beside(stack: Stack, results: Results, rounds: int) -> None:
    """
    Short requests beside an upload of 1 GB, beside a statement that waits for a lock for five seconds, and beside searches that take the server seconds. The client of
    an upload and Azurite are on the core of the load, which an upload that goes past the server keeps as busy: that tells how much of the wait is the server's.
    """
    stack.database("beside")
    server = stack.server("product", "beside", PRODUCT)
    server.healthy()
    experiment = call(server, "/api/2.0/mlflow/experiments/create", {"name": "large"})["experiment_id"]
    _insert_runs(stack, "beside", experiment, 5_000, 10)
    server.settle()
    get = requests(server)["get"]
    server.settle()
    section = "Short requests beside long ones"
    also = {"beside an upload of 1 GB": "beside an upload of 1 GB to Azurite"}
    figure = results.figure(section, "p99 of get", "ms", "≤ 2 of alone", sensitive=True, also=also)
    watch = Watch(stack.containers)
    searches: list[float] = []

    def upload() -> None:
        data = bytes(1_000_000)
        request = urllib.request.Request(f"{server.address}/api/2.0/mlflow-artifacts/artifacts/large.bin", method="PUT", headers={"Content-Length": "1000000000"})
        request.data = (data for _ in range(1_000))  # type: ignore[assignment]
        urllib.request.urlopen(request, timeout=300).close()

    def upload_directly() -> None:
        # In blocks as large as the server's.
        stack.python("""
from azure.storage.blob import ContainerClient
container = ContainerClient.from_connection_string(C, "artifacts", max_block_size=8 * 2**20)
container.upload_blob("large-directly.bin", (bytes(1_000_000) for _ in range(1_000)), overwrite=True)
""")

    def wait() -> None:
        with stack.lock("experiment_tags", "beside", 5):
            seconds = _seconds(partial(call, server, "/api/2.0/mlflow/experiments/search?max_results=10"))
        if seconds < 4:
            raise RuntimeError(f"the statement that should have waited five seconds took {seconds:.1f} s")

    def search() -> None:
        end = time.monotonic() + SLICE
        while time.monotonic() < end:
            searches.append(_seconds(partial(_page, server, experiment, 5_000)))

    long_calls = {
        "alone": None,
        "beside an upload of 1 GB to Azurite": upload_directly,
        "beside an upload of 1 GB": upload,
        "beside a statement that waits 5 s": wait,
        "beside searches of 5,000 runs": search,
    }
    for _ in range(rounds):
        for variant, long_call in long_calls.items():
            watch.start()
            # On the core of the load: the client of an upload has work to do.
            with ThreadPoolExecutor(1, initializer=os.sched_setaffinity, initargs=(0, {int(LOAD_CORE)})) as pool:
                running = pool.submit(long_call) if long_call else None
                answers = send(server, get, SLICE)
                foreign = watch.foreign()
                if running:
                    running.result()
            _refuse_errors("get", variant, answers, server)
            figure.add(variant, answers.p99, foreign)
    results.note(section, f"A search of 5,000 runs, one after the other, took {statistics.median(searches):.1f} s beside the short requests, which share the server's core with it.")
    server.remove()


def workers(stack: Stack, results: Results, rounds: int) -> None:
    """
    Two workers against one: on two cores, which PostgreSQL and the load share with them, and with half a core for each, which leaves a core to these. One worker has its
    half on one core: threads that wake each other on two use it up at once, and stand still for the rest of each tenth of a second.
    """
    stack.database("workers")
    settings = {"1 worker": PRODUCT, "2 workers": PRODUCT | {"MLFLOW_WORKERS": "2"}}
    servers = {variant: _variant(stack, variant, "workers", environment, cores="0,1") for variant, environment in settings.items()}
    _measure_rates(stack, results, "Two cores", servers, rounds, "≥ 1.7")
    servers["1 worker"].server.limit(0.5, SERVER_CORE)
    servers["2 workers"].server.limit(1.0, "0,1")
    _measure_rates(stack, results, "Half a core for each worker", servers, rounds, "≥ 1.7")
    _remove(servers)


def replicas(stack: Stack, results: Results, rounds: int) -> None:
    """Two replicas behind a proxy, on two cores, against one behind the same."""
    stack.database("replicas")
    settings = PRODUCT | {"MLFLOW_SERVER_REPLICAS": "2"}
    servers: dict[str, Variant] = {}
    for variant, count in {"1 replica": 1, "2 replicas": 2}.items():
        members = [stack.server(f"{variant} {number}", "replicas", settings, "0,1") for number in range(count)]
        servers[variant] = Variant(Proxied(stack, variant, members))
    _measure_rates(stack, results, "Replicas behind a proxy, two cores", servers, rounds, "≥ 1.8")
    _remove(servers)


def pages(stack: Stack, results: Results, rounds: int) -> None:
    """A first page of runs, and metric histories, of an experiment of 100 runs and of one of 10,000, with 100 metrics each, in the same tables."""
    stack.database("pages")
    server = stack.server("product", "pages", PRODUCT)
    server.healthy()
    section, watch = "Large experiments", Watch(stack.containers)
    experiments = {}
    for runs in (100, 10_000):
        experiment = call(server, "/api/2.0/mlflow/experiments/create", {"name": f"{runs} runs"})["experiment_id"]
        experiments[f"{runs:,} runs"] = experiment, _insert_runs(stack, "pages", experiment, runs, 100)
    server.settle()
    for _ in range(max(rounds, 5)):
        for variant, (experiment, run) in experiments.items():
            history = f"/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=metric-7"
            calls = {
                "first page of 50": partial(_page, server, experiment, 50),
                "filter by a metric": partial(_page, server, experiment, 50, filter="metrics.`metric-7` > 100"),
                "order by a metric": partial(_page, server, experiment, 50, order_by=["metrics.`metric-7` DESC"]),
                "history of a metric": partial(call, server, history),
            }
            watch.start()
            times = {name: 1_000 * _seconds(call_) for name, call_ in calls.items()}
            foreign = watch.foreign()
            for name, milliseconds in times.items():
                results.figure(section, name, "ms", "≤ 1.5", sensitive=True).add(variant, milliseconds, foreign)
    results.note(section, "Both experiments are in the same tables: what is compared is the experiment's own number of runs, and not how full the database is.")
    server.remove()


def _insert_runs(stack: Stack, database: str, experiment: str, runs: int, metrics: int) -> str:
    """Runs with metrics, and the id of the first one."""
    run_id = f"lpad('{runs}', 8, '0') || lpad(run::text, 24, '0')"
    values = f"SELECT 'metric-' || metric, run * metric, 0, 0, false, {run_id} FROM generate_series(0, {runs - 1}) run, generate_series(1, {metrics}) metric"
    stack.sql(
        "INSERT INTO runs (run_uuid, name, source_type, entry_point_name, user_id, status, start_time, lifecycle_stage, artifact_uri, experiment_id) "
        f"SELECT {run_id}, 'run ' || run, 'LOCAL', '', 'bench', 'FINISHED', 1700000000000 + run, 'active', 'mlflow-artifacts:/x', {experiment} "
        f"FROM generate_series(0, {runs - 1}) run; "
        + "".join(f"INSERT INTO {table} (key, value, timestamp, step, is_nan, run_uuid) {values}; " for table in ("latest_metrics", "metrics")),
        database,
    )
    stack.sql("ANALYZE", database)
    inserted = stack.sql(f"SELECT count(DISTINCT run_uuid), count(*) FROM latest_metrics JOIN runs USING (run_uuid) WHERE experiment_id = {experiment}", database)
    if inserted != f"{runs}|{runs * metrics}":
        raise RuntimeError(f"{runs} runs with {metrics} metrics each have become {inserted}")
    return f"{runs:08d}{0:024d}"


def _page(server: Server, experiment: str, runs: int, **options: object) -> None:
    found = len(call(server, "/api/2.0/mlflow/runs/search", {"experiment_ids": [experiment], "max_results": runs, **options}).get("runs", []))
    if found != runs:
        raise RuntimeError(f"a page of {runs} runs has {found}")


def _seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def artifacts(stack: Stack, results: Results, rounds: int) -> None:
    """
    Artifacts through the server, against Azurite directly, from a container on the second core: one after the other, as MLflow's client sends the files of a folder, and
    eight at once, as it fetches them.
    """
    # One file of a megabyte would tell what the first call of a client costs, which is as much.
    sizes = {"1 MB": (50, 1_000_000), "100 MB": (1, 100_000_000), "1,000 files of 10 kB": (1_000, 10_000)}
    _transfers(stack, results, rounds, "Artifacts", sizes, _WHOLE)
    _transfers(stack, results, rounds, "Artifacts, eight at once", {"1 MB": (200, 1_000_000), "1,000 files of 10 kB": (1_000, 10_000)}, _WHOLE, at_once=8)


def large_artifacts(stack: Stack, results: Results, rounds: int) -> None:
    """The same with a file that no client holds whole."""
    _transfers(stack, results, rounds, "Artifacts of 5 GB", {"5 GB": (1, 5_000_000_000)}, _IN_PARTS)


def _transfers(stack: Stack, results: Results, rounds: int, section: str, sizes: dict[str, tuple[int, int]], way: str, at_once: int = 1) -> None:
    """Files up and down, directly and through the server."""
    database = section.lower().replace(", ", "-").replace(" ", "-")
    stack.database(database)
    server = stack.server("product", database, PRODUCT)
    server.healthy()
    server.settle()
    watch = Watch(stack.containers)
    for _ in range(rounds):
        for name, (count, size) in sizes.items():
            watch.start()
            code = _TRANSFER.format(server=f"http://{server.name}:5000", count=count, size=size, way=way, at_once=at_once)
            seconds = [float(figure) for figure in stack.python(code).split()]
            foreign = watch.foreign()
            for direction, variants in {"up": seconds[:2], "down": seconds[2:]}.items():
                for variant, time_ in zip(("Azurite", "product"), variants, strict=True):
                    results.figure(section, f"{name} {direction}", "MB/s", "≥ 0.9 of Azurite", sensitive=True).add(variant, count * size / time_ / 1e6, foreign)
    results.note(section, f"Memory of the server: {server.peak():.0f} MiB at its most, {server.memory():.0f} MiB after all transfers.")
    server.remove()


_TRANSFER = """
import io, time, requests
from concurrent.futures import ThreadPoolExecutor
from azure.storage.blob import ContainerClient
container = ContainerClient.from_connection_string(C, "artifacts")
session = requests.Session()
SIZE = {size}
{way}
names = [f"bench/{{number}}" for number in range({count})]
def seconds(work):
    with ThreadPoolExecutor({at_once}) as pool:
        begin = time.monotonic()
        list(pool.map(work, names))
        return time.monotonic() - begin
def put(name):
    session.put("{server}/api/2.0/mlflow-artifacts/artifacts/" + name, data=content()).raise_for_status()
def get(name):
    assert received(session.get("{server}/api/2.0/mlflow-artifacts/artifacts/" + name, stream=True)) == SIZE
def put_directly(name):
    container.upload_blob("direct/" + name, content(), length=SIZE, overwrite=True)
def get_directly(name):
    assert received_directly(container.download_blob("direct/" + name)) == SIZE
print(*(seconds(work) for work in (put_directly, put, get_directly, get)))
"""

_WHOLE = """
data = bytes(SIZE)
def content():
    return data
def received(answer):
    return len(answer.content)
def received_directly(blob):
    return len(blob.readall())
"""

_IN_PARTS = """
part = bytes(2**20)
class Zeros(io.RawIOBase):
    left = SIZE
    def __len__(self):
        return self.left
    def read(self, size=-1):
        # More than is asked for: a client that asks for 16 KiB at a time is what would be measured.
        content = part[: self.left]
        self.left -= len(content)
        return content
content = Zeros
def received(answer):
    return sum(map(len, answer.iter_content(2**20)))
def received_directly(blob):
    return sum(map(len, blob.chunks()))
"""


class Variant:
    """A server that has come to rest and stands still, and the requests that are measured on it."""

    def __init__(self, server: Server, headers: dict[str, str] | None = None) -> None:
        self.server = server
        self.server.healthy()
        self.server.settle()
        self.requests = requests(self.server, headers)
        self.server.settle()
        self.server.pause()


def _variant(stack: Stack, name: str, database: str, settings: dict[str, str], headers: dict[str, str] | None = None, cores: str = SERVER_CORE) -> Variant:
    return Variant(stack.server(name.replace(",", ""), database, settings, cores), headers)


def _measure(
    stack: Stack,
    results: Results,
    section: str,
    variants: dict[str, Variant],
    rounds: int,
    names: tuple[str, ...] = _KINDS,
    seconds: int = SLICE,
    *,
    cpu_goals: Mapping[str, str] = {},
    rate_goal: str = "",
    p99_goal: str = "",
    also: dict[str, str] | None = None,
) -> None:
    for name, variant, answers, foreign in _alternate(stack, variants, names, rounds, seconds=seconds):
        _refuse_errors(name, variant, answers, variants[variant].server)
        results.figure(section, f"{name}, CPU", "ms", cpu_goals.get(name, ""), also=also).add(variant, 1_000 * answers.cpu / answers.requests)
        results.figure(section, name, "requests/s", rate_goal, sensitive=True, also=also).add(variant, answers.requests / answers.seconds, foreign)
        results.figure(section, f"{name}, p99", "ms", p99_goal, sensitive=True, also=also).add(variant, answers.p99, foreign)


def _measure_rates(stack: Stack, results: Results, section: str, variants: dict[str, Variant], rounds: int, goal: str) -> None:
    """Requests per second, with more connections than one server can make use of."""
    for name, variant, answers, foreign in _alternate(stack, variants, ("get", "search", "log-batch"), rounds, 16):
        _refuse_errors(name, variant, answers, variants[variant].server)
        results.figure(section, name, "requests/s", goal, sensitive=True).add(variant, answers.requests / answers.seconds, foreign)
        results.figure(section, f"{name}, CPU", "ms").add(variant, 1_000 * answers.cpu / answers.requests)


def _refuse_errors(name: str, variant: str, answers: Answers, server: Server) -> None:
    if answers.failed:
        raise RuntimeError(f"{variant}: {answers.failed} of {answers.requests} answers to {name} were errors\n{server.logs()}")


def _alternate(
    stack: Stack, variants: dict[str, Variant], names: tuple[str, ...], rounds: int, connections: int = 8, seconds: int = SLICE, sender: Sender = send
) -> Iterator[tuple[str, str, Answers, float]]:
    """Name, variant, answers and the part of the machine that others had, for each slice. Servers that are not measured stand still."""
    watch = Watch(stack.containers)
    for _ in range(rounds):
        for name in names:
            for variant, measured in variants.items():
                measured.server.resume()
                # What has piled up while it stood still.
                time.sleep(0.5)
                watch.start()
                answers = sender(measured.server, measured.requests[name], seconds, connections)
                foreign = watch.foreign()
                measured.server.pause()
                yield name, variant, answers, foreign


def _remove(variants: dict[str, Variant]) -> None:
    for variant in variants.values():
        variant.server.remove()
