"""The URIs of the databases and who signs in to them.

All databases are used by one PostgreSQL role. Its name and password are libpq's own PGUSER and PGPASSWORD, so that they stand in
no argument and no file and need no escaping. A URI that holds them works as well: they are moved out of it.
"""

from dataclasses import dataclass, field

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ..errors import SettingError
from ..settings import Environment, Exports

BACKEND = "MLFLOW_BACKEND_STORE_URI"
READ_REPLICA = "MLFLOW_READ_REPLICA_BACKEND_STORE_URI"
BASIC_AUTH = "MLFLOW_AUTH_DATABASE_URI"
OIDC_AUTH = "OIDC_USERS_DB_URI"

_ACCEPTED = "accepted: postgresql://host[:port]/database[?sslmode=verify-full&sslrootcert=system][&plugin=entra]"
_SYSTEM_ROOTS = "/etc/ssl/certs"


@dataclass(frozen=True)
class Databases:
    """The URIs that are set, in one form and without a user name or a password, and who signs in to all of them."""

    tracking: str | None = None
    read_replica: str | None = None
    basic_users: str | None = None
    oidc_users: str | None = None

    user: str | None = None
    """Without one a token of Microsoft Entra names the role."""

    password: str | None = field(default=None, repr=False)

    system_roots: str | None = None
    """The folder of the certification authorities of the system, where a URI asks for them and none is set."""

    def exports(self) -> Exports:
        variables = {
            BACKEND: self.tracking,
            READ_REPLICA: self.read_replica,
            BASIC_AUTH: self.basic_users,
            OIDC_AUTH: self.oidc_users,
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "SSL_CERT_DIR": self.system_roots,
        }
        return {name: value for name, value in variables.items() if value is not None}


def read(environment: Environment) -> Databases:
    """Reads them.

    Raises:
        SettingError: a URI is wrong, or it is not clear who signs in.
    """
    urls = {name: _parse(name, environment[name]) for name in (BACKEND, READ_REPLICA, BASIC_AUTH, OIDC_AUTH) if environment.get(name)}
    user, password = environment.get("PGUSER"), environment.get("PGPASSWORD")
    for name, url in urls.items():
        user = _one(name, "user name", url.username, "PGUSER", user)
        password = _one(name, "password", url.password, "PGPASSWORD", password)
    for name, url in urls.items():
        if "entra" in url.normalized_query.get("plugin", ()):
            if password:
                raise SettingError("PGPASSWORD", f"is set, and {name} asks for Microsoft Entra (plugin=entra); accepted: one of the two")
        elif not user:
            raise SettingError("PGUSER", f"is not set; it is the PostgreSQL role that signs in to the database of {name}")
    # The libpq of psycopg2 looks for them in the folder that it was built in.
    asked = "SSL_CERT_DIR" not in environment and any(url.query.get("sslrootcert") == "system" for url in urls.values())
    bare = {name: _bare(url) for name, url in urls.items()}
    return Databases(
        tracking=bare.get(BACKEND),
        read_replica=bare.get(READ_REPLICA),
        basic_users=bare.get(BASIC_AUTH),
        oidc_users=bare.get(OIDC_AUTH),
        user=user,
        password=password,
        system_roots=_SYSTEM_ROOTS if asked else None,
    )


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


def _bare(url: URL) -> str:
    return URL.create("postgresql+psycopg2", host=url.host, port=url.port, database=url.database, query=url.query).render_as_string(hide_password=False)


def _one(name: str, what: str, value: str | None, variable: str, known: str | None) -> str | None:
    """What the URI holds, or what is known already."""
    if not value:
        return known
    if known and known != value:
        raise SettingError(name, f"holds another {what} than {variable} or another URI; one role uses all databases: set only PGUSER and PGPASSWORD")
    return value
