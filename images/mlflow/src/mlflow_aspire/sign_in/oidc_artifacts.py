"""MLflow's routes that stream artifacts, with the checks that the OIDC plugin has for Flask's routes of the same paths."""

from fastapi import APIRouter, Depends, HTTPException
from mlflow.server import app as flask_app
from mlflow.server.artifact_router import artifact_router
from mlflow_oidc_auth.entities.auth_context import AUTH_CONTEXT_KEY
from mlflow_oidc_auth.hooks import before_request_hook
from starlette.middleware.wsgi import build_environ
from starlette.requests import Request
from starlette.routing import BaseRoute


def artifact_routes() -> list[BaseRoute]:
    router = APIRouter(dependencies=[Depends(_authorize)])
    router.include_router(artifact_router)
    return router.routes


def _authorize(request: Request) -> None:
    environment = build_environ(request.scope, b"") | {AUTH_CONTEXT_KEY: request.scope.get(AUTH_CONTEXT_KEY)}
    with flask_app.request_context(environment):
        refusal = before_request_hook()
    if refusal is not None:
        response = flask_app.make_response(refusal)
        raise HTTPException(response.status_code, response.get_json(silent=True) or response.get_data(as_text=True))
