"""What a developer waits for: the app host, what it publishes, and the image after a change."""

import os
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from docker import docker
from machine import Watch, others
from results import Results
from stack import AZURITE, POSTGRES, Stack, answers, flags

_ROOT = Path(__file__).parent.parent
_APP_HOST = _ROOT / "MlflowAspire.AppHost"
_TESTS = _ROOT / "MlflowAspire.Tests"
# A test each of whose cases publishes the app host with other settings, and does next to nothing else.
_PUBLISHES = "MonitoringTests.The_address_is_asked_from_the_internet_where_the_internet_reaches_it"
_RUNS = {"dotnet run": [], "dotnet run --no-build": ["--no-build"]}


def publish(stack: Stack, results: Results, rounds: int) -> None:
    """`dotnet run -- --publisher manifest` on a built checkout, with and without MSBuild's look whether it is; and in a process that has published before."""
    _dotnet("build", str(_TESTS))
    figure = results.figure("Publishing", "publish the manifest", "s", "< 3, in process < 0.1", sensitive=True)
    watch = Watch(stack.containers)
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            for variant, options in _RUNS.items():
                watch.start()
                began = time.monotonic()
                _dotnet("run", *options, "--project", str(_APP_HOST), "--", "--publisher", "manifest", "--output-path", f"{folder}/manifest.json")
                figure.add(variant, time.monotonic() - began, watch.foreign())
            watch.start()
            _dotnet("test", str(_TESTS), "--no-build", "--filter", f"FullyQualifiedName~{_PUBLISHES}", "--logger", f"trx;LogFileName={folder}/tests.trx")
            foreign = watch.foreign()
            durations = re.findall(r'<UnitTestResult [^>]*\bduration="00:00:([\d.]+)"', Path(folder, "tests.trx").read_text(encoding="utf-8"))
            # The first one, the longest, pays for what is compiled when it is called.
            figure.add("in process", statistics.median(sorted(map(float, durations))[:-1]), foreign)


def image(stack: Stack, results: Results, rounds: int) -> None:
    """What our layers add to the base image, and the image again after a change of our code."""
    section = "The image"
    base = docker("image", "inspect", "--format", '{{index .Config.Labels "org.opencontainers.image.base.name"}}', stack.image)
    sizes = [int(docker("image", "inspect", "--format", "{{.Size}}", name)) for name in (stack.image, base)]
    results.figure(section, f"on top of {base}", "MB", "≤ 40").add("product", (sizes[0] - sizes[1]) / 1e6)
    with tempfile.TemporaryDirectory() as folder:
        context = shutil.copytree(_ROOT / "images/mlflow", f"{folder}/mlflow")
        built = [docker("build", "--quiet", str(context))]
        for number in range(rounds):
            (Path(context) / "src/mlflow_aspire/__init__.py").write_text(f"# {number} {time.time()}\n")
            before, began = others(), time.monotonic()
            built.append(docker("build", "--quiet", str(context)))
            seconds = time.monotonic() - began
            results.figure(section, "build after a change of our code", "s", "< 5", sensitive=True).add("product", seconds, max(before, others()))
        for name in built[1:]:
            docker("rmi", name, check=False)


def app_host(stack: Stack, results: Results, rounds: int) -> None:
    """From `dotnet run` on a built checkout, with kept volumes, to a healthy server, beside `docker run` of the same containers on kept volumes."""
    figure = results.figure("Start of the app host", "start on kept data", "s", "≤ 1.2", sensitive=True)
    volumes = [f"{stack.id}-data-{number}" for number in range(2)]
    with tempfile.TemporaryDirectory() as folder:
        # A copy has volumes of its own: a developer's are not touched.
        copy = Path(folder) / "bench"
        shutil.copytree(_ROOT, copy, ignore=shutil.ignore_patterns(".git", "node_modules", "artifacts", "TestResults"))
        project = copy / "MlflowAspire.AppHost"
        _dotnet("build", str(project))
        starts = {"docker run": partial(_containers, stack, volumes)} | {variant: partial(_started, project, options) for variant, options in _RUNS.items()}
        kept = set(docker("volume", "ls", "--quiet").split())
        try:
            _started(project)
            before = others()
            for _ in range(rounds):
                for variant, start in starts.items():
                    seconds, after = start(), others()
                    figure.add(variant, seconds, max(before, after))
                    before = after
        finally:
            for volume in set(docker("volume", "ls", "--quiet").split()) - kept:
                docker("volume", "rm", volume, check=False)


def _containers(stack: Stack, volumes: list[str]) -> float:
    """Database and blobs, the migration, the server: each when what it needs is there."""
    names = [f"{stack.id}-plain-{name}" for name in ("db", "blobs", "server")]
    network = ["--network", stack.id]
    try:
        began = time.monotonic()
        password = {"POSTGRES_PASSWORD": "bench"}
        docker("run", "--detach", "--name", names[0], *network, "--network-alias", "plain-db", "--volume", f"{volumes[0]}:/var/lib/postgresql/data", *flags(password), POSTGRES)
        docker("run", "--detach", "--name", names[1], *network, "--volume", f"{volumes[1]}:/data", AZURITE, "azurite", "--blobHost", "0.0.0.0", "--location", "/data", "--silent")
        while docker("exec", names[0], "pg_isready", "-h", "127.0.0.1", "-U", "postgres", check=False).find("accepting") < 0:
            time.sleep(0.1)
        environment = flags(
            stack.environment("postgres") | {"PGPASSWORD": "bench", "MLFLOW_BACKEND_STORE_URI": "postgresql+psycopg2://plain-db:5432/postgres", "MLFLOW_WORKERS": "1"}
        )
        docker("run", "--rm", *network, *environment, stack.image, "migrate")
        docker("run", "--detach", "--name", names[2], *network, "--publish", "127.0.0.1::5000", *environment, stack.image)
        address = "http://" + docker("port", names[2], "5000").splitlines()[0]
        while not answers(f"{address}/health"):
            time.sleep(0.05)
        return time.monotonic() - began
    finally:
        docker("rm", "--force", *names, check=False)


def _started(project: Path, options: Sequence[str] = ()) -> float:
    """Starts the app host, waits for the line that says that MLflow is ready, and stops it."""
    began = time.monotonic()
    command = ["dotnet", "run", *options, "--project", str(project), "--", "--Mlflow:Port=0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line)
            if "MLflow is ready" in line:
                return time.monotonic() - began
        raise RuntimeError(f"the app host ended\n{''.join(lines)}")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.stdout.read()
        process.wait(60)


def _dotnet(*arguments: str) -> None:
    result = subprocess.run(["dotnet", *arguments], capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"dotnet {arguments[0]}: {result.stdout}{result.stderr}")
