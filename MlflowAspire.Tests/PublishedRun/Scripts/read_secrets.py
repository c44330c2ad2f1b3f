"""Reads secrets from a vault as the environment does for its apps: with a token of the managed identity. Arguments: the vault's address, names of secrets."""

import json
import os
import sys

import requests

address, *names = sys.argv[1:]
token = requests.get(
    "http://localhost:42356/msi/token",
    params={"resource": "https://vault.azure.net", "api-version": "2019-08-01", "client_id": os.environ["CLIENT_ID"]},
    headers={"X-IDENTITY-HEADER": os.environ["IDENTITY_HEADER"]},
    timeout=10,
).json()["access_token"]
secrets = {}
for name in names:
    response = requests.get(f"{address}/secrets/{name}", params={"api-version": "7.4"}, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    response.raise_for_status()
    secrets[name] = response.json()["value"]
print(json.dumps(secrets))
