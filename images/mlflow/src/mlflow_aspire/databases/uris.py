"""The URIs of the databases and who signs in to them.

All databases are used by one PostgreSQL role. Its name and password are libpq's own PGUSER and PGPASSWORD, so that they stand in
no argument and no file and need no escaping. A URI that holds them works as well: they are moved out of it.
"""

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ..errors import SettingError
from ..settings import MutableEnvironment

BACKEND = "MLFLOW_BACKEND_STORE_URI"
READ_REPLICA = "MLFLOW_READ_REPLICA_BACKEND_STORE_URI"
BASIC_AUTH = "MLFLOW_AUTH_DATABASE_URI"
OIDC_AUTH = "OIDC_USERS_DB_URI"

_ACCEPTED = "accepted: postgresql://host[:port]/database[?sslmode=verify-full&sslrootcert=system][&plugin=entra]"
_SYSTEM_ROOTS = "/etc/ssl/certs"


def settle(environment: MutableEnvironment) -> None:
    """Brings all database URIs of the environment into one form, without a user name or a password."""
    urls = {name: _parse(name, environment[name]) for name in (BACKEND, READ_REPLICA, BASIC_AUTH, OIDC_AUTH) if environment.get(name)}
    for name, url in urls.items():
        _move(environment, name, "user name", url.username, "PGUSER")
        _move(environment, name, "password", url.password, "PGPASSWORD")
        bare = URL.create("postgresql+psycopg2", host=url.host, port=url.port, database=url.database, query=url.query)
        environment[name] = bare.render_as_string(hide_password=False)
    if any(url.query.get("sslrootcert") == "system" for url in urls.values()):
        # The libpq of psycopg2 looks for them in the folder that it was built in.
        environment.setdefault("SSL_CERT_DIR", _SYSTEM_ROOTS)
    for name, url in urls.items():
        if uses_entra(url):
            if environment.get("PGPASSWORD"):
                raise SettingError("PGPASSWORD", f"is set, and {name} asks for Microsoft Entra (plugin=entra); accepted: one of the two")
        elif not environment.get("PGUSER"):
            raise SettingError("PGUSER", f"is not set; it is the PostgreSQL role that signs in to the database of {name}")


def uses_entra(url: URL) -> bool:
    return "entra" in url.normalized_query.get("plugin", ())


def _parse(name: str, value: str) -> URL:
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        # The value may hold a password.
        raise SettingError(name, f"is not the URI of a database; {_ACCEPTED}") from None
    if url.drivername not in ("postgresql", "postgresql+psycopg2"):
        raise SettingError(name, f"starts with {url.drivername}://; {_ACCEPTED}")
    if not url.host or not url.database:
        raise SettingError(name, f"names no {'database' if url.host else 'host'}; {_ACCEPTED}")
    for parameter in ("user", "password", "options"):
        if parameter in url.query:
            raise SettingError(name, f"has the parameter {parameter!r}; use PG{parameter.upper()} instead")
    return url


def _move(environment: MutableEnvironment, name: str, what: str, value: str | None, target: str) -> None:
    if not value:
        return
    if environment.setdefault(target, value) != value:
        raise SettingError(name, f"holds another {what} than {target} or another URI; one role uses all databases: set only PGUSER and PGPASSWORD")
