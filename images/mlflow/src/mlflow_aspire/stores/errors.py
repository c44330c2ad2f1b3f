"""What went wrong in a store, in the form that MLflow sends to clients."""

import errno
from http import HTTPStatus
from typing import TypeGuard

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST, PERMISSION_DENIED, RESOURCE_DOES_NOT_EXIST, RESOURCE_EXHAUSTED, TEMPORARILY_UNAVAILABLE

_FAILED_DEPENDENCY = 424
# Client errors that are worth another try.
_TRANSIENT = (408, 429)


class StoreError(MlflowException):
    """A store has failed.

    MLflow's client repeats a request that was answered with 5xx for minutes and then shows only the number. So a store that is not available
    after all the tries of the server is answered with 424, whose text the client shows.
    """

    def get_http_status_code(self) -> int:
        status = super().get_http_status_code()
        return status if status < 500 else _FAILED_DEPENDENCY


class NoRoom(StoreError):
    """A disk is full: that of the server, which needs some of it for the file, or that of a store that is a folder."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"The MLflow server has no room for the file: {error.strerror}", RESOURCE_EXHAUSTED)

    def get_http_status_code(self) -> int:
        return HTTPStatus.INSUFFICIENT_STORAGE


def is_full_disk(error: BaseException | None) -> TypeGuard[OSError]:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def refused(reason: object) -> StoreError:
    """The store does not accept the server's credentials, or the server does not accept the store's."""
    return StoreError(f"The artifact store refuses the MLflow server: {reason}", PERMISSION_DENIED)


def translate(error: Exception) -> StoreError:
    """Tells the client which error of a store's library it was."""
    if is_full_disk(error):
        return NoRoom(error)
    reason = f"{type(error).__name__}: {error}"
    status = _status(error)
    if status in (401, 403) or isinstance(error, PermissionError):
        return refused(reason)
    if status == 404 or isinstance(error, FileNotFoundError):
        return StoreError(f"The artifact store has no such file or directory: {reason}", RESOURCE_DOES_NOT_EXIST)
    if status is not None and 400 <= status < 500 and status not in _TRANSIENT:
        return StoreError(f"The artifact store does not accept the request: {reason}", BAD_REQUEST)
    return StoreError(f"The artifact store is not available: {reason}", TEMPORARILY_UNAVAILABLE)


def is_transient(error: StoreError) -> bool:
    return error.get_http_status_code() == _FAILED_DEPENDENCY


def _status(error: BaseException | None) -> int | None:
    """The HTTP status that a cloud's library has met, if it was that: in botocore's, Google's or Azure's own place, or in the error behind the error."""
    while error is not None:
        response = getattr(error, "response", None)
        metadata = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
        for status in (metadata.get("HTTPStatusCode"), getattr(error, "code", None), getattr(error, "status_code", None)):
            if isinstance(status, int):
                return int(status)
        error = error.__cause__ or error.__context__
    return None
