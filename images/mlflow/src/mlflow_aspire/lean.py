"""The import of MLflow without what its server has no use for.

The libraries for models, pandas, which brings pyarrow, and scipy, are a third of a server's memory and of its start, and hardly a call uses them. MLflow's
modules name types of pandas while they are imported, for which stand-ins do: as long as nobody has imported pandas, no object is of its types. What uses pandas
afterwards imports it then.

Nearly all that is made stays, so that nobody looks for garbage meanwhile. And MLflow asks for each kind of plugin by itself, for which the packages that are
installed are read once.
"""

import builtins
import gc
import importlib
import importlib.metadata
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

# What MLflow takes for not installed: sparse matrices as examples of a model, and Hadoop's file system (see stores.repositories).
_LEFT_OUT = {"mlflow.models.utils": "scipy.sparse", "mlflow.store.artifact.hdfs_artifact_repo": "pyarrow.fs"}

_STAND_INS = {name: type(name, (), {"__module__": "pandas"}) for name in ("DataFrame", "Series")}

_import = builtins.__import__
_entry_points = importlib.metadata.entry_points


class _Pandas(ModuleType):
    """What MLflow's modules have in the place of pandas."""

    def __getattr__(self, name: str) -> Any:
        if builtins.__import__ is _leanly and name in _STAND_INS:
            return _STAND_INS[name]
        return getattr(importlib.import_module("pandas"), name)


_pandas = _Pandas("pandas")


def begin() -> None:
    """Imports MLflow leanly from now on."""
    gc.disable()
    builtins.__import__ = _leanly
    importlib.metadata.entry_points = _entry_points().select


def end() -> None:
    """Imports as Python does. What has been made until now is looked through for garbage neither now nor later."""
    builtins.__import__ = _import
    importlib.metadata.entry_points = _entry_points
    gc.freeze()
    gc.enable()


def _leanly(
    name: str, globals: Mapping[str, Any] | None = None, locals: Mapping[str, Any] | None = None, fromlist: Sequence[str] = (), level: int = 0
) -> ModuleType:
    # The statements of MLflow's modules themselves: what a function imports, it uses.
    if globals is not None and globals is locals and (importer := globals.get("__name__", "")).startswith("mlflow."):
        if name == "pandas" and not fromlist:
            return _pandas
        if name == _LEFT_OUT.get(importer):
            raise ModuleNotFoundError(f"{name} is left out", name=name)
    return _import(name, globals, locals, fromlist, level)
