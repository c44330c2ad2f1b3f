"""The guard in front of MLflow: the same for every sign-in, and for none.

What the request itself shows is refused by an ASGI middleware. What MLflow makes of it is checked where MLflow does, by changes of single
functions, each of which a test holds against MLflow's own code.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from starlette.types import ASGIApp

from ..settings import Environment, Exports
from ..sign_in import BASIC, OIDC, app_name
from . import bodies, origins, spool
from .bodies import Limits
from .spool import Spool

# MLflow asks this address for a catalogue of models, with retries. Without one it reads the copy that it brings.
_CATALOG = "MLFLOW_MODEL_CATALOG_URI"
_PREFIX = "MLFLOW_STATIC_PREFIX"
_SOURCES = "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX"


@dataclass(frozen=True)
class Guard:
    app: str | None
    """Of the sign-in, which knows what callers may do."""

    limits: Limits

    origins: tuple[str, ...]
    """Those that may use the server beside its own."""

    prefix: str
    """What the paths of all routes begin with."""

    spool: Spool

    own: Mapping[str, str]
    """MLflow's own settings that do what a guard would do."""

    def exports(self) -> Exports:
        return {**self.spool.exports(), **self.own}


def read(environment: Environment, serves_artifacts: bool) -> Guard:
    """Reads the settings of the guard, and chooses the folder for temporary files.

    Raises:
        SettingError: a setting is wrong, or there is no folder for temporary files.
    """
    folder = spool.read(environment)
    own = {_CATALOG: environment.get(_CATALOG, "")}
    if serves_artifacts:
        # Runs, models, the store of this server, and what a prompt has in place of a source: all of which the sign-in knows.
        own[_SOURCES] = environment.get(_SOURCES, r"^(?:(?:runs|models|mlflow-artifacts):/[^/]|(?:dummy-source|prompt-template)$)")
    prefix = environment.get(_PREFIX, "").rstrip("/")
    return Guard(app_name(environment), bodies.read_limits(environment), origins.read_allowed(environment), prefix, folder, own)


def install(guard: Guard) -> Callable[[ASGIApp], ASGIApp]:
    """Changes MLflow, which must have been imported, and gives what is to stand in front of its app."""
    from ..databases import trace_files
    from . import caller, failures, metrics, places, providers, strict_json, traces, transfers
    from .requests import Requests

    spool.empty()
    failures.apply()
    strict_json.apply()
    metrics.apply()
    providers.apply()
    places.apply()
    transfers.apply()
    traces.apply(caller.rights(guard.app))
    trace_files.note_deletions()
    if guard.app == BASIC:
        from . import basic_links

        basic_links.apply()
    elif guard.app == OIDC:
        from . import oidc_links

        oidc_links.apply()
    return partial(Requests, limits=guard.limits, origins=guard.origins, prefix=guard.prefix)
