"""The groups of a bearer token, on every request.

The plugin looks at them once, when a token makes its user: a machine that is removed from the provider's groups would keep its access, and an
administrator whom a token has made would stay one.
"""

from dataclasses import replace
from typing import Any

from mlflow_oidc_auth.auth import resolve_token_provider
from mlflow_oidc_auth.config import config
from mlflow_oidc_auth.entities.auth_context import AUTH_CONTEXT_KEY, AuthContext
from mlflow_oidc_auth.group_patterns import admitting_rule, normalize_group_values
from mlflow_oidc_auth.logger import get_logger
from mlflow_oidc_auth.provisioning_policy import admin_from_claims
from mlflow_oidc_auth.store import store
from mlflow_oidc_auth.utils.group_detection import call_group_detection_plugin
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from .bearer_authentication import claims_of

_logger = get_logger()


def refusal(scope: Scope) -> Response | None:
    """The answer to a request that the plugin has let in with a bearer token of none of the groups."""
    user = scope.get(AUTH_CONTEXT_KEY)
    if user is None:
        # The route is open to everyone.
        return None
    try:
        admitted = _admit(Request(scope).headers["authorization"].split(" ", 1)[1], user)
    except Exception as error:
        _logger.warning("Refused a bearer token of %s, whose groups could not be applied: %s", user.username, error)
        admitted = None
    if admitted is None:
        return JSONResponse({"detail": "Authentication required"}, status_code=401)
    scope[AUTH_CONTEXT_KEY] = admitted
    scope["state"]["is_admin"] = admitted.is_admin
    return None


def _admit(token: str, user: AuthContext) -> AuthContext | None:
    """The user with the rights that the token leaves, or none."""
    groups = _groups(token, claims_of(token))
    provider = resolve_token_provider(token)
    is_admin = admin_from_claims(provider, groups, config.OIDC_ADMIN_GROUP_NAME)
    if not is_admin and admitting_rule(groups, config.OIDC_GROUP_NAME, config.OIDC_GROUP_NAME_PATTERN) is None:
        _logger.info("Refused a bearer token of %s, which is in none of the groups", user.username)
        return None
    if user.is_admin and not is_admin and config.OIDC_TRUST_BEARER_GROUP_CLAIMS:
        # As a login does, which refuses the last administrator as well.
        store.update_user(username=user.username, is_admin=False, written_by=f"oidc:{provider.id}")
        _logger.info("%s is no administrator any more: its bearer token has none of the groups of administrators", user.username)
        return replace(user, is_admin=False)
    return user


def _groups(token: str, claims: dict[str, Any]) -> list[str]:
    if plugin := config.OIDC_GROUP_DETECTION_PLUGIN:
        return normalize_group_values(call_group_detection_plugin(plugin, token, {"access_token": token, "claims": claims}))
    return normalize_group_values(claims.get(config.OIDC_GROUPS_ATTRIBUTE))
