"""The schema revisions that the packages of this image know.

Reading them from the packages takes longer than a whole migration with nothing to do, so the build of the image records them beside this file, which it
runs before the rest of this package is there.
"""

import json
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

_RECORD = Path(__file__).with_name("revisions.json")

# The distribution, and the modules that hold the migrations of each schema and the tables of users.
_SCHEMAS = {
    "tracking": ("mlflow", "mlflow.store.db_migrations", None),
    "basic-auth": ("mlflow", "mlflow.server.auth.db.migrations", "mlflow.server.auth.db.models"),
    "oidc-auth": ("mlflow-oidc-auth", "mlflow_oidc_auth.db.migrations", "mlflow_oidc_auth.db.models._base"),
}


@dataclass(frozen=True)
class Revisions:
    """The revisions of one schema, and the package that brings them."""

    package: str
    head: str
    known: list[str]
    tables: list[str]
    """The tables of users and permissions, which the kinds of sign-in share by name."""


def read(schema: str) -> Revisions:
    return Revisions(**json.loads(_RECORD.read_text())[schema])


def scripts_of(schema: str) -> str:
    """The folder of the migrations of a schema."""
    return str(next(iter(import_module(_SCHEMAS[schema][1]).__path__)))


def record() -> None:
    _RECORD.write_text(json.dumps({schema: asdict(_inspect(*source)) for schema, source in _SCHEMAS.items()}))


def _inspect(distribution: str, module: str, models: str | None) -> Revisions:
    from alembic.script import ScriptDirectory

    folder = next(iter(import_module(module).__path__))
    scripts = ScriptDirectory(folder)
    head = scripts.get_current_head()
    if head is None:
        raise RuntimeError(f"{module} has no head revision")
    known = [script.revision for script in scripts.walk_revisions()]
    tables = sorted(import_module(models).Base.metadata.tables) if models else []
    return Revisions(f"{distribution} {version(distribution)}", head, known, tables)


if __name__ == "__main__":
    record()
