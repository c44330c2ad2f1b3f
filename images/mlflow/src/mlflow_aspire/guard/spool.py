"""The folder for files that an upload or a download needs on the server: on disk where a volume is mounted at /var/spool/mlflow, in /tmp otherwise."""

import os
import shutil
import tempfile
from pathlib import Path

from ..errors import SettingError
from ..settings import MutableEnvironment

_VOLUME = Path("/var/spool/mlflow")
_WORKER = "mlflow-worker-"


def settle(environment: MutableEnvironment) -> None:
    """Chooses the folder and empties it of what servers before this one have left.

    Raises:
        SettingError: there is no folder that can be written to.
    """
    if _VOLUME.is_mount() and os.access(_VOLUME, os.W_OK):
        environment.setdefault("TMPDIR", str(_VOLUME))
    tempfile.tempdir = None
    try:
        folder = Path(tempfile.gettempdir())
    except FileNotFoundError:
        raise SettingError("TMPDIR", "names no folder that can be written to, and nor can /tmp; mount one there, such as a tmpfs") from None
    _remove(folder, all_of_them=True)


def enter() -> None:
    """Gives the worker that this process is a folder of its own, and removes those of workers that have died."""
    folder = Path(tempfile.gettempdir())
    if folder.name.startswith(_WORKER):
        # Of the parent, before this process was forked from it.
        folder = folder.parent
    _remove(folder, all_of_them=False)
    own = folder / f"{_WORKER}{os.getpid()}"
    own.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = str(own)


def _remove(folder: Path, all_of_them: bool) -> None:
    for left in folder.glob(f"{_WORKER}*"):
        process = left.name.removeprefix(_WORKER)
        if all_of_them or process == str(os.getpid()) or not Path("/proc", process).exists():
            shutil.rmtree(left, ignore_errors=True)
