"""The guard in front of MLflow: the same for every sign-in, and for none.

What the request itself shows is refused by an ASGI middleware. What MLflow makes of it is checked where MLflow does, by changes of single
functions, each of which a test holds against MLflow's own code.
"""

from collections.abc import Callable
from functools import partial

from starlette.types import ASGIApp

from ..settings import Environment, MutableEnvironment, flag
from ..sign_in import BASIC, OIDC, app_name
from . import spool

# MLflow asks this address for a catalogue of models, with retries. Without one it reads the copy that it brings.
_CATALOG = "MLFLOW_MODEL_CATALOG_URI"
_PREFIX = "MLFLOW_STATIC_PREFIX"
_SOURCES = "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX"


def settle(environment: MutableEnvironment) -> None:
    """Sets MLflow's own settings where they do what a guard would do, and chooses the folder for temporary files.

    Raises:
        SettingError: there is no folder for temporary files.
    """
    spool.settle(environment)
    environment.setdefault(_CATALOG, "")
    if flag(environment, "MLFLOW_SERVE_ARTIFACTS", True):
        # Runs, models, the store of this server, and what a prompt has in place of a source: all of which the sign-in knows.
        environment.setdefault(_SOURCES, r"^(?:(?:runs|models|mlflow-artifacts):/[^/]|(?:dummy-source|prompt-template)$)")


def install(environment: Environment) -> Callable[[ASGIApp], ASGIApp]:
    """Changes MLflow, which must have been imported, and gives what is to stand in front of its app.

    Raises:
        SettingError: a setting is wrong.
    """
    from ..databases import trace_files
    from . import bodies, caller, failures, metrics, origins, places, providers, strict_json, traces, transfers
    from .requests import Requests

    spool.empty()
    limits = bodies.read_limits(environment)
    failures.apply()
    strict_json.apply()
    metrics.apply()
    providers.apply()
    places.apply()
    transfers.apply()
    traces.apply(caller.rights(environment))
    trace_files.note_deletions()
    match app_name(environment):
        case name if name == BASIC:
            from . import basic_links

            basic_links.apply()
        case name if name == OIDC:
            from . import oidc_links

            oidc_links.apply()
    return partial(Requests, limits=limits, origins=origins.read_allowed(environment), prefix=environment.get(_PREFIX, "").rstrip("/"))
