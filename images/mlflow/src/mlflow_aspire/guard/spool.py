"""The folder for files that an upload or a download needs on the server: on disk where a volume is mounted at /var/spool/mlflow, in /tmp otherwise."""

import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from ..errors import SettingError
from ..settings import Environment, Exports

_VOLUME = Path("/var/spool/mlflow")
_WORKER = "mlflow-worker-"
_WORKERS = f"{_WORKER}*"
# The times of files lag some milliseconds behind.
_STARTED = time.time() - 1


@dataclass(frozen=True)
class Spool:
    volume: str | None
    """None is the folder of TMPDIR, or /tmp."""

    def exports(self) -> Exports:
        if self.volume is None:
            return {}
        # Python looks at the variable once.
        tempfile.tempdir = None
        return {"TMPDIR": self.volume}


def read(environment: Environment) -> Spool:
    """Chooses the folder.

    Raises:
        SettingError: there is no folder that can be written to.
    """
    if "TMPDIR" not in environment and _VOLUME.is_mount() and os.access(_VOLUME, os.W_OK):
        return Spool(str(_VOLUME))
    tempfile.tempdir = None
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        raise SettingError("TMPDIR", "names no folder that can be written to, and nor can /tmp; mount one there, such as a tmpfs") from None
    return Spool(None)


def empty() -> None:
    """Removes what servers before this one have left, before it has workers."""
    folder = Path(tempfile.gettempdir())
    # The volume belongs only to the server, and outlives it. What this start has put there stays.
    for left in folder.glob("*" if folder == _VOLUME else _WORKERS):
        if left.stat().st_mtime < _STARTED:
            _remove(left)


def enter() -> None:
    """Gives the worker that this process is a folder of its own, and removes those of workers that have died."""
    folder = Path(tempfile.gettempdir())
    if folder.name.startswith(_WORKER):
        # Of the parent, before this process was forked from it.
        folder = folder.parent
    for left in folder.glob(_WORKERS):
        process = left.name.removeprefix(_WORKER)
        if process == str(os.getpid()) or not Path("/proc", process).exists():
            _remove(left)
    own = folder / f"{_WORKER}{os.getpid()}"
    own.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = str(own)


def _remove(left: Path) -> None:
    if left.is_dir():
        shutil.rmtree(left, ignore_errors=True)
    else:
        left.unlink(missing_ok=True)
