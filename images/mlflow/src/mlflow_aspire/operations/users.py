"""`mlflow-aspire users` and `mlflow-aspire reset-admin`: who may sign in, and a way in for an operator who has lost the administrator's password."""

import logging
from contextlib import closing

from sqlalchemy import Connection, inspect, text
from werkzeug.security import generate_password_hash

from .. import databases
from ..databases import current, schemas
from ..databases.connection import connect, patience
from ..databases.schemas import Schema
from ..errors import SettingError
from ..settings import Environment, MutableEnvironment
from ..sign_in import BASIC, OIDC, administrator, app_name

_logger = logging.getLogger(__name__)

# What a column says of a user, where a schema has it; the second is said when the column is false.
_MARKS = {"is_admin": ("administrator", ""), "is_service_account": ("service account", ""), "active": ("", "deactivated")}


def users(environment: MutableEnvironment) -> None:
    """Lists the users, a line each, with what sets them apart.

    Raises:
        SettingError: a setting is missing or wrong, or the server has no users.
        Failure: the database does not answer, or has no such schema.
    """
    with closing(_open(environment)) as connection:
        columns = {column["name"] for column in inspect(connection).get_columns("users")}
        marks = [mark for mark in _MARKS if mark in columns]
        for name, *values in connection.execute(text(f"SELECT username, {', '.join(marks)} FROM users ORDER BY username")):
            said = (_MARKS[mark][0 if value else 1] for mark, value in zip(marks, values, strict=True))
            print("\t".join((_printable(name), *filter(None, said))), flush=True)


def _printable(name: str) -> str:
    """A provider chooses the names of its users: none looks like two users, or like an administrator."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in name)


def reset_admin(environment: MutableEnvironment) -> None:
    """Makes the administrator of the settings one, with the password of the settings, whoever that user was before.

    Raises:
        SettingError: a setting is missing or wrong, or the server has no passwords.
        Failure: the database does not answer, or has no such schema.
    """
    if app_name(environment) == OIDC:
        raise SettingError("MLFLOW_APP_NAME", f"is {OIDC}: the provider knows the passwords, and its groups say who administers; accepted: {BASIC}")
    name, password = administrator(environment)
    with closing(_open(environment)) as connection:
        values = {"name": name, "hash": generate_password_hash(password)}
        changed = connection.execute(text("UPDATE users SET password_hash = :hash, is_admin = true WHERE username = :name"), values).rowcount
        if not changed:
            connection.execute(text("INSERT INTO users (username, password_hash, is_admin) VALUES (:name, :hash, true)"), values)
    made = "has" if changed else "was made and has"
    _logger.info("the administrator %s %s the password of MLFLOW_AUTH_ADMIN_PASSWORD, and no other one", name, made)


def _open(environment: MutableEnvironment) -> Connection:
    databases.settle(environment)
    limit = patience(environment)
    schema = _schema(environment)
    current.check([schema], limit)
    return connect(schema.setting, schema.uri, limit)


def _schema(environment: Environment) -> Schema:
    configured = schemas.configured(environment)
    if len(configured) == 1:
        raise SettingError("MLFLOW_APP_NAME", f"is not set: the server lets everyone in and has no users; accepted: {BASIC}, {OIDC}")
    return configured[1]
