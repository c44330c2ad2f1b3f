import io
import os
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
from told import told

from mlflow_aspire.backup import files as module
from mlflow_aspire.backup import save
from mlflow_aspire.backup.archive import Archive, ArchiveWriter
from mlflow_aspire.backup.files import Files, check_paths
from mlflow_aspire.backup.manifest import Manifest
from mlflow_aspire.errors import Failure
from mlflow_aspire.stores.proxied import ProxiedStore
from mlflow_aspire.stores.streaming import StreamingStore

CONTENT = {"1/run/artifacts/a.txt": b"a", "1/run/artifacts/model ü/empty": b"", "root.bin": os.urandom(300_000)}


# Blob storage and S3 have such names; a server neither makes nor serves them.
OTHER_NAMES = ("../a", "1/../../a", "/a", "1//a", "", "1/.", "1/", "1/a\0b", "1/\udcff")


class Names(StreamingStore, ArtifactRepository):
    """Has files of any name."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        super().__init__("names:/")
        self._contents = contents

    def files(self) -> list[tuple[str, int]]:
        return [(path, len(content)) for path, content in self._contents.items()]

    def get(self, path: str) -> tuple[int, Iterator[bytes]]:
        return len(self._contents[path]), iter([self._contents[path]])

    log_artifact = log_artifacts = list_artifacts = _download_file = None  # type: ignore[assignment]


class FilesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.source, self.target = Path(folder.name, "source"), Path(folder.name, "target")
        self.target.mkdir()
        for path, content in CONTENT.items():
            file = self.source / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        # Larger than a file that is read as a whole.
        small = patch.object(module, "_SMALL", 100_000)
        small.start()
        self.addCleanup(small.stop)

    def stores(self, folder: Path) -> list[ArtifactRepository]:
        # As a store in a folder, and as one without streams.
        return [LocalArtifactRepository(str(folder)), ProxiedStore(LocalArtifactRepository, str(folder))]

    def test_all_come_out_and_go_in_again(self) -> None:
        for source, target in zip(self.stores(self.source), self.stores(self.target), strict=True):
            with self.subTest(type(source).__name__):
                read = Files(source)
                found = read.all()
                self.assertEqual(sorted(found), sorted((path, len(content)) for path, content in CONTENT.items()))
                contents = {path: stream.read() if stream else None for path, stream in read.read(found)}
                self.assertEqual(contents, CONTENT)
                self.assertEqual(sorted(Files(target).write(found, lambda path: io.BytesIO(CONTENT[path]))), sorted(found))
                self.assertEqual({path: (self.target / path).read_bytes() for path in CONTENT}, CONTENT)

    def test_a_file_that_is_removed_meanwhile(self) -> None:
        for store in self.stores(self.source):
            for path in ("gone", "gone too"):
                size = 1 if path == "gone" else 200_000
                with self.subTest(f"{type(store).__name__}, {size} bytes"):
                    self.assertEqual(list(Files(store).read([(path, size)])), [(path, None)])

    def test_files_that_are_not_complete_are_left_out(self) -> None:
        for name in ("1/.artifact.uploading.x", ".uploading/y"):
            file = self.source / name
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(b"half")
        for store in self.stores(self.source):
            self.assertEqual(len(Files(store).all()), len(CONTENT))

    def test_what_a_folder_does_not_take(self) -> None:
        for names in (("a", "a/b"), ("x" * 300,)):
            with self.subTest(names), self.assertRaisesRegex(MlflowException, "^The artifact store is not available: "):
                list(Files(LocalArtifactRepository(str(self.target))).write([(name, 1) for name in names], lambda path: io.BytesIO(b"x")))

    def test_no_name_leads_out_of_the_store(self) -> None:
        check_paths([("1/a", 1)], "the archive")
        for path in OTHER_NAMES:
            with self.subTest(path), self.assertRaisesRegex(Failure, "^the archive has a file that is none of an artifact store: "):
                check_paths([(path, 1)], "the archive")

    def test_what_is_saved_can_be_restored(self) -> None:
        store = Names(dict.fromkeys((*OTHER_NAMES, "1/a", "1/..a", "1/ä b#?"), b"x"))
        manifest, stream = Manifest("now"), io.BytesIO()
        with ArchiveWriter(stream, manifest) as archive, told() as said:
            save._save_files(Files(store), archive, manifest)
        found = Archive(stream, "backup.zip").artifacts()
        check_paths(found, "the archive")
        self.assertEqual([path for path, _ in found], ["1/a", "1/..a", "1/ä b#?"])
        self.assertEqual(manifest.artifact_files, 3)
        self.assertRegex(said.getvalue(), f"{len(OTHER_NAMES)} files are left out, as their names are .*: '../a', '1/../../a', '/a', '1//a', '', …")
