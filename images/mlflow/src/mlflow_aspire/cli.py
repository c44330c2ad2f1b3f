"""The entry point of the image."""

import argparse
import gc
import logging
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import NoReturn, TypeVar

from . import age, lean, log, trust
from .errors import Failure
from .settings import Settings, export

_logger = logging.getLogger(__name__)

_Settings = TypeVar("_Settings", bound=Settings)

_COMMANDS = ("serve", "migrate", "hand-over", "gc", "demo", "backup", "restore", "import", "check", "users", "reset-admin", "sql")

# A start makes a million objects that stay: with Python's 700 a quarter of its time goes into looking through them for garbage.
_OBJECTS_BETWEEN_COLLECTIONS = 200_000


def main() -> None:
    log.configure()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    # The first process of a container gets no signal that it does not handle. What starts has nothing to finish.
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(128 + number))
    arguments = sys.argv[1:]
    # What Azure's library warns of is part of the one line that a failure is told in.
    logging.getLogger("azure.identity").setLevel(logging.CRITICAL)
    try:
        export(os.environ, [trust.read(os.environ)])
        if arguments and arguments[0] not in (*_COMMANDS, "-h", "--help"):
            _execute(arguments)
        _run(_parser().parse_args(arguments))
    except Failure as failure:
        _logger.error("%s", failure)
        sys.exit(failure.exit_code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("mlflow-aspire", epilog="Any other command, such as `mlflow` or `python`, is run as it is.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="check the settings and run the MLflow server")
    commands.add_parser("migrate", help="bring the databases to the schemas of this MLflow")
    commands.add_parser("hand-over", help="give the tables to a role that each administrator of the database server in Azure acts for")
    commands.add_parser("demo", help="load MLflow's demo into a running server")
    collect = commands.add_parser("gc", help="remove deleted runs, logged models and experiments permanently")
    collect.add_argument("--older-than", type=_age, default=timedelta(0), metavar="AGE", help="deleted longer ago than this, such as 30d or 1d12h (default: all)")
    backup = commands.add_parser("backup", help="write databases and artifacts into one archive, while the server runs")
    backup.add_argument(
        "target",
        metavar="PLACE",
        nargs="?",
        help="a new file *.zip, a folder or a container of blobs (wasbs://) that gets one named after the time, or - for standard output (default: MLFLOW_BACKUP_DESTINATION)",
    )
    backup.add_argument("--without-artifacts", action="store_true", help="only the rows of the databases")
    restore = commands.add_parser("restore", help="bring an archive of `backup` into empty databases")
    restore.add_argument(
        "source",
        metavar="ARCHIVE",
        nargs="?",
        help="a file, a blob (wasbs://), or a name in MLFLOW_BACKUP_DESTINATION (default: MLFLOW_RESTORE_ARCHIVE, or the latest backup there)",
    )
    restore.add_argument("--replace", action="store_true", help="replace everything that the databases have (default: refuse)")
    imported = commands.add_parser("import", help="bring another server's data into an empty one, with its ids")
    imported.add_argument(
        "source",
        metavar="SOURCE",
        nargs="?",
        help="the address of a running server (https://), a SQLite database of MLflow's, the folder of a file store (mlruns), or a plain dump of a PostgreSQL database"
        " (default: MLFLOW_IMPORT_SOURCE)",
    )
    imported.add_argument("--artifacts", type=Path, metavar="FOLDER", help="the folder of a database's artifacts (default: the file store)")
    imported.add_argument("--artifact-root", metavar="ADDRESS", help="how the source names that folder, such as s3://bucket/mlflow (default: the one that its experiments are in)")
    imported.add_argument("--deleted", action="store_true", help="from a running server deleted experiments and runs too; from all else they always come")
    imported.add_argument("--replace", action="store_true", help="replace everything that the database has (default: refuse)")
    commands.add_parser("check", help="say whether databases and artifact store can be used, and what is in them")
    commands.add_parser("users", help="list the users")
    commands.add_parser("reset-admin", help="give the administrator the password of MLFLOW_AUTH_ADMIN_PASSWORD, and the rights of one")
    sql = commands.add_parser("sql", help="run a statement on the database, and print its rows as CSV")
    sql.add_argument("statement", metavar="STATEMENT", nargs="?", help="the statement, or - for standard input (default: MLFLOW_SQL_STATEMENT)")
    sql.add_argument("--users", action="store_true", help="on the database of users and permissions")
    sql.add_argument("--write", action="store_true", help="let it change something (default: refuse)")
    return parser


def _run(arguments: argparse.Namespace) -> None:
    # Each command imports only what it needs: the start is part of every migration.
    if arguments.command == "serve":
        lean.begin()
        from .server import serve, serve_settings

        serve.serve(_exported(serve_settings.read(os.environ)))
    # What is running cleans up behind itself.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    match arguments.command:
        case "migrate":
            from .databases import migrate

            migrate.migrate(_exported(migrate.read(os.environ)).migration)
        case "hand-over":
            from .databases import hand_over

            hand_over.hand_over(_exported(hand_over.read(os.environ)))
        case "gc":
            from .gc import command as collection

            collection.gc(_exported(collection.read(os.environ)), arguments.older_than)
        case "demo":
            from . import demo

            demo.demo(_exported(demo.read(os.environ)))
        case "backup":
            from .backup import save

            save.backup(_exported(save.read(os.environ, arguments.target, not arguments.without_artifacts)))
        case "restore":
            from .backup import restore

            restore.restore(_exported(restore.read(os.environ, arguments.source, arguments.replace)))
        case "import":
            from .importing import command as importing

            given = arguments.source, arguments.artifacts, arguments.artifact_root, arguments.replace, arguments.deleted
            importing.import_(_exported(importing.read(os.environ, *given)))
        case "check":
            from .operations import check

            check.check(_exported(check.read(os.environ)))
        case "users":
            from .operations import users

            users.users(_exported(users.read(os.environ)))
        case "reset-admin":
            from .operations import users

            users.reset_admin(_exported(users.read_reset(os.environ)))
        case "sql":
            from .operations import sql

            sql.sql(_exported(sql.read(os.environ, arguments.statement, arguments.users, arguments.write)))


def _exported(settings: _Settings) -> _Settings:
    """The settings of a command, once MLflow, libpq and the other libraries find in the environment of this process what they read there."""
    export(os.environ, settings.parts)
    return settings


def _age(text: str) -> timedelta:
    try:
        return age.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _execute(command: list[str]) -> NoReturn:
    from . import keys

    # Commands of MLflow's, such as `mlflow crypto`, load its tables.
    export(os.environ, [keys.read(os.environ)])
    try:
        os.execvp(command[0], command)
    except FileNotFoundError:
        raise Failure(f"there is no command {command[0]!r}; accepted: {', '.join(_COMMANDS)}, or a program of the image") from None
