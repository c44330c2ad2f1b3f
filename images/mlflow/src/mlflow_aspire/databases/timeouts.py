"""How long a statement of the server may take. One search with hundreds of conditions keeps PostgreSQL busy for minutes, also after its client has left."""

from ..settings import MutableEnvironment, seconds

SETTING = "MLFLOW_DATABASE_STATEMENT_TIMEOUT_SECONDS"


def settle(environment: MutableEnvironment) -> None:
    """Limits the statements of this process and its children. Migrations and garbage collection take the time that they need, so they do not call this.

    Raises:
        SettingError: the setting is wrong.
    """
    limit = seconds(environment, SETTING, 30)
    # 0 is no limit to PostgreSQL as well. Options that are set win, as the last one does.
    environment["PGOPTIONS"] = f"-c statement_timeout={1000 * limit} {environment.get('PGOPTIONS', '')}".rstrip()
