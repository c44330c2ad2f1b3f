"""The managed-identity endpoint of a container app, as far as Azure's SDK asks it.

Gives the token in the file /tmp/token, if the question is asked right, and writes a line for each question.
"""

import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

EXPECTED = {
    "resource": ["https://ossrdbms-aad.database.windows.net"],
    "client_id": [os.environ["EXPECTED_CLIENT_ID"]],
    "api-version": ["2019-08-01"],
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if self.headers.get("X-IDENTITY-HEADER") != os.environ["EXPECTED_HEADER"]:
            self.answer(401, {"error": "unauthorized"})
        elif query != EXPECTED:
            self.answer(400, {"error": f"unexpected question: {query}"})
        else:
            token = {"access_token": Path("/tmp/token").read_text(), "expires_on": str(int(time.time()) + 60), "token_type": "Bearer"}
            self.answer(200, {**token, "resource": EXPECTED["resource"][0], "client_id": EXPECTED["client_id"][0]})

    def answer(self, status: int, body: dict) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


ThreadingHTTPServer(("", 8080), Handler).serve_forever()
