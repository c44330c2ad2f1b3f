"""The caches of the OIDC plugin, which are made for one thread: here requests use them in many, each at the same time as others."""

from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import Any

from mlflow_oidc_auth.cache.local_backend import LocalTTLCacheBackend

_lock = RLock()


def lock() -> None:
    for name in ("get", "set", "delete", "delete_prefix", "clear"):
        setattr(LocalTTLCacheBackend, name, _locked(getattr(LocalTTLCacheBackend, name)))


def _locked(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def locked(*arguments: Any) -> Any:
        with _lock:
            return method(*arguments)

    return locked
