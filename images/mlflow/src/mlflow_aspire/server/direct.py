"""The direct way to Flask.

MLflow answers most of its API by its Flask app, which hangs at the end of its FastAPI app: behind middlewares that matter only to FastAPI's own routes, and
a search through all of these. A request for a path that only Flask has skips them. What stays in front of it: MLflow's checks of Host and Origin, the
guard, and the authentication of the OIDC plugin, but for bearer tokens, which the bridge to Flask looks at. Basic authentication and workspaces are Flask's own
matter.

Only paths and middlewares that are known go this way. When there is a middleware that is not, all requests take MLflow's, through its middlewares as they are.
The bridge stays at its end: MLflow's own keeps a whole download in memory when its client is slow, and the plugin's answers one request after the other.
"""

import functools
import logging
from collections.abc import Callable, Iterable
from typing import Any

from fastapi import FastAPI
from flask import Flask
from mlflow.server import handlers
from mlflow.server.fastapi_app import _EfficientWSGIMiddleware
from mlflow.server.fastapi_security import CORSBlockingMiddleware, HostValidationMiddleware, SecurityHeadersMiddleware
from mlflow.tracing.utils.otlp import OTLP_TRACES_PATH
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from ..guard.requests import is_file
from ..sign_in.passing import Passing
from .flask_bridge import FlaskBridge

_logger = logging.getLogger(__name__)

CHECKS = (HostValidationMiddleware, CORSMiddleware, CORSBlockingMiddleware, SecurityHeadersMiddleware)

_WORKSPACE = "add_fastapi_workspace_middleware.<locals>.workspace_context_middleware"
_GATEWAY_TIMING = "add_gateway_timing_middleware.<locals>.gateway_timing_middleware"
_PERMISSION = "add_fastapi_permission_middleware.<locals>.fastapi_permission_middleware"

# What a request for one of Flask's paths does not need, and why.
SKIPPED = {
    # Flask resolves the workspace of a request itself where nothing has before.
    _WORKSPACE,
    # Adds headers to the answers of the AI gateway, whose paths are not direct.
    _GATEWAY_TIMING,
    # Basic authentication's, and the OIDC plugin's: they check FastAPI's routes, and let Flask check its own.
    _PERMISSION,
}


class DirectRoutes:
    """Sends requests for the paths to Flask that are direct, and all others on."""

    def __init__(self, app: ASGIApp, is_direct: Callable[[str], bool], flask: ASGIApp, takes: Callable[[Scope], bool] = lambda scope: True) -> None:
        self._app = app
        self._is_direct = is_direct
        self._flask = flask
        self._takes = takes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A prefix that a proxy has named belongs to the path.
        direct = scope["type"] == "http" and not scope.get("root_path") and self._is_direct(scope["path"]) and self._takes(scope)
        await (self._flask if direct else self._app)(scope, receive, send)


def arrange(app: FastAPI, guard: Callable[[ASGIApp], ASGIApp] | None, direct: bool) -> None:
    """Brings the middlewares of MLflow's app into order: its checks, the guard, authentication, the direct way, everything else."""
    checks = [middleware for middleware in app.user_middleware if middleware.cls in CHECKS]
    others = [middleware for middleware in app.user_middleware if middleware.cls not in CHECKS]
    mount, flask, bridge = flask_mount(app)
    mount.app = bridge
    kept, skipped = _split(others)
    if not direct:
        _logger.info("the direct way to Flask is off (MLFLOW_SERVER_DIRECT_ROUTES)")
    elif unknown := [name for name in map(_name, skipped) if name not in SKIPPED]:
        _logger.info("the direct way to Flask is off: MLflow has %s in front of it, which is not known", ", ".join(unknown))
    else:
        is_direct = direct_paths(app, flask, mount)
        # In front of the sign-in where nothing else comes after it.
        if (signs_in := getattr(bridge, "signs_in", None)) and [_name(middleware) for middleware in kept[-1:]] == ["SignIn"]:
            kept.insert(-1, Middleware(DirectRoutes, is_direct=is_direct, flask=bridge, takes=signs_in))
        kept.append(Middleware(DirectRoutes, is_direct=is_direct, flask=bridge))
        skipped = [_in_short(middleware) for middleware in skipped]
    app.user_middleware[:] = [*checks, *([Middleware(guard)] if guard else []), *kept, *skipped]


def direct_paths(app: FastAPI, flask: Flask, mount: Mount) -> Callable[[str], bool]:
    """Tells Flask's paths without parameters that no route of FastAPI's has, with any method, and that none of its middlewares looks at."""
    native = [route for route in app.router.routes if route is not mount]
    looked_at = _validators(app)
    gateway = handlers._add_static_prefix("/gateway/")
    paths = {rule.rule for rule in flask.url_map.iter_rules() if not rule.arguments and not rule.websocket and not rule.rule.startswith(gateway)}

    # Found out when a path is first asked for: hardly a server is asked for all, which would take a twentieth of its start.
    @functools.cache
    def is_free(path: str) -> bool:
        return not any(looks(path) for looks in looked_at) and all(_matches(route, path) == Match.NONE for route in native)

    return lambda path: path in paths and is_free(path)


def _split(middlewares: list[Middleware]) -> tuple[list[Middleware], list[Middleware]]:
    first = next((index for index, middleware in enumerate(middlewares) if _name(middleware) in SKIPPED), len(middlewares))
    return middlewares[:first], middlewares[first:]


def _in_short(middleware: Middleware) -> Middleware:
    """The same, at less expense where it leaves answers alone."""
    gateway = handlers._add_static_prefix("/gateway/")
    passes = {
        _WORKSPACE: lambda path: True,
        _GATEWAY_TIMING: lambda path: not path.startswith(gateway),
        # It narrows the answers of some routes and reads the bodies of others, but not of spans, which come all the time, and of files, which come in many parts.
        _PERMISSION: lambda path: path == OTLP_TRACES_PATH or is_file(path),
    }.get(_name(middleware))
    if passes is None:
        return middleware
    return Middleware(Passing, middleware=functools.partial(BaseHTTPMiddleware, **middleware.kwargs), passes=passes)


def _name(middleware: Middleware) -> str:
    dispatch: Any = middleware.kwargs.get("dispatch", middleware.cls)
    return str(dispatch.__qualname__)


def _matches(route: Any, path: str) -> Match:
    match, _ = route.matches({"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []})
    return match


def flask_mount(app: FastAPI) -> tuple[Mount, Flask, ASGIApp]:
    """The mount of the Flask app, and what takes its place."""
    for route in app.router.routes:
        if isinstance(route, Mount):
            if isinstance(route.app, _EfficientWSGIMiddleware):
                return route, route.app.app, FlaskBridge(route.app.app)
            if type(route.app).__name__ == "AuthAwareWSGIMiddleware":
                from .oidc_bridge import OidcBridge

                return route, route.app.flask_app, OidcBridge(route.app.flask_app)
    raise LookupError("MLflow's app does not mount its Flask app as it did")


def _validators(app: FastAPI) -> Iterable[Callable[[str], Any]]:
    """What middlewares ask for the permission that a path needs."""
    names = {_name(middleware): middleware.kwargs["dispatch"].__module__ for middleware in app.user_middleware if "dispatch" in middleware.kwargs}
    module = names.get(_PERMISSION)
    if module == "mlflow.server.auth":
        from mlflow.server.auth import _find_fastapi_validator as of_method

        return [functools.partial(_any_method, of_method)]
    if module is not None:
        from mlflow_oidc_auth.middleware.fastapi_permission_middleware import _find_fastapi_validator as of_path

        return [of_path]
    return []


def _any_method(find: Callable[[str, str], Any], path: str) -> bool:
    return any(find(path, method) is not None for method in ("GET", "POST", "PUT", "PATCH", "DELETE"))
