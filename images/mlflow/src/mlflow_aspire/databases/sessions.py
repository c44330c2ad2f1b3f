"""The sessions in which MLflow's stores do their work."""

import sys
from collections.abc import Callable
from typing import Any

MakeSession = Callable[..., Any]

_NAME = "_get_managed_session_maker"


def change(changed: Callable[[MakeSession], MakeSession]) -> None:
    """Changes what makes the sessions of all stores that are made from now on: a function of `read_only` that gives a context manager."""
    from mlflow.store.db import utils

    make = getattr(utils, _NAME)

    def make_changed(session_maker: Any, db_type: str) -> MakeSession:
        return changed(make(session_maker, db_type))

    # Modules that are imported already have the function by its name, or what an earlier change has put there.
    for module in list(sys.modules.values()):
        if vars(module).get(_NAME) is make:
            setattr(module, _NAME, make_changed)
