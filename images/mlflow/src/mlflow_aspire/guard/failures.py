"""Failures that nobody has foreseen: answered in JSON like all others, and not with a page for browsers."""

from flask import Response
from mlflow.exceptions import MlflowException
from mlflow.server import app
from werkzeug.exceptions import InternalServerError

from ..stores.errors import NoRoom, is_full_disk


def apply() -> None:
    app.register_error_handler(InternalServerError, _answer)


def _answer(error: InternalServerError) -> Response:
    cause = error.original_exception
    failure = NoRoom(cause) if is_full_disk(cause) else MlflowException("The server has failed; its log says why")
    return Response(failure.serialize_as_json(), failure.get_http_status_code(), mimetype="application/json")
