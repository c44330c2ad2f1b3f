"""Python programs that are processes of their own, with an environment of their own, and need not import all of MLflow once more.

They are forked from a process that has imported what takes seconds and does not look at the environment: not `mlflow.server`, nor what builds on it.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

_LIBRARIES = ["mlflow.genai", "mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store", "fastapi", "flask", "uvicorn"]

# Of a program that a test waits for. On a slow machine, beside other tests, the import of MLflow has taken more than a minute.
LIMIT_SECONDS = 180

# As in the image. The import of MLflow looks at it.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(_LIBRARIES)


def start(code: str, arguments: list[str], environment: Mapping[str, str], folder: Path, output: Path, errors: Path) -> BaseProcess:
    """Runs code in a folder; what it writes goes into two files, or into one that is both."""
    process = _forks.Process(target=_run, args=(code, arguments, dict(environment), folder, output, errors), daemon=True)
    process.start()
    return process


def run(code: str, environment: Mapping[str, str], folder: str, limit_seconds: float = LIMIT_SECONDS) -> subprocess.CompletedProcess[str]:
    """The same to the end of the program."""
    with tempfile.TemporaryDirectory() as written:
        output, errors = Path(written, "output"), Path(written, "errors")
        process = start(code, [], environment, Path(folder), output, errors)
        process.join(limit_seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"the program has not ended within {limit_seconds} s: {errors.read_text()}")
        return subprocess.CompletedProcess(code, process.exitcode, output.read_text(), errors.read_text())


def _run(code: str, arguments: list[str], environment: dict[str, str], folder: Path, output: Path, errors: Path) -> None:
    if "mlflow.server" in sys.modules:
        raise AssertionError("mlflow.server is imported before its settings are there")
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    os.chdir(folder)
    for stream, file in ((1, output), (2, errors)):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, stream)
        os.close(opened)
    sys.argv = ["-c", *arguments]
    exec(compile(code, "<program>", "exec"), {"__name__": "__main__"})
