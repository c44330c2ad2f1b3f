"""Numbers of experiments: a file store gives them 18 digits, and PostgreSQL's column takes nine of any kind."""

import sqlite3

_LARGEST = 2**31 - 1
# A prompt says in this tag which experiments it belongs to: ",1,2,".
PROMPT_EXPERIMENTS = "_mlflow_experiment_ids"


def fit(database: sqlite3.Connection) -> dict[str, str]:
    """Gives experiments whose number is too large the next one that is free, wherever it stands, and tells the old and the new ones."""
    numbers = [number for (number,) in database.execute("SELECT experiment_id FROM experiments ORDER BY creation_time, experiment_id")]
    large = [number for number in numbers if number > _LARGEST]
    following = max((number for number in numbers if number <= _LARGEST), default=0) + 1
    tables = [table for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    referring = [table for table in tables if any(column[1] == "experiment_id" for column in database.execute(f'PRAGMA table_info("{table}")'))]
    found = dict(zip(large, range(following, following + len(large)), strict=True))
    for old, new in found.items():
        for table in referring:
            database.execute(f'UPDATE "{table}" SET experiment_id = ? WHERE experiment_id = ?', (new, old))
        for side in ("source", "destination"):
            database.execute(f"UPDATE entity_associations SET {side}_id = ? WHERE {side}_type = 'experiment' AND {side}_id = ?", (str(new), str(old)))
    renumbered = {str(old): str(new) for old, new in found.items()}
    for row, belongs in database.execute("SELECT rowid, value FROM registered_model_tags WHERE key = ?", (PROMPT_EXPERIMENTS,)).fetchall():
        value = ",".join(renumbered.get(number, number) for number in (belongs or "").split(","))
        database.execute("UPDATE registered_model_tags SET value = ? WHERE rowid = ?", (value, row))
    return renumbered
