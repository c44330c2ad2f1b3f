"""Puts files into the artifact store (`write`), or compares those that are there with them (`read`)."""

import io
import os
import sys

from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

store = get_artifact_repository(os.environ["MLFLOW_ARTIFACTS_DESTINATION"])
# Many small ones, an empty one, and one that is read in parts.
files = {f"1/run{number}/artifacts/ä b/{number}.txt": b"x" * number for number in range(40)} | {"1/run0/artifacts/model.bin": bytes(range(256)) * 40_000}

if sys.argv[1] == "write":
    for path, content in files.items():
        folder, name = path.rsplit("/", 1)
        store.log_artifact_from_stream(io.BytesIO(content), name, folder)
else:
    found = dict(store.files())
    if found != {path: len(content) for path, content in files.items()}:
        raise SystemExit(f"the store has {found}")
    for path, content in files.items():
        if b"".join(store.get(path)[1]) != content:
            raise SystemExit(f"{path} has other content")
