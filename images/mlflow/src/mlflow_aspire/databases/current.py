"""Whether the schemas are at the revisions of this image.

MLflow makes and migrates tables by itself where it finds one missing, beside every lock, and the older servers that still run cannot start again
afterwards. So every command but `migrate` asks first and leaves an older schema alone.
"""

from ..errors import Failure
from . import revisions, schemas
from .schemas import Schema


def check(configured: list[Schema], limit: int) -> None:
    """Compares the schemas with this image.

    Raises:
        Failure: a schema is older or newer than this image, or a database does not answer within `limit` seconds.
    """
    for schema in configured:
        known = revisions.read(schema.name)
        current = schemas.revision(schema, limit)
        if schemas.migration_needed(schema, known, current):
            there = f"is at revision {current}" if current else "is not there"
            raise Failure(f"{schema.setting}: the {schema.name} schema {there}, and {known.package} needs {known.head}: run `mlflow-aspire migrate` first")
