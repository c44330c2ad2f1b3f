"""Containers, by Docker's command line; and their CPU time, by its API, which counts what the kernel has given them."""

import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence

_SOCKET = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")


def docker(*arguments: str, text: str | None = None, check: bool = True) -> str:
    result = subprocess.run(["docker", *arguments], input=text, capture_output=True, text=True)
    if check and result.returncode:
        raise RuntimeError(f"docker {' '.join(arguments[:2])}: {result.stderr.strip() or result.stdout.strip()}")
    return result.stdout.strip()


class Container:
    def __init__(self, name: str, image: str, options: Sequence[str] = (), environment: Mapping[str, str] = {}, command: Sequence[str] = ()) -> None:
        self.name = name
        self.removed = False
        docker("rm", "--force", "--volumes", name, check=False)
        variables = [part for variable, value in environment.items() for part in ("--env", f"{variable}={value}")]
        self.began = time.monotonic()
        docker("run", "--detach", "--name", name, *options, *variables, image, *command)

    def cpu(self) -> float:
        """Seconds of CPU that what is measured has used."""
        return self.usage()

    def usage(self) -> float:
        """Seconds of CPU that the container has used since it was started."""
        connection = http.client.HTTPConnection("docker")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(_SOCKET)
        connection.request("GET", f"/containers/{self.name}/stats?stream=false&one-shot=true")
        usage = json.loads(connection.getresponse().read())["cpu_stats"]["cpu_usage"]["total_usage"]
        connection.close()
        return float(usage) / 1e9

    def run(self, *command: str, text: str | None = None) -> str:
        return docker("exec", *(["--interactive"] if text is not None else []), self.name, *command, text=text)

    def runs(self) -> bool:
        return docker("inspect", "--format", "{{.State.Running}}", self.name, check=False) == "true"

    def logs(self) -> str:
        result = subprocess.run(["docker", "logs", "--tail", "40", self.name], capture_output=True, text=True)
        return result.stdout + result.stderr

    def limit(self, cores: float, cpuset: str) -> None:
        """Gives it no more than so many cores, and on these only, from now on."""
        docker("update", "--cpus", str(cores), "--cpuset-cpus", cpuset, self.name)

    def pause(self) -> None:
        # The kernel may fail to freeze one that has used up its part of the cores.
        for _ in range(10):
            if docker("pause", self.name, check=False) == self.name:
                return
            time.sleep(0.2)
        docker("pause", self.name)

    def resume(self) -> None:
        docker("unpause", self.name)

    def restart(self) -> None:
        """Starts it again after a kill."""
        docker("kill", self.name)
        self.began = time.monotonic()
        docker("start", self.name)

    def remove(self) -> None:
        self.removed = True
        docker("rm", "--force", "--volumes", self.name, check=False)
