"""Sends a file of SIZE bytes to each of the servers in TARGETS (name=address, separated by blanks), all at once, and lists what is there then.

Prints one line "RESULT {json}": for each server the error that the client got, if any, and the files that are listed, or why they are not.
"""

import json
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mlflow import MlflowClient

TARGETS = dict(target.split("=", 1) for target in os.environ["TARGETS"].split())


def attempt(address: str) -> dict[str, object]:
    client = MlflowClient(tracking_uri=address)
    run_id = client.create_run("0").info.run_id
    result: dict[str, object] = {"error": None}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "file.bin")
        file.write_bytes(b"x" * int(os.environ["SIZE"]))
        try:
            client.log_artifact(run_id, str(file))
        except Exception as error:
            result["error"] = str(error)
    try:
        result["listed"] = [entry.path for entry in client.list_artifacts(run_id)]
    except Exception as error:
        result["listed"] = str(error)
    return result


with ThreadPoolExecutor() as pool:
    print("RESULT", json.dumps(dict(zip(TARGETS, pool.map(attempt, TARGETS.values()), strict=True))))
