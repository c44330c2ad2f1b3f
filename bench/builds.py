"""What a developer waits for: the app host, what it publishes, and the image after a change."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from docker import docker
from machine import Watch, children_cpu
from results import Results
from stack import AZURITE, POSTGRES, Stack, answers, flags

_ROOT = Path(__file__).parent.parent
_APP_HOST = _ROOT / "MlflowAspire.AppHost"
_SECTION = "What a developer waits for"


def publish(stack: Stack, results: Results, rounds: int) -> None:
    """`dotnet run -- --publisher manifest` on a built checkout."""
    _dotnet("build", str(_APP_HOST))
    watch = Watch()
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            watch.start()
            before, began = children_cpu(), time.monotonic()
            _dotnet("run", "--no-build", "--project", str(_APP_HOST), "--", "--publisher", "manifest", "--output-path", f"{folder}/manifest.json")
            seconds = time.monotonic() - began
            results.figure(_SECTION, "publish the manifest", "s", "< 3", sensitive=True).add("product", seconds, watch.foreign(children_cpu() - before))


def image(stack: Stack, results: Results, rounds: int) -> None:
    """The image again after a change of our code."""
    with tempfile.TemporaryDirectory() as folder:
        context = shutil.copytree(_ROOT / "images/mlflow", f"{folder}/mlflow")
        built = [docker("build", "--quiet", str(context))]
        for number in range(rounds):
            (Path(context) / "src/mlflow_aspire/__init__.py").write_text(f"# {number} {time.time()}\n")
            began = time.monotonic()
            built.append(docker("build", "--quiet", str(context)))
            # The build is work of the machine's own, in processes of Docker: what is foreign cannot be told.
            results.figure(_SECTION, "build the image after a change of our code", "s", "< 5").add("product", time.monotonic() - began)
        for name in built[1:]:
            docker("rmi", name, check=False)


def app_host(stack: Stack, results: Results, rounds: int) -> None:
    """From `dotnet run` on a built checkout, with kept volumes, to a healthy server, beside `docker run` of the same containers on kept volumes."""
    figure = results.figure(_SECTION, "start on kept data", "s", "≤ 1.2", sensitive=True)
    volumes = [f"{stack.id}-data-{number}" for number in range(2)]
    with tempfile.TemporaryDirectory() as folder:
        # A copy has volumes of its own: a developer's are not touched.
        copy = Path(folder) / "bench"
        shutil.copytree(_ROOT, copy, ignore=shutil.ignore_patterns(".git", "node_modules", "artifacts", "TestResults"))
        project = copy / "MlflowAspire.AppHost"
        _dotnet("build", str(project))
        before = set(docker("volume", "ls", "--quiet").split())
        try:
            _started(project)
            for _ in range(rounds):
                figure.add("docker run", _containers(stack, volumes))
                figure.add("dotnet run", _started(project))
        finally:
            for volume in set(docker("volume", "ls", "--quiet").split()) - before:
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


def _started(project: Path) -> float:
    """Starts the app host, waits for the line that says that MLflow is ready, and stops it."""
    began = time.monotonic()
    command = ["dotnet", "run", "--no-build", "--project", str(project), "--", "--Mlflow:Port=0"]
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
