"""Where archives are: a file `….zip`, a folder or a container of blobs that gets one named after the time, or standard output.

Wherever it is, an archive has its name when it is complete, and does not exist when it is not.
"""

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO

from .. import stores
from ..errors import Failure, SettingError
from ..settings import Environment

_logger = logging.getLogger(__name__)

DESTINATION = "MLFLOW_BACKUP_DESTINATION"

_STANDARD_OUTPUT = "-"
_BLOBS = "wasbs://"
_ARCHIVE = ".zip"
# The names sort by the time.
_BACKUP = re.compile(r"mlflow-\d{8}T\d{6}Z\.zip")


@dataclass(frozen=True)
class Backups:
    place: str | None
    """A folder or a container of blobs, for backups without a place of their own."""

    store: str | None = field(repr=False)
    """The artifact store, which may hold a password."""

    def check(self, place: str) -> None:
        """Refuses a place that cannot hold archives, or that would be part of the next one.

        Raises:
            SettingError: it is such a place.
        """
        if "://" in place and not stores.BLOB_CONTAINER.fullmatch(place):
            accepted = "a path, or wasbs://<container>@<account>.blob.core.windows.net[/<path>]"
            raise SettingError(DESTINATION, f"or the argument is {place!r}; accepted: {accepted}")
        if self.store and place != _STANDARD_OUTPUT and _is_within(place, self.store):
            problem = f"or the argument is {place!r}, which is within the artifact store {stores.DESTINATION}"
            raise SettingError(DESTINATION, f"{problem}; accepted: a place beside it")


def read(environment: Environment) -> Backups:
    return Backups(environment.get(DESTINATION) or None, environment.get(stores.DESTINATION) or None)


@contextmanager
def new_archive(target: str, name: str) -> Iterator[tuple[BinaryIO, str]]:
    """Opens a place for writing, and gives what the archive is called. In a folder or a container it gets the name.

    Raises:
        Failure: there is such an archive already, or it cannot be written.
    """
    if target == _STANDARD_OUTPUT:
        # All that is said goes beside the archive.
        output = sys.stdout.buffer
        with redirect_stdout(sys.stderr):
            yield output, "standard output"
            output.flush()
            _complete("standard output")
    elif target.startswith(_BLOBS):
        from .blobs import new_blob

        uri = target if target.endswith(_ARCHIVE) else f"{target.rstrip('/')}/{name}"
        with new_blob(uri) as stream:
            yield stream, uri
        _complete(uri)
    else:
        path = Path(target)
        if path.is_dir():
            path /= name
        elif path.suffix != _ARCHIVE:
            raise Failure(f"{target} is no folder, and no name of an archive, which ends with {_ARCHIVE}")
        with new_file(path) as stream:
            yield stream, str(path)
        _complete(str(path))


def _complete(name: str) -> None:
    _logger.info("backup complete: %s", name)


@contextmanager
def open_archive(source: str) -> Iterator[IO[bytes]]:
    """Opens an archive for reading.

    Raises:
        Failure: it cannot be read.
    """
    if source.startswith(_BLOBS):
        from .blobs import open_blob

        with open_blob(source) as stream:
            yield stream
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(source).open("rb"))
        except OSError as error:
            raise Failure(f"{source} cannot be read: {error.strerror}") from error
        yield file


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that has its name when it is complete, and does not exist when it is not.

    Raises:
        Failure: there is such a file already, or it cannot be written.
    """
    if path.exists():
        raise Failure(f"{path} exists already; a backup replaces no other file")
    partial = path.with_name(f"{path.name}.partial")
    try:
        # It holds what only some may read. The group is that of the folder where its owner wants it so.
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        if error.filename not in (None, str(partial), str(path)):
            raise
        raise Failure(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)


def latest(place: str) -> str:
    """The latest backup in a folder or a container of blobs. The rows from before a migration are none: they lack the artifacts.

    Raises:
        Failure: there is none, or the place cannot be read.
    """
    found = [name for name, _ in archives(place) if _BACKUP.fullmatch(name)]
    if not found:
        raise Failure(f"{place} has no backup. Nothing was changed")
    return within(place, found[0])


def within(place: str, name: str) -> str:
    """An archive in a folder or a container of blobs, by its name."""
    return f"{place.rstrip('/')}/{name}"


def archives(place: str) -> list[tuple[str, int]]:
    """The names and the sizes of the archives in a folder or a container of blobs, the latest first.

    Raises:
        Failure: it cannot be read.
    """
    if place.startswith(_BLOBS):
        from .blobs import blobs_in

        found = blobs_in(place)
    else:
        try:
            found = [(path.name, path.stat().st_size) for path in Path(place).iterdir() if path.is_file()]
        except OSError as error:
            raise Failure(f"{place} cannot be read: {error.strerror}") from error
    return sorted(((name, size) for name, size in found if name.endswith(_ARCHIVE)), reverse=True)


def _is_within(place: str, store: str) -> bool:
    if place.startswith(_BLOBS):
        return f"{place.rstrip('/')}/".startswith(f"{store.rstrip('/')}/")
    folder = store.removeprefix("file://").removeprefix("file:")
    return folder.startswith("/") and Path(place).resolve().is_relative_to(Path(folder).resolve())
