"""Pages of other sites in the browser of somebody who reaches the server.

MLflow lets every page of localhost, of whatever port, read and write, and does not look at where a request comes from outside of its API: /v1/traces,
/graphql, /gateway. On a laptop such a page may be anything that runs there. Here a page uses its own server, or one that lists its origin.
"""

from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from starlette.types import Scope

from ..settings import Environment

_ALLOWED = "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"


def read_allowed(environment: Environment) -> tuple[str, ...]:
    """The origins that may use the server beside its own."""
    return tuple(origin.strip() for origin in environment.get(_ALLOWED, "").split(",") if origin.strip())


def problem(scope: Scope, allowed: tuple[str, ...]) -> str | None:
    """What is wrong with the origin of a request; None when it has none, as that of a client, or a right one."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin-1")
    # A page is known by the name and the port that it was called by. Who speaks TLS does not matter.
    if not origin or urlsplit(origin).netloc == headers.get(b"host", b"").decode("latin-1"):
        return None
    if any(origin == entry or entry == "*" or ("*" in entry and fnmatchcase(origin, entry)) for entry in allowed):
        return None
    return f"the page comes from {origin[:200]!r}, which is not this server; accepted: its own pages, and those of {_ALLOWED}"
