"""The entry point of the image."""

import argparse
import logging
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from . import age
from .errors import Failure
from .log import complain
from .settings import MutableEnvironment

_COMMANDS = ("serve", "migrate", "hand-over", "gc", "demo", "backup", "restore")


def main() -> None:
    # The first process of a container gets no signal that it does not handle. What starts has nothing to finish.
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(128 + number))
    arguments = sys.argv[1:]
    # What Azure's library warns of is part of the one line that a failure is told in.
    logging.getLogger("azure.identity").setLevel(logging.CRITICAL)
    try:
        if arguments and arguments[0] not in (*_COMMANDS, "-h", "--help"):
            _execute(arguments)
        _run(_parser().parse_args(arguments), os.environ)
    except Failure as failure:
        complain(str(failure))
        sys.exit(failure.exit_code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("mlflow-aspire", epilog="Any other command, such as `mlflow` or `python`, is run as it is.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="check the settings and run the MLflow server")
    commands.add_parser("migrate", help="bring the databases to the schemas of this MLflow")
    commands.add_parser("hand-over", help="give the tables to a role that each administrator of the database server in Azure acts for")
    commands.add_parser("demo", help="load MLflow's demo into a running server")
    gc = commands.add_parser("gc", help="remove deleted runs, logged models and experiments permanently")
    gc.add_argument("--older-than", type=_age, default=timedelta(0), metavar="AGE", help="deleted longer ago than this, such as 30d or 1d12h (default: all)")
    backup = commands.add_parser("backup", help="write databases and artifacts into one archive, while the server runs")
    backup.add_argument("target", metavar="FILE", help="a new file, a folder that gets one named after the time, or - for standard output")
    restore = commands.add_parser("restore", help="bring an archive of `backup` into empty databases")
    restore.add_argument("source", type=Path, metavar="FILE", help="the archive")
    restore.add_argument("--replace", action="store_true", help="replace everything that the databases have (default: refuse)")
    return parser


def _run(arguments: argparse.Namespace, environment: MutableEnvironment) -> None:
    # Each command imports what it alone needs: the start is part of every migration.
    if arguments.command == "serve":
        from .server.serve import serve

        serve(environment)
    # What is running cleans up behind itself.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    if arguments.command == "migrate":
        from .databases.migrate import migrate

        migrate(environment)
    elif arguments.command == "hand-over":
        from .databases.hand_over import hand_over

        hand_over(environment)
    elif arguments.command == "demo":
        from .demo import demo

        demo(environment)
    elif arguments.command == "backup":
        from .backup.command import backup

        backup(environment, arguments.target)
    elif arguments.command == "restore":
        from .backup.command import restore

        restore(environment, arguments.source, arguments.replace)
    else:
        from .gc.command import gc

        gc(environment, arguments.older_than)


def _age(text: str) -> timedelta:
    try:
        return age.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _execute(command: list[str]) -> NoReturn:
    from . import keys

    # Commands of MLflow's, such as `mlflow crypto`, load its tables.
    keys.settle(os.environ)
    try:
        os.execvp(command[0], command)
    except FileNotFoundError:
        raise Failure(f"there is no command {command[0]!r}; accepted: {', '.join(_COMMANDS)}, or a program of the image") from None


if __name__ == "__main__":
    main()
