"""Who makes the request that is running, and what he may do: asked where MLflow has found out which object the request means."""

from collections.abc import Callable
from contextvars import ContextVar

from flask import g, has_request_context
from starlette.types import Scope

from ..sign_in import BASIC, OIDC

scope: ContextVar[Scope | None] = ContextVar("scope", default=None)
"""The request that is running, which the sign-in completes. None outside of requests: the server's own work has all rights."""

MayWrite = Callable[[str], bool]


def rights(app: str | None) -> MayWrite:
    """A function that tells whether the caller may write to the traces and runs of an experiment, by the rules of the sign-in."""
    if app == BASIC:
        return _basic
    if app == OIDC:
        return _oidc
    return lambda experiment: True


def _basic(experiment: str) -> bool:
    from mlflow.server import auth

    current = scope.get()
    if current is None:
        return True
    # Flask's routes and FastAPI's find the user each for themselves.
    user = g.mlflow_authenticated_user if has_request_context() else current["state"]["username"]
    return auth.store.get_user(user).is_admin or auth._authorize_create_in_experiment_as(user, experiment, auth.RESOURCE_TYPE_TRACE)


def _oidc(experiment: str) -> bool:
    from mlflow_oidc_auth.entities.auth_context import AUTH_CONTEXT_KEY
    from mlflow_oidc_auth.utils import effective_experiment_permission

    current = scope.get()
    if current is None:
        return True
    user = current[AUTH_CONTEXT_KEY]
    return user.is_admin or effective_experiment_permission(experiment, user.username).permission.can_update
