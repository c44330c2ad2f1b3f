"""What is measured. Variants alternate in slices of seconds within each round, so that what the machine does meanwhile happens to all of them."""

import base64
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import oidc
from load import Answers, call, requests, send
from machine import Watch
from proxied import Proxied
from results import Results
from stack import GUIDE, PRODUCT, SERVER_CORE, Server, Stack

SLICE = 4
_GOALS = {"get": "≤ 0.55", "search": "≤ 0.38", "log-batch": "≤ 0.4", "runs/search of 100": "≤ 0.4", "OTLP, 1 span": "≤ 0.75"}
_PASSWORD = "a-password-of-the-bench"
_BASIC = {"Authorization": "Basic " + base64.b64encode(f"admin:{_PASSWORD}".encode()).decode()}


def starts(stack: Stack, results: Results, rounds: int) -> None:
    """From `docker run` to the first answer, and the memory of a server that has come to rest. An empty database is migrated first: by the guide's server itself."""
    stack.database("start")
    section, watch = "Start and memory", Watch()
    settings = {"guide": GUIDE, "product": PRODUCT, "product, two workers": PRODUCT | {"MLFLOW_WORKERS": "2"}}
    for number in range(rounds):
        for variant, environment in settings.items():
            watch.start()
            server = stack.server(variant.replace(",", ""), "start", environment)
            try:
                seconds = server.healthy()
                results.figure(section, "start, migrated", "s", "≤ 0.17", sensitive=True).add(variant, seconds, watch.foreign(server.cpu()))
                server.settle()
                results.figure(section, "memory at rest", "MiB", "≤ 0.10, two workers ≤ 0.12").add(variant, server.memory())
                results.figure(section, "CPU of a start", "s").add(variant, server.cpu())
                server.restart()
                results.figure(section, "start after a kill", "s", sensitive=True).add(variant, server.healthy())
            finally:
                server.remove()
        for variant in ("guide", "product"):
            database = f"empty-{variant}-{number}"
            stack.database(database, migrated=False)
            migration = stack.migrate(database) if variant == "product" else 0
            server = stack.server(variant, database, settings[variant])
            results.figure(section, "start, empty database", "s", sensitive=True).add(variant, migration + server.healthy())
            server.remove()


def cpu(stack: Stack, results: Results, rounds: int) -> None:
    """CPU a request, requests per second and the slowest hundredth, with eight connections."""
    stack.database("cpu")
    settings = {"guide": GUIDE, "product": PRODUCT, "product, not direct": PRODUCT | {"MLFLOW_SERVER_DIRECT_ROUTES": "false"}}
    servers = {variant: _variant(stack, variant, "cpu", environment) for variant, environment in settings.items()}
    _measure(stack, results, "Requests, no sign-in", servers, rounds)
    product = servers["product"].server
    product.resume()
    before = product.memory()
    sent = send(product, requests(product)["get"], 15).requests + send(product, requests(product)["log-batch"], 15).requests
    results.notes.append(f"Memory of the product before and after {sent} further requests: {before:.0f} and {product.memory():.0f} MiB.")
    _remove(servers)


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
    _measure(stack, results, "Requests, basic authentication", servers, rounds, ("get", "log-batch"), seconds=3 * SLICE)
    servers.pop("product, no sign-in")
    _remove(servers)

    # MLflow's guide leaves the plugin to the reader: what it costs is told by the same server without a sign-in.
    provider = oidc.start(stack)
    stack.sql('CREATE DATABASE "users-oidc"')
    stack.database("oidc")
    settings = PRODUCT | oidc.SETTINGS | {"OIDC_USERS_DB_URI": "postgresql+psycopg2://db:5432/users-oidc", "SECRET_KEY": _PASSWORD * 2}
    stack.migrate("oidc", settings)
    servers = {"product, no sign-in": open_server, "product, OpenID Connect": _variant(stack, "product, OpenID Connect", "oidc", settings, oidc.headers(provider))}
    _measure(stack, results, "Requests, OpenID Connect", servers, rounds, ("get", "log-batch"), goals=False)
    _remove(servers)


def writers(stack: Stack, results: Results, rounds: int) -> None:
    """Many writers at once: errors, and the slowest."""
    stack.database("writers")
    servers = {variant: _variant(stack, variant, "writers", settings) for variant, settings in {"guide": GUIDE, "product": PRODUCT}.items()}
    for connections in (50, 200):
        for _, variant, answers, foreign in _alternate(stack, servers, ("log-batch",), rounds, connections, seconds=3 * SLICE):
            section = "Many writers at once"
            results.figure(section, f"{connections} writers, slowest", "ms", "no request over 5 s", sensitive=True).add(variant, answers.slowest, foreign)
            results.figure(section, f"{connections} writers, not acknowledged", "", "0").add(variant, answers.failed)
            results.figure(section, f"{connections} writers", "writes/s", sensitive=True).add(variant, answers.requests / answers.seconds, foreign)
    _remove(servers)


def beside(stack: Stack, results: Results, rounds: int) -> None:
    """Short requests beside an upload of 1 GB, and beside searches of five seconds."""
    stack.database("beside")
    server = stack.server("product", "beside", PRODUCT)
    server.healthy()
    server.settle()
    get = requests(server)["get"]
    figure = results.figure("Short requests beside long ones", "p99 of get", "ms", "≤ 2 of alone", sensitive=True)
    watch = Watch()

    def upload() -> None:
        data = bytes(1_000_000)
        request = urllib.request.Request(f"{server.address}/api/2.0/mlflow-artifacts/artifacts/large.bin", method="PUT", headers={"Content-Length": "1000000000"})
        request.data = (data for _ in range(1_000))  # type: ignore[assignment]
        urllib.request.urlopen(request, timeout=300).close()

    def search() -> None:
        stack.sql("BEGIN; LOCK TABLE experiment_tags IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(5); COMMIT", "beside")

    for _ in range(rounds):
        for variant, long_call in {"alone": None, "beside an upload of 1 GB": upload, "beside a search of 5 s": search}.items():
            watch.start()
            with ThreadPoolExecutor(3) as pool:
                running = [pool.submit(long_call)] if long_call else []
                if long_call is search:
                    time.sleep(0.5)
                    running.append(pool.submit(call, server, "/api/2.0/mlflow/experiments/search?max_results=10"))
                answers = send(server, get, SLICE)
                for call_ in running:
                    call_.result()
            if answers.failed:
                raise RuntimeError(f"{answers.failed} requests failed {variant}\n{server.logs()}")
            figure.add(variant, answers.p99, watch.foreign(answers.cpu))
    server.remove()


def workers(stack: Stack, results: Results, rounds: int) -> None:
    """Two workers against one: on two cores, which PostgreSQL and the load share with them, and with half a core for each, which leaves a core to these."""
    stack.database("workers")
    settings = {"1 worker": PRODUCT, "2 workers": PRODUCT | {"MLFLOW_WORKERS": "2"}}
    servers = {variant: _variant(stack, variant, "workers", environment, cores="0,1") for variant, environment in settings.items()}
    _measure_rates(stack, results, "Two cores", servers, rounds, "≥ 1.7")
    for workers, variant in enumerate(servers.values(), 1):
        variant.server.limit(workers / 2)
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
    """A first page of runs, and metric histories, among 100 runs and among 10,000 runs with 100 metrics each."""
    stack.database("pages")
    server = stack.server("product", "pages", PRODUCT)
    server.healthy()
    experiments = {}
    for runs in (100, 10_000):
        experiment = call(server, "/api/2.0/mlflow/experiments/create", {"name": f"{runs} runs"})["experiment_id"]
        experiments[f"{runs:,} runs"] = experiment, f"{runs:08d}{0:024d}"
        run_id = f"lpad('{runs}', 8, '0') || lpad(run::text, 24, '0')"
        stack.sql(
            "INSERT INTO runs (run_uuid, name, source_type, entry_point_name, user_id, status, start_time, lifecycle_stage, artifact_uri, experiment_id) "
            f"SELECT {run_id}, 'run ' || run, 'LOCAL', '', 'bench', 'FINISHED', 1700000000000 + run, 'active', 'mlflow-artifacts:/x', {experiment} "
            f"FROM generate_series(0, {runs - 1}) run; "
            "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) "
            f"SELECT 'metric-' || metric, run * metric, 0, 0, false, {run_id} FROM generate_series(0, {runs - 1}) run, generate_series(1, 100) metric; "
            "INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid) "
            f"SELECT 'metric-' || metric, run * metric, 0, 0, false, {run_id} FROM generate_series(0, {runs - 1}) run, generate_series(1, 100) metric",
            "pages",
        )
    stack.sql("ANALYZE", "pages")
    server.settle()
    for _ in range(max(rounds, 5)):
        for variant, (experiment, run) in experiments.items():
            bodies = {
                "first page of 50": {"max_results": 50},
                "filter by a metric": {"max_results": 50, "filter": "metrics.`metric-7` > 100"},
                "order by a metric": {"max_results": 50, "order_by": ["metrics.`metric-7` DESC"]},
            }
            calls = {name: ("/api/2.0/mlflow/runs/search", {"experiment_ids": [experiment], **body}) for name, body in bodies.items()}
            calls["history of a metric"] = f"/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=metric-7", None
            for name, (path, body) in calls.items():
                began = time.monotonic()
                call(server, path, body)
                results.figure("Large experiments", name, "ms", "≤ 1.5", sensitive=True).add(variant, 1_000 * (time.monotonic() - began))
    server.remove()


def artifacts(stack: Stack, results: Results, rounds: int) -> None:
    """Artifacts through the server, against Azurite directly, from a container on the second core."""
    # One file of a megabyte would tell what the first call of a client costs, which is as much.
    sizes = {"1 MB": (20, 1_000_000), "100 MB": (1, 100_000_000), "1,000 files of 10 kB": (1_000, 10_000)}
    _transfers(stack, results, rounds, "artifacts", sizes, _WHOLE)


def large_artifacts(stack: Stack, results: Results, rounds: int) -> None:
    """The same with a file that no client holds whole."""
    _transfers(stack, results, rounds, "large-artifacts", {"5 GB": (1, 5_000_000_000)}, _IN_PARTS)


def _transfers(stack: Stack, results: Results, rounds: int, database: str, sizes: dict[str, tuple[int, int]], way: str) -> None:
    stack.database(database)
    server = stack.server("product", database, PRODUCT)
    server.healthy()
    server.settle()
    for _ in range(rounds):
        for name, (count, size) in sizes.items():
            _transfer(stack, results, server, name, count, size, way)
    results.notes.append(f"Memory of the server after all transfers ({'; '.join(sizes)}): {server.memory():.0f} MiB.")
    server.remove()


def _transfer(stack: Stack, results: Results, server: Server, name: str, count: int, size: int, way: str) -> None:
    """Files up and down, directly and through the server, one after the other."""
    code = _TRANSFER.format(server=f"http://{server.name}:5000", count=count, size=size, way=way)
    figures = [float(figure) for figure in stack.python(code).split()]
    for direction, variants in {"up": figures[:2], "down": figures[2:]}.items():
        for variant, seconds in zip(("Azurite", "product"), variants, strict=True):
            results.figure("Artifacts", f"{name} {direction}", "MB/s", "≥ 0.9 of Azurite", sensitive=True).add(variant, count * size / seconds / 1e6)


_TRANSFER = """
import io, time, requests
from azure.storage.blob import ContainerClient
container = ContainerClient.from_connection_string(C, "artifacts")
session = requests.Session()
SIZE = {size}
{way}
names = [f"bench/{{number}}" for number in range({count})]
def seconds(work):
    begin = time.monotonic()
    for name in names:
        work(name)
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
    stack: Stack, results: Results, section: str, variants: dict[str, Variant], rounds: int, names: tuple[str, ...] = tuple(_GOALS), goals: bool = True, seconds: int = SLICE
) -> None:
    for name, variant, answers, foreign in _alternate(stack, variants, names, rounds, seconds=seconds):
        _refuse_errors(name, variant, answers, variants[variant].server)
        results.figure(section, f"{name}, CPU", "ms", _GOALS[name] if goals else "≤ 1.18").add(variant, 1_000 * answers.cpu / answers.requests)
        results.figure(section, name, "requests/s", sensitive=True).add(variant, answers.requests / answers.seconds, foreign)
        results.figure(section, f"{name}, p99", "ms", "≤ 0.5" if goals else "", sensitive=True).add(variant, answers.p99, foreign)


def _measure_rates(stack: Stack, results: Results, section: str, variants: dict[str, Variant], rounds: int, goal: str) -> None:
    """Requests per second, with more connections than one server can make use of."""
    for name, variant, answers, foreign in _alternate(stack, variants, ("get", "search", "log-batch"), rounds, 16):
        _refuse_errors(name, variant, answers, variants[variant].server)
        results.figure(section, name, "requests/s", goal, sensitive=True).add(variant, answers.requests / answers.seconds, foreign)
        results.figure(section, f"{name}, CPU", "ms").add(variant, 1_000 * answers.cpu / answers.requests)


def _refuse_errors(name: str, variant: str, answers: Answers, server: Server) -> None:
    if answers.failed:
        raise RuntimeError(f"{variant}: {answers.failed} of {answers.requests} answers to {name} were errors\n{server.logs()}")


def _alternate(stack: Stack, variants: dict[str, Variant], names: tuple[str, ...], rounds: int, connections: int = 8, seconds: int = SLICE) -> Iterator[tuple[str, str, Answers, float]]:
    """Name, variant, answers and the part of the machine that others had, for each slice. Servers that are not measured stand still."""
    watch = Watch()
    for _ in range(rounds):
        for name in names:
            for variant, measured in variants.items():
                measured.server.resume()
                # What has piled up while it stood still.
                time.sleep(0.5)
                database = stack.postgres.cpu()
                watch.start()
                answers = send(measured.server, measured.requests[name], seconds, connections)
                foreign = watch.foreign(answers.cpu + stack.postgres.cpu() - database + answers.load)
                measured.server.pause()
                yield name, variant, answers, foreign


def _remove(variants: dict[str, Variant]) -> None:
    for variant in variants.values():
        variant.server.remove()
