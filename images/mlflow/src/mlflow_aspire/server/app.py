"""The ASGI app: what stands in front of MLflow's, in this order.

1. what counts and traces requests,
2. a server that stops, and the time after which a 503 is worth another try,
3. MLflow's own checks of Host and Origin, and its security headers,
4. the guard,
5. the OIDC plugin's authentication,
6. Flask directly, or MLflow's FastAPI app.
"""

from fastapi import FastAPI
from starlette.types import ASGIApp
from uvicorn.importer import import_from_string

from .. import guard
from ..databases.reader import Reader
from ..guard import Guard
from ..sign_in import BASIC
from . import prometheus, telemetry
from .direct import arrange, flask_mount
from .draining import Draining
from .prometheus import Prometheus
from .retry_after import RetryAfter
from .routes import Routes
from .serve_settings import ServeSettings
from .telemetry import Telemetry


def build(name: str, is_factory: bool, settings: ServeSettings) -> ASGIApp:
    """MLflow's app of this name, such as `mlflow.server.fastapi_app:app`, completed."""
    loaded = import_from_string(name)
    return complete(loaded() if is_factory else loaded, settings.process.direct_routes, settings.guard, settings.prometheus, settings.telemetry)


def complete(app: FastAPI, direct: bool, guarded: Guard, counted: Prometheus, observed: Telemetry) -> ASGIApp:
    """Changes MLflow and its app, and puts in front of it what belongs there."""
    # First: when its routes are read, FastAPI keeps what they call, and later changes of them have no effect.
    front = guard.install(guarded)
    if guarded.app == BASIC:
        from mlflow.server import auth

        from ..sign_in import basic_grants, basic_passwords, basic_sign_in, basic_users, run_experiments

        basic_passwords.verify_once()
        reader = Reader((auth.store.read_engine or auth.store.engine).url)
        basic_users.read_once(auth.store, reader)
        basic_grants.read_in_short(auth.store, reader)
        basic_sign_in.apply(app)
        run_experiments.apply_to_basic()
    routes = Routes(app, flask_mount(app)[1])
    arrange(app, guard=front, direct=direct)
    stack = prometheus.observe(Draining(RetryAfter(app)), routes, counted)
    return telemetry.observe(stack, app, routes, observed)
