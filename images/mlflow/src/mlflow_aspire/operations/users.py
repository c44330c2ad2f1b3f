"""`mlflow-aspire users` and `mlflow-aspire reset-admin`: who may sign in, and a way in for an operator who has lost the administrator's password."""

import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import Connection, inspect, text
from werkzeug.security import generate_password_hash

from .. import databases
from ..databases import Databases, current, schemas
from ..databases.connection import connect, patience
from ..databases.schemas import Schema
from ..errors import SettingError
from ..settings import Environment, Part
from ..sign_in import BASIC, OIDC, Administrator, administrator, app_name

_logger = logging.getLogger(__name__)

# What a column says of a user, where a schema has it; the second is said when the column is false.
_MARKS = {"is_admin": ("administrator", ""), "is_service_account": ("service account", ""), "active": ("", "deactivated")}


@dataclass(frozen=True)
class UsersSettings:
    databases: Databases
    patience: int
    schema: Schema

    @property
    def parts(self) -> Sequence[Part]:
        return (self.databases,)


@dataclass(frozen=True)
class ResetSettings:
    users: UsersSettings
    administrator: Administrator

    @property
    def parts(self) -> Sequence[Part]:
        return self.users.parts


def read(environment: Environment) -> UsersSettings:
    """Reads where the users are.

    Raises:
        SettingError: a setting is missing or wrong, or the server has no users.
    """
    known = databases.read(environment)
    limit = patience(environment)
    configured = schemas.read(environment, known)
    if len(configured) == 1:
        raise SettingError("MLFLOW_APP_NAME", f"is not set: the server lets everyone in and has no users; accepted: {BASIC}, {OIDC}")
    return UsersSettings(known, limit, configured[1])


def read_reset(environment: Environment) -> ResetSettings:
    """Reads who is to be the administrator, too.

    Raises:
        SettingError: a setting is missing or wrong, or the server has no passwords.
    """
    if app_name(environment) == OIDC:
        raise SettingError("MLFLOW_APP_NAME", f"is {OIDC}: the provider knows the passwords, and its groups say who administers; accepted: {BASIC}")
    first = administrator(environment)
    return ResetSettings(read(environment), first)


def users(settings: UsersSettings) -> None:
    """Lists the users, a line each, with what sets them apart.

    Raises:
        Failure: the database does not answer, or has no such schema.
    """
    with closing(_open(settings)) as connection:
        columns = {column["name"] for column in inspect(connection).get_columns("users")}
        marks = [mark for mark in _MARKS if mark in columns]
        for name, *values in connection.execute(text(f"SELECT username, {', '.join(marks)} FROM users ORDER BY username")):
            said = (_MARKS[mark][0 if value else 1] for mark, value in zip(marks, values, strict=True))
            print("\t".join((_printable(name), *filter(None, said))), flush=True)


def _printable(name: str) -> str:
    """A provider chooses the names of its users: none looks like two users, or like an administrator."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in name)


def reset_admin(settings: ResetSettings) -> None:
    """Makes the administrator of the settings one, with the password of the settings, whoever that user was before.

    Raises:
        Failure: the database does not answer, or has no such schema.
    """
    name = settings.administrator.name
    with closing(_open(settings.users)) as connection:
        values = {"name": name, "hash": generate_password_hash(settings.administrator.password)}
        changed = connection.execute(text("UPDATE users SET password_hash = :hash, is_admin = true WHERE username = :name"), values).rowcount
        if not changed:
            connection.execute(text("INSERT INTO users (username, password_hash, is_admin) VALUES (:name, :hash, true)"), values)
    made = "has" if changed else "was made and has"
    _logger.info("the administrator %s %s the password of MLFLOW_AUTH_ADMIN_PASSWORD, and no other one", name, made)


def _open(settings: UsersSettings) -> Connection:
    schema, limit = settings.schema, settings.patience
    current.check([schema], limit)
    return connect(schema.setting, schema.uri, limit)
