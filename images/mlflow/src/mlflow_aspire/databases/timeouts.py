"""How long a statement of the server may take. One search with hundreds of conditions keeps PostgreSQL busy for minutes, also after its client has left."""

from dataclasses import dataclass

from ..settings import Environment, Exports, seconds

SETTING = "MLFLOW_DATABASE_STATEMENT_TIMEOUT_SECONDS"


@dataclass(frozen=True)
class StatementTimeout:
    """The limit for the statements of this process and its children. Migrations and garbage collection take the time that they need, so they have none."""

    seconds: int
    """0 is no limit, to PostgreSQL as well."""

    options: str
    """Those of libpq that are set."""

    def exports(self) -> Exports:
        # Options that are set win, as the last one does.
        return {"PGOPTIONS": f"-c statement_timeout={1000 * self.seconds} {self.options}".rstrip()}


def read(environment: Environment) -> StatementTimeout:
    """Reads it.

    Raises:
        SettingError: the setting is wrong.
    """
    return StatementTimeout(seconds(environment, SETTING, 30), environment.get("PGOPTIONS", ""))
