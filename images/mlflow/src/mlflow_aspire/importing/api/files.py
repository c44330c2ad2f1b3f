"""The files of runs, models and traces, which a server hands out wherever it keeps them."""

import io
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import IO, Any
from urllib.parse import quote, urlsplit

from mlflow.tracing.attachments import Attachment

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


def of_trace(server: Server, trace: str, address: str, folder: str) -> Place:
    """The spans of a trace, with what is beside them where the server passes files on."""
    parts = urlsplit(address)
    if parts.scheme == _PROXIED:
        root = parts.path.strip("/")
        return Place(
            folder,
            lambda path: server.get(_PROXY, path=posixpath.join(root, path)),
            lambda path: server.open(f"{_PROXY}/{quote(posixpath.join(root, path))}"),
        )

    def entries(path: str) -> dict[str, list[Entry]]:
        if path == _ATTACHMENTS:
            return {"files": attachments_in(server.read(_TRACE, request_id=trace))}
        return {"files": [{"path": _SPANS}, {"path": _ATTACHMENTS, "is_dir": True}]}

    def content(path: str) -> IO[bytes]:
        return io.BytesIO(server.read(_TRACE, request_id=trace)) if path == _SPANS else _attachment(server, trace, path)

    return Place(folder, entries, content)


def of_attachments(server: Server, trace: str, entries: list[Entry], folder: str) -> Place:
    """What belongs to spans that are in the server's database."""
    return Place(f"{folder}/{_ATTACHMENTS}", lambda path: {"files": entries}, lambda path: _attachment(server, trace, path))


def attachments_in(spans: bytes) -> list[Entry]:
    """The attachments that spans have, as the server lists files."""
    found = (Attachment.parse_ref(reference.decode(errors="replace")) for reference in _REFERENCE.findall(spans))
    return [{"path": name, "file_size": size} for name, size in {one["attachment_id"]: one["size"] for one in found if one}.items()]


def all_of(places: Iterable[Place]) -> Iterator[Artifact]:
    """Everything below them. What cannot be listed is a file that cannot be read."""
    progress = Counter("folders of artifacts looked through")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for found in pool.map(lambda place: list(_walk(place, "")), places):
            yield from found
            progress.add(1)
    progress.end()


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
