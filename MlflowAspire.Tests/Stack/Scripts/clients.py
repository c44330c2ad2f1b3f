"""Runs the scripts beside it for whoever asks, each in a process that is forked for it, so that only one process imports MLflow.

GET /SCRIPT?argument=ARGUMENT&store=NAME&VARIABLE=VALUE: MLflow's client uses the server of the first store, or its own where no store is named; TARGETS, which
has the addresses of the servers of all stores here, has those of the named ones there. The answer is what the script prints, or 500 with its error.
"""

import contextlib
import io
import os
import runpy
import sys
import traceback
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import ForkingMixIn
from urllib.parse import parse_qsl, urlsplit

# The scripts use them.
import mlflow.pyfunc
import mlflow.store.artifact.mlflow_artifacts_repo  # noqa: F401

TARGETS = dict(target.split("=", 1) for target in os.environ.get("TARGETS", "").split())
FOLDER = Path(__file__).parent


class Clients(ForkingMixIn, HTTPServer):
    pass


def run(script: str, query: list[tuple[str, str]]) -> tuple[int, str]:
    stores = [value for name, value in query if name == "store"]
    sys.argv = [script, *(value for name, value in query if name == "argument")]
    os.environ.update((name, value) for name, value in query if name not in ("argument", "store"))
    if stores:
        os.environ["TARGETS"] = " ".join(f"{store}={TARGETS[store]}" for store in stores)
        os.environ["MLFLOW_TRACKING_URI"] = TARGETS[stores[0]]
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            runpy.run_path(str(FOLDER / script), run_name="__main__")
    except BaseException:
        return 500, output.getvalue() + traceback.format_exc()
    return 200, output.getvalue()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        address = urlsplit(self.path)
        self.answer(*((200, "ready") if address.path == "/" else run(Path(address.path).name, parse_qsl(address.query))))

    def answer(self, status: int, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


Clients(("", 8080), Handler).serve_forever()
