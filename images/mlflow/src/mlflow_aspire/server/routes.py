"""The route that a request takes, by its template: `/api/2.0/mlflow/runs/get`, `/api/3.0/mlflow/traces/{trace_id}`.

Requests are counted and named by it. Their paths would not do: there are as many as runs and traces.
"""

import re
from functools import cached_property
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from flask import Flask
from starlette.routing import compile_path
from starlette.types import Scope
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

# Flask's `<path:name>` and Starlette's `{name:path}`.
_FLASK_PARAMETER = re.compile(r"<(?:[^<>:]+:)?([^<>]+)>")
_CONVERTER = re.compile(r":[a-z]+}")

# The methods, the pattern of the path, the template.
_Native = tuple[set[str], re.Pattern[str], str]


class Routes:
    """The routes of MLflow's FastAPI app and of the Flask app that it mounts."""

    def __init__(self, app: FastAPI, flask: Flask) -> None:
        self._app = app
        self._urls = flask.url_map
        self._flask = self._urls.bind("")

    @cached_property
    def _table(self) -> tuple[set[str], list[_Native]]:
        """The paths without parameters, and FastAPI's routes with some. Read when the first request asks: without telemetry none does."""
        fixed = {rule.rule for rule in self._urls.iter_rules() if not rule.arguments}
        native: list[_Native] = []
        for route in iter_route_contexts(self._app.router.routes):
            # The mount of the Flask app has no methods.
            methods: Any = getattr(route, "methods", None)
            if methods is None:
                continue
            pattern, _, parameters = compile_path(route.path)
            if parameters:
                native.append((methods, pattern, _CONVERTER.sub("}", route.path)))
            else:
                fixed.add(route.path)
        return fixed, native

    def template(self, scope: Scope) -> str | None:
        """The template of the route of an HTTP request; None when there is no such route."""
        method, path = scope["method"], scope["path"]
        fixed, native = self._table
        if path in fixed:
            return str(path)
        for methods, pattern, template in native:
            if method in methods and pattern.match(path):
                return template
        try:
            rule, _ = self._flask.match(path, method, return_rule=True)
        except (HTTPException, RequestRedirect):
            return None
        return _FLASK_PARAMETER.sub(r"{\1}", rule.rule)
