"""The consumers of jobs: those that MLflow starts, kept running as MLflow does, by a process that has imported MLflow once."""

import ast
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from unittest.mock import patch

import programs
from mlflow.server.constants import MLFLOW_HUEY_INSTANCE_KEY, MLFLOW_SERVER_UP_TIME
from mlflow.server.jobs import utils

from mlflow_aspire.server import job_runner

# Consumers that note when they start, and end with the runner as Huey's do.
RUNNER = """
import os, sys, time
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch
from mlflow.server.jobs import utils
from mlflow_aspire.server import job_runner

def run():
    os.environ[utils.MLFLOW_ORIGINAL_PARENT_PID_ENV_VAR] = sys.argv[2]
    Path(sys.argv[1], str(os.getpid())).touch()
    utils._exit_when_orphaned(0.1)

sys.argv[2:] = [str(os.getpid())]
consumers = [SimpleNamespace(run=run), SimpleNamespace(run=run)]
unfinished = lambda started: Path(f"unfinished-{started}").touch()
with patch.object(job_runner, "consumers", lambda: consumers), patch.multiple(job_runner, _PAUSE_SECONDS=0.1, _UNFINISHED_JOBS_SECONDS=0.5):
    with patch.object(utils, "_enqueue_unfinished_jobs", unfinished):
        job_runner.run()
"""


def runs(pid: int) -> bool:
    """One that has ended and that nobody asks for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class JobRunnerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.noted = self.folder / "noted"
        self.noted.mkdir()
        self.server = subprocess.Popen(["sleep", "600"])
        self.addCleanup(self.server.wait)
        self.addCleanup(self.server.kill)
        environment = {"PATH": os.environ["PATH"], "MLFLOW_SERVER_PID": str(self.server.pid), MLFLOW_SERVER_UP_TIME: "7"}
        self.errors = self.folder / "errors"
        self.runner = programs.start(RUNNER, [str(self.noted)], environment, self.folder, self.folder / "output", self.errors)
        self.addCleanup(self.runner.kill)

    def consumers(self) -> set[int]:
        return {pid for pid in map(int, os.listdir(self.noted)) if runs(pid)}

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + programs.LIMIT_SECONDS
        while not condition():
            if time.monotonic() > end:
                self.fail(f"waited {programs.LIMIT_SECONDS} s for {what}: {self.errors.read_text()}")
            time.sleep(0.05)

    def test_a_consumer_that_ends_is_started_again_and_all_end_with_the_server(self) -> None:
        self.wait_for(lambda: len(self.consumers()) == 2, "two consumers")
        first = min(self.consumers())
        os.kill(first, signal.SIGKILL)
        self.wait_for(lambda: first not in self.consumers() and len(self.consumers()) == 2, "another consumer")
        self.wait_for(Path(self.folder, "unfinished-7").exists, "unfinished jobs")

        self.server.kill()
        self.server.wait()
        self.wait_for(lambda: not self.runner.is_alive(), "the end of the runner")
        self.wait_for(lambda: not self.consumers(), "the end of the consumers")

    def test_consumers_end_with_a_runner_that_is_killed(self) -> None:
        self.wait_for(lambda: len(self.consumers()) == 2, "two consumers")
        self.runner.kill()
        self.wait_for(lambda: not self.consumers(), "the end of the consumers")


class ConsumersTest(unittest.TestCase):
    def test_they_are_those_that_mlflow_starts(self) -> None:
        with patch.dict(os.environ, {"MLFLOW_SERVER_JOB_ENABLE_PERIODIC_TASKS": "true"}):
            found = job_runner.consumers()
        self.assertEqual({consumer.environment.get(MLFLOW_HUEY_INSTANCE_KEY) for consumer in found}, {*utils._job_name_to_fn_fullname_map, None})
        self.assertEqual({consumer.environment[utils.MLFLOW_ORIGINAL_PARENT_PID_ENV_VAR] for consumer in found}, {str(os.getpid())})
        instances = {consumer.arguments[0] for consumer in found}
        self.assertEqual(instances, {f"mlflow.server.jobs.{name}.huey_instance" for name in ("_huey_consumer", "_periodic_tasks_consumer")})
        self.assertTrue(all("-w" in consumer.arguments for consumer in found))
        self.assertIs(utils._exec_cmd, __import__("mlflow.utils.process").utils.process._exec_cmd)
        with patch.dict(os.environ, {"MLFLOW_SERVER_JOB_ENABLE_PERIODIC_TASKS": "false"}):
            self.assertEqual(len(job_runner.consumers()), len(found) - 1)

    def test_mlflows_own_runner_does_the_same(self) -> None:
        tree = ast.parse(Path(find_spec("mlflow.server.jobs._job_runner").origin).read_text())
        main = next(node for node in tree.body if isinstance(node, ast.If))
        calls = [ast.unparse(call) for statement in main.body for call in ast.walk(statement) if isinstance(call, ast.Call)]
        for call in (
            "_start_watcher_to_kill_job_runner_if_mlflow_server_dies()", "_launch_huey_consumer(job_name)", "_launch_periodic_tasks_consumer_if_enabled()",
            f"time.sleep({job_runner._UNFINISHED_JOBS_SECONDS})", "_enqueue_unfinished_jobs(server_up_time)",
        ):  # fmt: skip
            self.assertIn(call, calls)
        self.assertEqual(len(main.body), 7)

    def test_nothing_runs_beside_what_forks(self) -> None:
        code = "import threading; from mlflow.server.jobs import utils; from mlflow_aspire.server import job_runner; job_runner.consumers(); print(threading.active_count())"
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=programs.LIMIT_SECONDS, check=True)
        self.assertEqual(run.stdout.strip(), "1")


if __name__ == "__main__":
    unittest.main()
