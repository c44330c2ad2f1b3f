"""MLflow's job runner, whose consumers are forked from it.

MLflow starts a process for each kind of job and one for periodic tasks, each of which imports all of MLflow: seven times three seconds of CPU and 180 MiB.
Here the runner has imported it, and the consumers share its memory. It runs nothing in threads, of which one might hold a lock while it forks (those of
OpenBLAS and of Arrow's jemalloc have handlers for a fork); what opens connections to a database is done in processes of its own.
"""

import gc
import importlib
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

_CONSUMER = ["-m", "huey.bin.huey_consumer"]
# As MLflow: between the end of a consumer and its next start, and until the consumers of a start are there.
_PAUSE_SECONDS = 1
_UNFINISHED_JOBS_SECONDS = 10


@dataclass(frozen=True)
class Consumer:
    """What MLflow would start: the arguments of Huey's consumer, and what its environment has beside the runner's."""

    arguments: list[str]
    environment: Mapping[str, str]

    def run(self) -> None:
        from huey.bin import huey_consumer
        from mlflow.server.constants import MLFLOW_HUEY_INSTANCE_KEY

        # What `ps` shows, of which the kernel keeps fifteen characters.
        Path("/proc/self/comm").write_text(self.environment.get(MLFLOW_HUEY_INSTANCE_KEY, "periodic tasks"), encoding="utf-8")
        # As MLflow would start it with: this process is the consumer's own.
        os.environ.update(self.environment)
        sys.argv = [huey_consumer.__file__, *self.arguments]
        huey_consumer.consumer_main()


def launch(settings: Mapping[str, str], server: int) -> "subprocess.Popen[bytes]":
    """Starts the runner, in the place of MLflow's own."""
    from mlflow.server.constants import MLFLOW_SERVER_UP_TIME

    own = {"MLFLOW_SERVER_PID": str(server), MLFLOW_SERVER_UP_TIME: str(int(time.time() * 1000))}
    return subprocess.Popen([sys.executable, "-m", __name__], env={**os.environ, **settings, **own})


def consumers() -> list[Consumer]:
    """The consumers that MLflow would start, one for each kind of job, and one for periodic tasks where they are on."""
    from mlflow.environment_variables import MLFLOW_SERVER_JOB_ENABLE_PERIODIC_TASKS
    from mlflow.server.jobs import utils
    from mlflow.utils import process

    found: list[Consumer] = []

    def note(command: list[str], *, extra_env: Mapping[str, str], **_: Any) -> None:
        if command[:3] != [sys.executable, *_CONSUMER]:
            raise RuntimeError(f"MLflow starts another consumer of jobs than this is made for: {command}")
        found.append(Consumer(command[3:], extra_env))

    execute = process._exec_cmd
    process._exec_cmd = utils._exec_cmd = note
    try:
        for job in utils._job_name_to_fn_fullname_map:
            function = utils._load_function(utils.get_job_fn_fullname(job))
            utils._start_huey_consumer_proc(job, function._job_fn_metadata.max_workers)
        if MLFLOW_SERVER_JOB_ENABLE_PERIODIC_TASKS.get():
            utils._start_periodic_tasks_consumer_proc()
    finally:
        process._exec_cmd = utils._exec_cmd = execute
    return found


def run() -> None:
    """Keeps the consumers running as long as the server runs. They end by themselves when this process has ended."""
    from mlflow.server.constants import MLFLOW_SERVER_UP_TIME
    from mlflow.server.jobs import utils

    # What consumers would import, each by itself.
    importlib.import_module("huey.bin.huey_consumer")
    importlib.import_module("mlflow.server.jobs.logging_utils")
    # From `launch`, in the process of the server.
    server, started = int(os.environ["MLFLOW_SERVER_PID"]), int(os.environ[MLFLOW_SERVER_UP_TIME])
    waiting = consumers()
    # Collections in the consumers would copy all that they share.
    gc.collect()
    gc.freeze()
    running: dict[int, Consumer] = {}
    unfinished_at = time.monotonic() + _UNFINISHED_JOBS_SECONDS
    while utils.is_process_alive(server):
        for consumer in waiting:
            running[_fork(consumer.run)] = consumer
        if time.monotonic() >= unfinished_at:
            _fork(lambda: utils._enqueue_unfinished_jobs(started))
            unfinished_at = float("inf")
        time.sleep(_PAUSE_SECONDS)
        waiting = [running.pop(ended) for ended in _ended() if ended in running]


def _fork(work: Callable[[], None]) -> int:
    child = os.fork()
    if not child:
        _end(work)
    return child


def _end(work: Callable[[], None]) -> NoReturn:
    """Ends this process after its work, and nothing of what the runner would do."""
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _ended() -> list[int]:
    ended: list[int] = []
    while True:
        try:
            child, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if not child:
            return ended
        ended.append(child)


if __name__ == "__main__":
    run()
