import re
import tempfile
import unittest
from pathlib import Path

import programs

# The routes of FastAPI's routers and of the Flask app.
_PROGRAM = """
from mlflow.server import app as flask
from mlflow.server.fastapi_app import app

def walk(routes, prefix=""):
    for route in routes:
        if hasattr(route, "methods"):
            for method in route.methods or ():
                print(method, prefix + route.path)
        elif original := getattr(route, "original_router", None):
            walk(original.routes, prefix + getattr(getattr(route, "include_context", None), "prefix", ""))

walk(app.routes)
for rule in flask.url_map.iter_rules():
    for method in rule.methods - {"HEAD", "OPTIONS"}:
        print(method, rule.rule)
"""

KINDS = {"address", "artifact", "link", "object", "open"}


def routes() -> set[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        result = programs.run(_PROGRAM, {"PATH": "/usr/bin", "HOME": folder}, folder)
    if result.returncode:
        raise AssertionError(result.stderr)
    pairs = (line.split(" ", 1) for line in result.stdout.splitlines())
    return {(method, re.sub(r"^/(ajax-)?api/", "/*api/", re.sub(r"<(?:\w+:)?\w+>|\{\w+(?::path)?\}", "{}", path))) for method, path in pairs}


class RoutesTest(unittest.TestCase):
    def test_each_route_is_known(self) -> None:
        lines = [line.split() for line in Path(__file__).with_name("guard_routes.txt").read_text().splitlines() if not line.startswith("#")]
        self.assertEqual({kind for kind, _, _ in lines} - KINDS, set())
        known, found = {(method, path) for _, method, path in lines}, routes()
        self.assertEqual(found - known, set(), "new routes of MLflow's: see what they may lead to, and add them to guard_routes.txt")
        self.assertEqual(known - found, set(), "MLflow has these no more")
