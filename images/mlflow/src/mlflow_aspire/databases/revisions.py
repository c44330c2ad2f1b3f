"""The schema revisions that the packages of this image know.

Reading them from the packages takes longer than a whole migration with nothing to do, so the build of the image records them:
`python -m mlflow_aspire.databases.revisions`.
"""

import json
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

_RECORD = Path(__file__).with_name("revisions.json")

# The distribution and the module that holds the migrations of each schema.
_SCHEMAS = {
    "tracking": ("mlflow", "mlflow.store.db_migrations"),
    "basic-auth": ("mlflow", "mlflow.server.auth.db.migrations"),
    "oidc-auth": ("mlflow-oidc-auth", "mlflow_oidc_auth.db.migrations"),
}


@dataclass(frozen=True)
class Revisions:
    """The revisions of one schema, and the package that brings them."""

    package: str
    head: str
    known: list[str]


def read(schema: str) -> Revisions:
    return Revisions(**json.loads(_RECORD.read_text())[schema])


def record() -> None:
    _RECORD.write_text(json.dumps({schema: asdict(_inspect(*source)) for schema, source in _SCHEMAS.items()}))


def _inspect(distribution: str, module: str) -> Revisions:
    from alembic.script import ScriptDirectory

    folder = next(iter(import_module(module).__path__))
    scripts = ScriptDirectory(folder)
    head = scripts.get_current_head()
    if head is None:
        raise RuntimeError(f"{module} has no head revision")
    return Revisions(f"{distribution} {version(distribution)}", head, [script.revision for script in scripts.walk_revisions()])


if __name__ == "__main__":
    record()
