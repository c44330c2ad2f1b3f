import io
import json
import subprocess
import sys
import tempfile
import unittest
import zipfile
from contextlib import suppress
from pathlib import Path

from mlflow_aspire.backup.archive import Archive, ArchiveWriter, copy
from mlflow_aspire.backup.manifest import Manifest, SchemaRows, Table
from mlflow_aspire.backup.progress import readable
from mlflow_aspire.errors import Failure

ROWS = b"1\tone\n" * 1000


class ArchiveTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.path = self.folder / "backup.zip"

    def write(self, stream: io.IOBase) -> Manifest:
        manifest = Manifest("2026-11-28T20:00:00+00:00", {"tracking": SchemaRows("mlflow 3.17.2", "a", {"runs": Table(["id", "name"], 1000, {"id": 7})})})
        with ArchiveWriter(stream, manifest) as archive:
            for name, compress in (("tracking/runs", True), ("artifacts/1/ä b.txt", False)):
                with archive.member(name, compress) as member:
                    copy(io.BytesIO(ROWS), member, lambda size: None)
        return manifest

    def open(self) -> Archive:
        return Archive(self.enterContext(self.path.open("rb")), str(self.path))

    def change(self, change) -> None:  # type: ignore[no-untyped-def]
        """Writes the archive anew, with other members."""
        with zipfile.ZipFile(self.path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        change(members)
        with zipfile.ZipFile(self.path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)

    def assert_refused(self, reason: str) -> None:
        with self.assertRaisesRegex(Failure, f"is not a complete, undamaged backup: .*{reason}.*Nothing was changed$"):
            self.open().verify()

    def test_what_was_written_is_read(self) -> None:
        with self.path.open("wb") as stream:
            manifest = self.write(stream)
        archive = self.open()
        archive.verify()
        self.assertEqual(archive.manifest, manifest)
        self.assertEqual(archive.artifacts(), [("1/ä b.txt", len(ROWS))])
        self.assertEqual(archive.open("tracking/runs").read(), ROWS)

    def test_a_stream_that_cannot_go_back(self) -> None:
        code = "import sys; from test_backup_archive import ArchiveTest; ArchiveTest().write(sys.stdout.buffer)"
        self.path.write_bytes(subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True, cwd=Path(__file__).parent).stdout)
        self.open().verify()

    def test_one_that_is_given_up_is_none(self) -> None:
        with self.path.open("wb") as stream, self.assertRaises(SystemExit), ArchiveWriter(stream, Manifest("now")) as archive:
            with archive.member("tracking/runs", True) as member:
                member.write(ROWS)
                raise SystemExit(143)
        self.assertIsNone(archive._zip.fp)
        self.assert_refused("")

    def test_damage(self) -> None:
        with self.path.open("wb") as stream:
            self.write(stream)
        whole = self.path.read_bytes()
        for name, content in {"cut off": whole[:-100], "empty": b"", "a bit": whole.replace(b"1\tone\n", b"1\ttwo\n", 1)}.items():
            with self.subTest(name):
                self.path.write_bytes(content)
                self.assert_refused("")

    def test_members_that_are_not_those_of_the_manifest(self) -> None:
        for name, change in {
            "the members that its manifest names": lambda members: members.pop("tracking/runs"),
            "has the members|does not have the members": lambda members: members.update(other=b""),
            "artifacts/1/ä b.txt has another checksum": lambda members: members.update({"artifacts/1/ä b.txt": b"other"}),
        }.items():
            with self.subTest(name):
                with self.path.open("wb") as stream:
                    self.write(stream)
                self.change(change)
                self.assert_refused(name)

    def test_any_change_of_a_byte(self) -> None:
        stream = io.BytesIO()
        with ArchiveWriter(stream, Manifest("now")) as archive, archive.member("artifacts/1/a", False) as member:
            member.write(b"content")
        whole = stream.getvalue()
        for place in range(len(whole)):
            for value in (1, 255):
                changed = io.BytesIO(whole[:place] + bytes([value]) + whole[place + 1 :])
                with suppress(Failure):
                    Archive(changed, "backup.zip").verify()

    def test_a_manifest_that_is_none(self) -> None:
        for name, part in {
            "schemas.tracking.tables: Input should be an object": {"schemas": {"tracking": {"package": "p", "revision": "r", "tables": []}}},
            "artifact_files: Input should be a valid integer": {"artifact_files": "2"},
            "checksums: Input should be an object": {"checksums": ["tracking/runs", "artifacts/1/ä b.txt"]},
            "has .* bytes, more than its members explain": {"created": "x" * 20_000_000},
        }.items():
            with self.subTest(name):
                with self.path.open("wb") as stream:
                    self.write(stream)
                self.change(lambda members, part=part: members.update({"manifest.json": json.dumps({**json.loads(members["manifest.json"]), **part})}))
                self.assert_refused(name)

    def test_a_table_that_is_named_and_missing(self) -> None:
        manifest = Manifest("now", {"tracking": SchemaRows("mlflow 3.17.2", "a", {"runs": Table(["id"], 1, {})})})
        with self.path.open("wb") as stream, ArchiveWriter(stream, manifest):
            pass
        self.assert_refused("it does not have the members")

    def test_a_format_of_a_later_image(self) -> None:
        with self.path.open("wb") as stream:
            self.write(stream)
        self.change(lambda members: members.update({"manifest.json": json.dumps({**json.loads(members["manifest.json"]), "format": 2})}))
        self.assert_refused("it is of format 2, and this image reads format 1")

    def test_another_file(self) -> None:
        with zipfile.ZipFile(self.path, "w") as archive:
            archive.writestr("readme.txt", "x")
        self.assert_refused("manifest.json")


class ReadableTest(unittest.TestCase):
    def test_sizes(self) -> None:
        for size, text in {0: "0 bytes", 999: "999 bytes", 1500: "1.5 kB", 999_999: "1.0 MB", 20_000_000: "20.0 MB", 5_400_000_000: "5.4 GB", 7 * 10**15: "7000.0 TB"}.items():
            self.assertEqual(readable(size), text)
