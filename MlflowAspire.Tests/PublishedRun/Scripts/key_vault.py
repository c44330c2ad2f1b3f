"""A key vault, as far as secrets are read from it by an identity: those of the environment variable SECRETS."""

import json
import os
from urllib.parse import urlsplit

from services import JsonHandler, serve

SECRETS = json.loads(os.environ["SECRETS"])


class Vault(JsonHandler):
    def do_GET(self) -> None:
        if self.headers.get("Authorization") != f"Bearer {os.environ['VAULT_TOKEN']}":
            self.answer(401, {"error": {"code": "Unauthorized"}})
            return
        match urlsplit(self.path).path.split("/"):
            case ["", "secrets", name] if name in SECRETS:
                self.answer(200, {"id": f"https://{self.headers['Host']}/secrets/{name}", "value": SECRETS[name]})
            case _:
                self.answer(404, {"error": {"code": "SecretNotFound", "message": self.path}})


serve(Vault)
