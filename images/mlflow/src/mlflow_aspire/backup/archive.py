"""The file that a backup is: a ZIP archive, which other programs open as well.

    manifest.json             versions, counts and the checksums of all other members; the last one to be written
    <schema>/<table>          the rows of a table, as PostgreSQL's COPY writes and reads them as text, whatever its version
    artifacts/<path>          the files of the artifact store
"""

import hashlib
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, Protocol

from ..errors import Failure
from .manifest import Manifest

ARTIFACTS = "artifacts/"
_MANIFEST = "manifest.json"
_BLOCK = 2**20

# What the manifest says of tables, and of each member beside its name, of which a character takes up to twelve bytes of JSON.
_MANIFEST_BASE = 16 * 2**20
_MANIFEST_MEMBER = 256

# What Python's library makes of an archive that is none.
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, LookupError, TypeError, ValueError, RuntimeError)


class Writable(Protocol):
    def write(self, data: bytes, /) -> int: ...


class ArchiveWriter:
    """Writes members one after the other, to a stream that need not be a file."""

    def __init__(self, stream: BinaryIO, manifest: Manifest) -> None:
        self._zip = zipfile.ZipFile(stream, "w", allowZip64=True)
        self._manifest = manifest

    @contextmanager
    def member(self, name: str, compress: bool) -> Iterator[Writable]:
        """Opens a member for writing. Rows get small at little cost; models and pictures mostly are."""
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (stat.S_IFREG | 0o600) << 16
        entry.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        with self._zip.open(entry, "w", force_zip64=True) as file:
            hashing = _Hashing(file)
            yield hashing
        self._manifest.checksums[name] = hashing.digest

    def __enter__(self) -> "ArchiveWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Writes the manifest and the end of the archive, without which it is none."""
        if kind is None:
            self._zip.writestr(_MANIFEST, self._manifest.to_json(), zipfile.ZIP_DEFLATED)
            self._zip.close()
        else:
            # It would try to end the archive later, in a file that is closed by then.
            self._zip.fp = None


class Archive:
    """An archive that is complete and undamaged as far as its manifest tells; `verify` reads all of it."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        """Looks into it.

        Raises:
            Failure: it is no archive of this kind, or was cut off.
        """
        self._name = name
        try:
            self._zip = zipfile.ZipFile(stream)
            self.manifest = Manifest.from_json(self._read_manifest())
        except OSError as error:
            raise Failure(f"{name} cannot be read: {error.strerror or error}") from error
        except _DAMAGE as error:
            raise self._damaged(str(error)) from error

    def verify(self) -> None:
        """Compares every member with its checksum.

        Raises:
            Failure: one is missing, is not in the manifest or has other content.
        """
        names = [name for name in self._zip.namelist() if name != _MANIFEST]
        tables = {f"{schema}/{table}" for schema, content in self.manifest.schemas.items() for table in content.tables}
        if sorted(names) != sorted(self.manifest.checksums) or not tables.issubset(names):
            raise self._damaged("it does not have the members that its manifest names")
        for name in names:
            digest = hashlib.sha256()
            try:
                with self._zip.open(name) as file:
                    while block := file.read(_BLOCK):
                        digest.update(block)
            except (*_DAMAGE, OSError) as error:
                raise self._damaged(f"{name}: {error}") from error
            if digest.hexdigest() != self.manifest.checksums[name]:
                raise self._damaged(f"{name} has another checksum than its manifest says")

    def open(self, name: str) -> IO[bytes]:
        return self._zip.open(name)

    def artifacts(self) -> list[tuple[str, int]]:
        """The path in the artifact store and the size of each file."""
        return [(entry.filename.removeprefix(ARTIFACTS), entry.file_size) for entry in self._zip.infolist() if entry.filename.startswith(ARTIFACTS)]

    def _read_manifest(self) -> bytes:
        size = self._zip.getinfo(_MANIFEST).file_size
        # It is read whole, and a small archive could have one of gigabytes.
        if size > _MANIFEST_BASE + sum(_MANIFEST_MEMBER + 12 * len(member) for member in self._zip.namelist()):
            raise ValueError(f"{_MANIFEST} has {size:,} bytes, more than its members explain")
        return self._zip.read(_MANIFEST)

    def _damaged(self, reason: str) -> Failure:
        return Failure(f"{self._name} is not a complete, undamaged backup: {reason}. Nothing was changed")


class _Hashing:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        return self._file.write(data)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def copy(source: IO[bytes], target: Writable, count: Callable[[int], None]) -> int:
    """Copies all of a stream, tells how much of it after each block, and gives its size in bytes."""
    size = 0
    while block := source.read(_BLOCK):
        target.write(block)
        count(len(block))
        size += len(block)
    return size
