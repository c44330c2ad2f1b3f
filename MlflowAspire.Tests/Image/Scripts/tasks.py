"""Runs commands of the image for whoever asks, each in a process that is forked for it, so that only one process imports MLflow.

`tasks.py` serves. `tasks.py COMMAND...` has a command run with its own environment, input and output, and ends as the command does. What is forked are Python
programs, and the tasks that other tests run as processes of their own, with all that they import.
"""

import json
import os
import socket
import sys

SOCKET = "/tmp/tasks"
TASKS = ("backup", "gc", "migrate", "restore")
# What takes seconds, and does not look at the environment: not `mlflow.server`, nor what builds on it.
LIBRARIES = (
    "mlflow.genai",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.store.model_registry.sqlalchemy_store",
    "azure.storage.blob",
    "mlflow_aspire.backup.restore",
)


def ask(command: list[str]) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(SOCKET)
        socket.send_fds(connection, [json.dumps([command, dict(os.environ)]).encode()], [0, 1, 2])
        return int(connection.recv(10))


def serve() -> None:
    """Returns, or ends by an exception, in the processes that are forked."""
    import gc
    import signal
    from importlib import import_module

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        # Under its name it accepts connections: whoever waits for it waits for the name.
        listener.bind(f"{SOCKET}.new")
        listener.listen()
        os.rename(f"{SOCKET}.new", SOCKET)
        while True:
            connection = listener.accept()[0]
            request, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
            command, environment = json.loads(request)
            if is_forked(command):
                for library in LIBRARIES:
                    import_module(library)
                gc.freeze()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                break
            for descriptor in (connection.detach(), *streams):
                os.close(descriptor)
    if child := os.fork():
        connection.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
        os._exit(0)
    connection.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environment)
    if not is_forked(command):
        os.execvp(command[0], command)
    run(command)


def is_forked(command: list[str]) -> bool:
    """Whether it is `mlflow-aspire TASK` or `mlflow-aspire python PROGRAM`."""
    return command[1] in TASKS or (command[1] == "python" and (command[2] == "-c" or command[2].endswith(".py")))


def run(command: list[str]) -> None:
    import subprocess

    from mlflow_aspire import cli, keys, trust
    from mlflow_aspire.settings import export

    if command[1] == "python":
        export(os.environ, [trust.read(os.environ), keys.read(os.environ)])
        run_program(command[2:])
    else:
        subprocess.run = run_child
        sys.argv = command
        cli.main()


def run_child(command: list[str]):
    """In the place of `subprocess.run`: a migration has MLflow's own commands run by Python."""
    import multiprocessing
    import subprocess

    process = multiprocessing.get_context("fork").Process(target=run_program, args=(command[1:],))
    process.start()
    process.join()
    return subprocess.CompletedProcess(command, process.exitcode)


def run_program(arguments: list[str]) -> None:
    import runpy

    if arguments[0] == "-c":
        code = compile(arguments.pop(1), "<string>", "exec")
        sys.argv = arguments
        exec(code, {"__name__": "__main__"})
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


if len(sys.argv) > 1:
    sys.exit(ask(sys.argv[1:]))
serve()
