"""`mlflow migrate-filestore`, which ends at the first value that a metric has twice. A file store notes one again for a model that was logged, a database once."""

import sys
from pathlib import Path
from typing import Any

from mlflow.store.fs2db import migrate
from sqlalchemy import Engine, event


def _once(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> tuple[str, Any]:
    for table in ("metrics", "logged_model_metrics"):
        statement = statement.replace(f"INSERT INTO {table} ", f"INSERT OR IGNORE INTO {table} ", 1)
    return statement, parameters


if __name__ == "__main__":
    event.listen(Engine, "before_cursor_execute", _once, retval=True)
    migrate(Path(sys.argv[1]), sys.argv[2])
