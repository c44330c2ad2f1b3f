"""What clients do with artifacts: send, list, get, overwrite and delete, from 0 bytes to 50 MiB. All is compared.

Prints one line "RESULT {json}" with the folders of a run that stays and of one that is deleted, and the files of the former.
"""

import json
import random
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

FILES = {
    "empty.bin": 0,
    "one-byte.bin": 1,
    "nested/a/b/c/deep.txt": 4096,
    "nested/with space/100 % + more.txt": 333,
    "unicode/Übung – 実験 🚀.txt": 12_345,
    "large/five-mebibytes.bin": 5 * 1024 * 1024,
    "large/fifty-mebibytes.bin": 50 * 1024 * 1024,
}


def content(path: str) -> bytes:
    return random.Random(path).randbytes(FILES[path])


def expect(what: str, actual: object, expected: object) -> None:
    if actual != expected:
        sys.exit(f"{what} is {actual!r} instead of {expected!r}")


def write(folder: Path, path: str, data: bytes) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


def listed(client: MlflowClient, run_id: str, path: str | None = None) -> dict[str, int]:
    files: dict[str, int] = {}
    for entry in client.list_artifacts(run_id, path):
        files |= listed(client, run_id, entry.path) if entry.is_dir else {entry.path: entry.file_size or 0}
    return files


client = MlflowClient()
with tempfile.TemporaryDirectory() as folder, mlflow.start_run(run_name="kept") as run:
    for path in FILES:
        write(Path(folder), path, content(path))
    mlflow.log_artifacts(folder)
    mlflow.log_text("first", "overwritten.txt")
    mlflow.log_text("second", "overwritten.txt")
    mlflow.log_text("gone", "removed/one.txt")
    mlflow.log_text("gone", "removed/more/two.txt")
run_id = run.info.run_id

repository = get_artifact_repository(run.info.artifact_uri)
repository.delete_artifacts("removed/one.txt")
expect("the folder with one file removed", listed(client, run_id, "removed"), {"removed/more/two.txt": 4})
repository.delete_artifacts("removed")

expected = FILES | {"overwritten.txt": len("second")}
expect("the listing", listed(client, run_id), expected)
with tempfile.TemporaryDirectory() as folder:
    root = Path(client.download_artifacts(run_id, "", folder))
    for path in FILES:
        if (root / path).read_bytes() != content(path):
            sys.exit(f"{path} has changed on its way")
    expect("the overwritten file", (root / "overwritten.txt").read_text(), "second")

with mlflow.start_run(run_name="deleted") as deleted:
    mlflow.log_text("short-lived", "folder/file.txt")
client.delete_run(deleted.info.run_id)


def folder_of(run) -> str:
    return run.info.artifact_uri.removeprefix("mlflow-artifacts:/")


print("RESULT", json.dumps({"run_id": run_id, "kept": folder_of(run), "deleted": folder_of(deleted), "files": expected}))
