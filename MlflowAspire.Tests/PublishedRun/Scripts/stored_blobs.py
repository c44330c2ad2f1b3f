"""Looks at the artifact container beside its account, where no rule is between them: `create` makes the containers, `of` tells which runs have blobs."""

import json
import os
import sys

from azure.storage.blob import ContainerClient

ACCOUNT = os.environ["BLOB_ACCOUNT"]


def container(name: str) -> ContainerClient:
    return ContainerClient(f"https://{ACCOUNT}.blob.core.windows.net", name, credential={"account_name": ACCOUNT, "account_key": os.environ["BLOB_KEY"]})


if sys.argv[1] == "create":
    for name in sys.argv[2:]:
        container(name).create_container()
else:
    runs = json.loads(sys.argv[2])
    blobs = [blob.name for blob in container("mlflow").list_blobs(name_starts_with="teams/vision/")]
    print("RESULT " + json.dumps(sorted(name for name, run_id in runs.items() if any(run_id in blob for blob in blobs))))
