"""Requests whose JSON does not fit: refused with the name of the field.

MLflow takes a body that is no JSON for an empty one, and of one that does not fit what it has read until then: numbers become 0, the rest of a batch is
dropped, a search without its filter finds everything, and all of it is answered with 200.
"""

import json
from typing import Any

from flask import Request, g, request
from google.protobuf.json_format import ParseError
from google.protobuf.message import Message
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.server import handlers

from .replacing import replace

_EMPTY = (b"", b"null")
# MLflow takes either name for the run of a call, and not the same one everywhere.
_RUN_NAMES = ("run_id", "run_uuid", "runId", "runUuid")


def apply() -> None:
    """Changes how MLflow reads the JSON of a request."""
    read, normalize = handlers._get_request_json, handlers._get_normalized_request_json
    parse, validate = handlers.parse_dict, handlers._validate_request_json_with_schema

    def get_request_json(flask_request: Request = request) -> Any:
        try:
            value = read(flask_request)
        except RecursionError:
            raise _error("the JSON is nested too deep") from None
        if value is None and flask_request.get_data().strip() not in _EMPTY:
            raise _error("the body is no JSON")
        # Clients of old send JSON as a text, which MLflow decodes once more where it takes messages.
        if not isinstance(value, dict | None) and not (isinstance(value, str) and not flask_request.path.endswith("/graphql")):
            raise _error("the JSON is no object")
        return value

    def get_normalized_request_json(flask_request: Request = request) -> dict[str, Any]:
        try:
            value = normalize(flask_request)
        except json.JSONDecodeError:
            raise _error("the body is no JSON") from None
        if not isinstance(value, dict):
            raise _error("the JSON is no object")
        if len({str(value[name]) for name in _RUN_NAMES if value.get(name)}) > 1:
            raise _error("run_id and run_uuid name different runs")
        return value

    def parse_dict(js_dict: Any, message: Message) -> None:
        g.unfit = None
        try:
            parse(js_dict, message)
        except ParseError as error:
            # MLflow goes on, to say what is missing or of another type, and then takes what it has.
            g.unfit = error
            raise

    def validate_request_json_with_schema(request_json: dict[str, Any], schema: dict[str, Any] | None, proto_parsing_succeeded: bool | None) -> None:
        validate(request_json, schema, proto_parsing_succeeded)
        if proto_parsing_succeeded is False:
            raise _error(str(g.unfit))

    replace(read, get_request_json)
    replace(normalize, get_normalized_request_json)
    handlers.parse_dict = parse_dict
    handlers._validate_request_json_with_schema = validate_request_json_with_schema


def _error(problem: str) -> MlflowException:
    return MlflowException(f"The request does not fit: {problem}", INVALID_PARAMETER_VALUE)
