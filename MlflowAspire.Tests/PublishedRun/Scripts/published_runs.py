"""Asks the published server for runs, to see what garbage collection has left: their names and ids are the argument, as JSON."""

import json
import os
import sys

import requests

session = requests.Session()
session.auth = os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"]
found = []
for name, run_id in json.loads(sys.argv[1]).items():
    answer = session.get(f"{os.environ['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/runs/get", params={"run_id": run_id}, timeout=60)
    if answer.ok:
        found.append(name)
    elif answer.json()["error_code"] != "RESOURCE_DOES_NOT_EXIST":
        raise SystemExit(f"{run_id}: {answer.status_code} {answer.text}")
print("RESULT " + json.dumps(sorted(found)))
