"""The sessions in which MLflow's stores do their work."""

import sys
from collections.abc import Callable
from typing import Any

MakeSession = Callable[..., Any]
OpenSession = Callable[[], Any]

_NAME = "_get_managed_session_maker"


def change(changed: Callable[[MakeSession], MakeSession]) -> None:
    """Changes what makes the sessions of all stores that are made from now on: a function of `read_only` that gives a context manager."""
    _replace(lambda make: lambda session_maker, db_type: changed(make(session_maker, db_type)))


def change_opening(changed: Callable[[OpenSession], OpenSession]) -> None:
    """Changes what opens SQLAlchemy's session for them, which MLflow commits, rolls back and whose errors it translates."""
    _replace(lambda make: lambda session_maker, db_type: make(changed(session_maker), db_type))


def _replace(changed: Callable[[MakeSession], MakeSession]) -> None:
    from mlflow.store.db import utils

    make = getattr(utils, _NAME)
    make_changed = changed(make)
    # Modules that are imported already have the function by its name, or what an earlier change has put there.
    for module in list(sys.modules.values()):
        if vars(module).get(_NAME) is make:
            setattr(module, _NAME, make_changed)
