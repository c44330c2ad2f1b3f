"""Access tokens that users issue themselves: they outlive the groups of their users, and the plugin lets them last a year."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from fastapi import HTTPException
from mlflow_oidc_auth.routers import users

from ..settings import Environment, number

_DAYS = "MLFLOW_OIDC_ACCESS_TOKEN_DAYS"


def limit(environment: Environment) -> None:
    """Limits them to a number of days. With 0 nobody issues any.

    Raises:
        SettingError: the number is wrong.
    """
    days = number(environment, _DAYS, 30, 0, 365)
    parse: Callable[[str | None], datetime] = users._parse_expiration

    def parse_expiration(value: str | None) -> datetime:
        expiration = parse(value)
        if expiration > datetime.now(UTC) + timedelta(days=days):
            raise HTTPException(400, f"the expiration is more than {days} days away ({_DAYS})")
        return expiration

    users._parse_expiration = parse_expiration
    users.DEFAULT_TOKEN_LIFETIME = timedelta(days=days)
