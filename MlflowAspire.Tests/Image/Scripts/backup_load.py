"""Writes files and then rows that name them, until it is stopped (`write`), or sees that each file of a row is there (`check`): "<number> runs"."""

import io
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Lock

from mlflow import MlflowClient
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

CLIENTS = 4
FILE = "file"

store = get_artifact_repository(os.environ["MLFLOW_ARTIFACTS_DESTINATION"])
client = MlflowClient()
numbers, one_at_a_time = count(1), Lock()


def content(run: str) -> bytes:
    return run.encode() * 1000


def write(experiment: str) -> None:
    while True:
        run = client.create_run(experiment).info.run_id
        folder = f"{experiment}/{run}/artifacts"
        store.log_artifact_from_stream(io.BytesIO(content(run)), "model.bin", folder)
        client.set_tag(run, FILE, f"{folder}/model.bin")
        with one_at_a_time:
            if (number := next(numbers)) % 10 == 0:
                print(f"{number} runs", flush=True)
        # Often enough for rows and files to change while any of them is read, and no more: what it writes is saved, restored and compared.
        time.sleep(0.1)


def check() -> None:
    experiment = client.get_experiment_by_name("load").experiment_id
    token, runs = None, 0
    while True:
        page = client.search_runs([experiment], page_token=token)
        for run in page:
            runs += 1
            if (path := run.data.tags.get(FILE)) and b"".join(store.get(path)[1]) != content(run.info.run_id):
                raise SystemExit(f"{path} has other content")
        if not (token := page.token):
            break
    print(f"{runs} runs")


if sys.argv[1] == "write":
    load = client.create_experiment("load", artifact_location="mlflow-artifacts:/load")
    with ThreadPoolExecutor(CLIENTS) as pool:
        for end in [pool.submit(write, load) for _ in range(CLIENTS)]:
            end.result()
else:
    check()
