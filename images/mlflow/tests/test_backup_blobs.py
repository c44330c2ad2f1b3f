import io
import unittest
import zipfile
from types import SimpleNamespace
from unittest.mock import patch

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError

from mlflow_aspire.backup import blobs
from mlflow_aspire.errors import Failure

URI = "wasbs://backups@account.blob.core.windows.net/mlflow-now.zip"
PART = 1000


class Blob:
    """What a blob of Azure does, as far as archives ask for it."""

    def __init__(self) -> None:
        self.content: bytes | None = None
        self.staged: dict[str, bytes] = {}
        self.tag = "1"
        self.reads = 0

    def exists(self) -> bool:
        return self.content is not None

    def stage_block(self, name: str, data: bytes) -> None:
        assert 0 < len(data) <= PART
        self.staged[name] = data

    def commit_block_list(self, parts: list, match_condition: MatchConditions) -> None:
        assert match_condition == MatchConditions.IfMissing
        if self.exists():
            raise ResourceExistsError("there")
        self.content = b"".join(self.staged[part.id] for part in parts)

    def get_blob_properties(self) -> SimpleNamespace:
        return SimpleNamespace(size=len(self.content or b""), etag=self.tag)

    def download_blob(self, offset: int, length: int, etag: str, match_condition: MatchConditions) -> io.BytesIO:
        if etag != self.tag or match_condition != MatchConditions.IfNotModified:
            raise HttpResponseError("it has changed")
        self.reads += 1
        stream = io.BytesIO((self.content or b"")[offset : offset + length])
        stream.readall = stream.read  # type: ignore[attr-defined]
        return stream


class BlobsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.blob = Blob()
        self.enterContext(patch.object(blobs, "_client", return_value=self.blob))
        self.enterContext(patch.object(blobs, "_PART", PART))

    def write(self, size: int) -> None:
        with blobs.new_blob(URI) as stream, zipfile.ZipFile(stream, "w") as archive:
            for name in ("a", "b", "c"):
                archive.writestr(name, name.encode() * size)

    def test_what_was_written_is_read(self) -> None:
        for size in (10, 999, 5000):
            with self.subTest(size):
                self.blob.__init__()  # type: ignore[misc]
                self.write(size)
                with blobs.open_blob(URI) as stream, zipfile.ZipFile(stream) as archive:
                    self.assertEqual([archive.read(name) for name in ("a", "b", "c")], [name.encode() * size for name in ("a", "b", "c")])

    def test_it_is_read_in_parts_and_not_for_each_member(self) -> None:
        with blobs.new_blob(URI) as stream, zipfile.ZipFile(stream, "w") as archive:
            for number in range(100):
                archive.writestr(str(number), b"x" * 50)
        with blobs.open_blob(URI) as stream, zipfile.ZipFile(stream) as archive:
            self.assertEqual({archive.read(name) for name in archive.namelist()}, {b"x" * 50})
        self.assertLess(self.blob.reads, 3 * len(self.blob.content or b"") / PART)

    def test_one_that_is_given_up_is_not_there(self) -> None:
        with self.assertRaises(SystemExit), blobs.new_blob(URI) as stream:
            stream.write(b"x" * 5 * PART)
            raise SystemExit(143)
        self.assertFalse(self.blob.exists())

    def test_no_other_blob_is_replaced(self) -> None:
        self.blob.content = b"other"
        with self.assertRaisesRegex(Failure, "exists already"), blobs.new_blob(URI):
            self.fail("it was opened")
        self.blob.content = None
        with self.assertRaisesRegex(Failure, "exists already"), blobs.new_blob(URI) as stream:
            stream.write(b"x")
            self.blob.content = b"other"
        self.assertEqual(self.blob.content, b"other")

    def test_one_that_changes_while_it_is_read(self) -> None:
        self.write(5000)
        with self.assertRaisesRegex(Failure, f"^{URI} cannot be read: it has changed"), blobs.open_blob(URI) as stream:
            self.blob.tag = "2"
            stream.read()

    def test_no_rights(self) -> None:
        with patch.object(self.blob, "exists", side_effect=AzureError("This request is not authorized")):
            with self.assertRaisesRegex(Failure, f"^{URI} cannot be written: This request is not authorized"), blobs.new_blob(URI):
                self.fail("it was opened")


class ListTest(unittest.TestCase):
    def test_blobs_of_a_folder(self) -> None:
        names = ("daily/a.zip", "daily/older/b.zip", "daily.zip", "c.zip")
        there = [SimpleNamespace(name=name, size=1) for name in names]
        container = SimpleNamespace(list_blobs=lambda name_starts_with: [blob for blob in there if blob.name.startswith(name_starts_with)])
        repository = SimpleNamespace(client=SimpleNamespace(get_container_client=lambda name: container))
        with patch.object(blobs, "_parts", side_effect=lambda uri: (repository, "backups", uri)):
            self.assertEqual(blobs.blobs_in("daily"), [("a.zip", 1)])
            self.assertEqual(blobs.blobs_in("daily/"), [("a.zip", 1)])
            self.assertEqual(blobs.blobs_in(""), [("daily.zip", 1), ("c.zip", 1)])
