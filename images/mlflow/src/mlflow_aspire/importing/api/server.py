"""Calls to another MLflow server. Sign-in, certificates and retries are those of MLflow's own client, with its variables."""

import json
import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from mlflow.exceptions import MlflowException
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request
from requests import Response
from urllib3.exceptions import HTTPError

from ...errors import Failure
from ..source import Missing

_logger = logging.getLogger(__name__)

# What passes by itself. An error within the server does not, and is told at once.
_RETRIED = frozenset({408, 429, 502, 503, 504})
# How many calls there are at one time, where one does not need the answer of another.
AT_ONCE = 8
_PAGE = 1000
_SHOWN = 300


class Absent(Failure):
    """The server has no such call, as an older one, or no such object."""


class Broken(Failure):
    """The server has an error in itself."""


class Server:
    def __init__(self, address: str) -> None:
        """Takes the address that clients of the server have as MLFLOW_TRACKING_URI.

        Raises:
            Failure: it is none.
        """
        parts = urlsplit(address)
        if parts.username or parts.password:
            raise Failure(
                "the address of the server has a user name or a password in it: "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD give them, as arguments can be seen by others"
            )
        if not parts.hostname or parts.query or parts.fragment:
            raise Failure(f"{address} is no address of an MLflow server; accepted: http://host[:port][/prefix] and https://host[:port][/prefix]")
        self.address = address.rstrip("/")
        self._sign_in = get_default_host_creds(self.address)

    def check(self) -> None:
        """Asks for something that every server has.

        Raises:
            Failure: it does not answer, refuses the sign-in, or is none of MLflow's.
        """
        self._json(self._call("POST", "/api/2.0/mlflow/experiments/search", json={"max_results": 1}, max_retries=0))
        try:
            version = self._call("GET", "/version").text
        except Failure:
            version = "a version that it does not tell"
        _logger.info("reading %s, MLflow %s", self.address, version[:_SHOWN].strip())

    def get(self, path: str, /, **parameters: Any) -> Any:
        return self._json(self._call("GET", path, params=parameters))

    def post(self, path: str, /, **body: Any) -> Any:
        return self._json(self._call("POST", path, json=body))

    def pages(self, method: str, path: str, key: str, /, **parameters: Any) -> Iterator[Any]:
        """All pages of a list that the server gives in parts."""
        call = self.post if method == "POST" else self.get
        token = None
        while True:
            answer = call(path, **{"max_results": _PAGE, **parameters}, **({"page_token": token} if token else {}))
            yield answer.get(key) or []
            following = answer.get("next_page_token")
            if not following:
                return
            if following == token:
                raise Failure(f"{self.address}: {path} gives the same page again and again. Nothing was changed")
            token = following

    def open(self, path: str, /, **parameters: Any) -> IO[bytes]:
        """The content of a file as a stream.

        Raises:
            Missing: the server cannot give it.
        """
        try:
            raw = self._call("GET", path, params=parameters, stream=True).raw
        except (Absent, Broken) as error:
            raise Missing(str(error)) from error
        raw.decode_content = True
        return raw

    def copy(self, folder: Path, path: str, /, **parameters: Any) -> Path:
        """A copy of a file in a folder.

        Raises:
            Missing: the server cannot give it.
            Failure: the server goes away.
        """
        with self.open(path, **parameters) as stream, tempfile.NamedTemporaryFile(dir=folder, delete=False) as target:
            try:
                shutil.copyfileobj(stream, target)
            except HTTPError as error:
                raise Failure(f"{self.address} went away while it was read: {error}. Nothing was changed") from error
        return Path(target.name)

    def _call(self, method: str, path: str, **options: Any) -> Response:
        try:
            answer = http_request(self._sign_in, path, method, retry_codes=_RETRIED, raise_on_status=False, **options)
        except MlflowException as error:
            # The whole of it repeats the parameters, which may be a hundred runs.
            reason = (error.message.partition("(Caused by ")[2] or error.message)[:_SHOWN]
            raise Failure(f"{self.address} does not answer: {method} {path}: {reason}. Nothing was changed") from error
        if answer.status_code == 200:
            return answer
        place = f"{self.address}: {method} {path} is answered with {answer.status_code}"
        match answer.status_code:
            case 401 | 403:
                raise Failure(
                    f"{place}: who reads it must sign in as an administrator, or as one who may read everything, "
                    "by MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN. Nothing was changed"
                )
            case 404 | 405:
                raise Absent(place)
            case _:
                raise Broken(f"{place}: {_message(answer)}")

    def _json(self, answer: Response) -> Any:
        try:
            found = json.loads(answer.content)
        except ValueError as error:
            raise self._no_mlflow(answer) from error
        if not isinstance(found, dict):
            raise self._no_mlflow(answer)
        return found

    def _no_mlflow(self, answer: Response) -> Failure:
        kind = answer.headers.get("content-type", "no content type")
        return Failure(
            f"{answer.url} answers with {kind} in place of JSON: the address is that of no MLflow server, lacks its prefix, "
            "or a sign-in page is in front. Nothing was changed"
        )


def _message(answer: Response) -> str:
    try:
        return str(json.loads(answer.content)["message"])[:_SHOWN]
    except (ValueError, KeyError, TypeError):
        return answer.text[:_SHOWN]
