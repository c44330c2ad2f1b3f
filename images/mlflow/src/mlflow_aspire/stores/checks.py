"""What can be told about a store before the server starts."""

import importlib.util
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

from ..errors import SettingError
from ..settings import Environment, required
from .files import SFTP_KEY, SFTP_KNOWN_HOSTS

_DESTINATION = "MLFLOW_ARTIFACTS_DESTINATION"
_EXTRA_ARGUMENTS = "MLFLOW_S3_UPLOAD_EXTRA_ARGS"


def check(scheme: str, environment: Environment) -> None:
    """Refuses settings that would fail at the first use of the store.

    Raises:
        SettingError: a setting is missing or wrong, or the image lacks what the store needs.
    """
    checks: dict[str, Callable[[Environment], None]] = {"s3": _check_s3, "sftp": _check_sftp, "hdfs": _check_hdfs, "viewfs": _check_hdfs}
    if scheme in checks:
        checks[scheme](environment)


def _check_s3(environment: Environment) -> None:
    text = environment.get(_EXTRA_ARGUMENTS)
    if not text:
        return
    from boto3.s3.transfer import S3Transfer

    try:
        arguments = json.loads(text)
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        raise SettingError(_EXTRA_ARGUMENTS, f"is {text!r}; accepted: a JSON object")
    unknown = sorted(set(arguments) - set(S3Transfer.ALLOWED_UPLOAD_ARGS))
    if unknown:
        raise SettingError(_EXTRA_ARGUMENTS, f"has {', '.join(unknown)}; accepted: {', '.join(S3Transfer.ALLOWED_UPLOAD_ARGS)}")


def _check_sftp(environment: Environment) -> None:
    import paramiko

    key = required(environment, SFTP_KEY, "the private key that the server signs in to the SFTP server with")
    required(environment, SFTP_KNOWN_HOSTS, "the line with the key of the SFTP server's host")
    try:
        paramiko.RSAKey.from_private_key(io.StringIO(key))
    except (paramiko.SSHException, ValueError) as error:
        raise SettingError(SFTP_KEY, "is not accepted; accepted: an RSA private key as PEM text without a passphrase") from error


def _check_hdfs(environment: Environment) -> None:
    missing = [] if importlib.util.find_spec("pyarrow") else ["the Python package pyarrow"]
    # Where pyarrow looks for it.
    folders = [environment.get("ARROW_LIBHDFS_DIR"), _below(environment.get("HADOOP_HOME"), "lib/native")]
    if not any(folder and Path(folder, "libhdfs.so").is_file() for folder in folders):
        missing.append("Hadoop's libhdfs.so (ARROW_LIBHDFS_DIR, or lib/native below HADOOP_HOME)")
    if not _below(environment.get("JAVA_HOME"), "bin/java"):
        missing.append("Java (JAVA_HOME)")
    if missing:
        raise SettingError(_DESTINATION, f"is a Hadoop file system, which needs what this image lacks: {'; '.join(missing)}. Use an image with a Hadoop client")


def _below(folder: str | None, path: str) -> str | None:
    return os.path.join(folder, path) if folder and os.path.exists(os.path.join(folder, path)) else None
