"""The ASGI app: what stands in front of MLflow's, in this order.

1. a server that stops,
2. MLflow's own checks of Host and Origin, and its security headers,
3. MLflow's app: sign-in, FastAPI, Flask.
"""

from typing import Any

from starlette.types import ASGIApp
from uvicorn.importer import import_from_string

from ..settings import Environment
from .draining import Draining


def build(name: str, is_factory: bool, environment: Environment) -> ASGIApp:
    """MLflow's app of this name, such as `mlflow.server.fastapi_app:app`, completed."""
    loaded: Any = import_from_string(name)
    mlflow_app = loaded() if is_factory else loaded
    return Draining(mlflow_app)
