"""The files of runs, models and traces, which a server hands out wherever it keeps them."""

import mmap
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlsplit

from mlflow.tracing.attachments import Attachment

from ...ahead import ahead
from ...backup.progress import Counter
from ..source import Artifact, Missing
from .server import AT_ONCE, Absent, Broken, Server

_PROXIED = "mlflow-artifacts"
_PROXY = "/api/2.0/mlflow-artifacts/artifacts"
_TRACE = "/ajax-api/2.0/mlflow/get-trace-artifact"
_SPANS = "traces.json"
_ATTACHMENTS = "attachments"
# How spans name one.
_REFERENCE = re.compile(rb'mlflow-attachment://[^"\\\s]+')


# A file or a folder of a list.
Entry = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """What has a folder of files."""

    folder: str
    """Where it is in the store of this server."""

    list: Callable[[str], Any]
    """What is directly below one of its folders."""

    open: Callable[[str], IO[bytes]]


def of_run(server: Server, run: str, folder: str) -> Place:
    return Place(
        folder,
        lambda path: server.get("/api/2.0/mlflow/artifacts/list", run_id=run, **({"path": path} if path else {})),
        lambda path: server.open("/get-artifact", run_uuid=run, path=path),
    )


def of_model(server: Server, model: str, folder: str) -> Place:
    return Place(
        folder,
        lambda path: server.get(f"/api/2.0/mlflow/logged-models/{model}/artifacts/directories", **({"artifact_directory_path": path} if path else {})),
        lambda path: server.open(f"/ajax-api/2.0/mlflow/logged-models/{model}/artifacts/files", artifact_file_path=path),
    )


def of_trace(server: Server, trace: str, address: str, folder: str, copies: Path) -> Place:
    """The file of the spans of a trace, with what is beside it. Where the server does not pass it on, a copy tells that."""
    parts = urlsplit(address)
    if parts.scheme == _PROXIED:
        root = parts.path.strip("/")
        return Place(
            folder,
            lambda path: server.get(_PROXY, path=posixpath.join(root, path)),
            lambda path: server.open(f"{_PROXY}/{quote(posixpath.join(root, path))}"),
        )

    spans = _Spans(server, trace, copies)
    return Place(folder, spans.list, spans.open)


def of_attachments(server: Server, trace: str, entries: list[Entry], folder: str) -> Place:
    """What belongs to spans that are in the server's database."""
    return Place(f"{folder}/{_ATTACHMENTS}", lambda path: {"files": entries}, lambda path: _attachment(server, trace, path))


def spans_of(server: Server, trace: str, copies: Path) -> Path:
    """A copy of the spans of a trace, wherever the server keeps them.

    Raises:
        Missing: the server cannot give them.
    """
    return server.copy(copies, _TRACE, request_id=trace)


def attachments_in(spans: bytes | mmap.mmap) -> list[Entry]:
    """The attachments that spans have, as the server lists files."""
    found = (Attachment.parse_ref(reference.decode(errors="replace")) for reference in _REFERENCE.findall(spans))
    return [{"path": name, "file_size": size} for name, size in {one["attachment_id"]: one["size"] for one in found if one}.items()]


def all_of(places: Iterable[Place]) -> Iterator[Artifact]:
    """Everything below them. What cannot be listed is a file that cannot be read."""
    progress = Counter("folders of artifacts looked through")
    for _, found in ahead(lambda place: list(_walk(place, "")), places, AT_ONCE):
        yield from found
        progress.add(1)
    progress.end()


class _Spans:
    """The spans of a trace and their attachments, which the spans name. They are read once, as they may be large."""

    def __init__(self, server: Server, trace: str, copies: Path) -> None:
        self._server = server
        self._trace = trace
        self._copies = copies
        self._copy = Path()
        self._attachments: list[Entry] = []

    def list(self, path: str) -> dict[str, list[Entry]]:
        if path == _ATTACHMENTS:
            return {"files": self._attachments}
        self._copy = spans_of(self._server, self._trace, self._copies)
        size = self._copy.stat().st_size
        if size:
            with self._copy.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                self._attachments = attachments_in(content)
        return {"files": [{"path": _SPANS, "file_size": size}, {"path": _ATTACHMENTS, "is_dir": True}]}

    def open(self, path: str) -> IO[bytes]:
        return self._copy.open("rb") if path == _SPANS else _attachment(self._server, self._trace, path)


def _walk(place: Place, folder: str) -> Iterator[Artifact]:
    try:
        entries = place.list(folder).get("files", [])
    except (Absent, Broken, Missing) as error:
        yield Artifact(posixpath.join(place.folder, folder).rstrip("/"), 0, partial(_fail, str(error)))
        return
    for entry in entries:
        path = posixpath.join(folder, posixpath.basename(entry["path"]))
        if entry.get("is_dir"):
            yield from _walk(place, path)
        else:
            yield Artifact(f"{place.folder}/{path}", int(entry.get("file_size") or 0), partial(place.open, path))


def _attachment(server: Server, trace: str, path: str) -> IO[bytes]:
    return server.open(_TRACE, request_id=trace, path=posixpath.basename(path))


def _fail(reason: str) -> IO[bytes]:
    raise Missing(reason)
