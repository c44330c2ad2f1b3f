"""What the user of a request with basic authentication has been granted, which MLflow reads in a session of its own: here by one message to the database.

It is read for each request that needs a right, and nothing of it is known longer than for that.
"""

from collections.abc import Callable, Collection
from functools import wraps

from mlflow.server.auth.db.models import SqlRole, SqlRolePermission, SqlUserRoleAssignment
from mlflow.server.auth.permissions import RESOURCE_TYPE_WORKSPACE, VALID_RESOURCE_TYPES
from mlflow.server.auth.sqlalchemy_store import RoleGrantRow, SqlAlchemyStore
from sqlalchemy import bindparam, select

from ..databases.reader import Reader

# Types of resources that are asked for in one statement, which is the same for fewer of them. A request looks at a run and its experiment.
_TYPES = [f"type_{number}" for number in range(6)]

_ROLES, _PERMISSIONS, _ASSIGNMENTS = SqlRole.__table__, SqlRolePermission.__table__, SqlUserRoleAssignment.__table__
_GRANTS = (
    select(_PERMISSIONS.c.resource_type, _PERMISSIONS.c.resource_pattern, _PERMISSIONS.c.permission)
    .select_from(_PERMISSIONS)
    .join(_ROLES, _ROLES.c.id == _PERMISSIONS.c.role_id)
    .join(_ASSIGNMENTS, _ROLES.c.id == _ASSIGNMENTS.c.role_id)
    .where(
        _ASSIGNMENTS.c.user_id == bindparam("user"),
        _ROLES.c.workspace == bindparam("workspace"),
        _PERMISSIONS.c.resource_type.in_([bindparam(name) for name in _TYPES]),
    )
)

ListGrants = Callable[[int, str, Collection[str]], list[RoleGrantRow]]


def read_in_short(store: SqlAlchemyStore, reader: Reader) -> None:
    store.list_grants = _in_short(store.list_grants, reader)


def _in_short(list_grants: ListGrants, reader: Reader) -> ListGrants:
    @wraps(list_grants)
    def grants(user_id: int, workspace: str, resource_types: Collection[str]) -> list[RoleGrantRow]:
        # What is granted on a workspace counts for all that is in it.
        types = {*resource_types, RESOURCE_TYPE_WORKSPACE}
        if len(types) > len(_TYPES) or not types <= VALID_RESOURCE_TYPES:
            return list_grants(user_id, workspace, resource_types)
        asked = dict.fromkeys(_TYPES, RESOURCE_TYPE_WORKSPACE) | dict(zip(_TYPES, types, strict=False))
        return [RoleGrantRow(*row) for row in reader.all(_GRANTS, {"user": user_id, "workspace": workspace, **asked})]

    return grants
