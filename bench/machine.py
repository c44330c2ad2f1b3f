"""The machine, and what others do on it meanwhile."""

import os
import platform
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from docker import Container, docker

# More of the machine than this in other hands falsifies times and rates.
QUIET = 0.10

# With more than this nothing is measured at all.
BUSY = 0.50


def description() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, Linux {platform.release().split('-')[0]}, Docker {docker('version', '--format', '{{.Server.Version}}')}"


class Watch:
    """Counts the CPU that is used on the machine beside what the bench has started: its containers, its programs, itself, and Docker, whoever asks that."""

    def __init__(self, containers: Callable[[], Iterable[Container]] = tuple) -> None:
        self._containers = containers

    def start(self) -> None:
        self._began, self._own, self._busy = time.monotonic(), self._used(), _busy()

    def foreign(self) -> float:
        """The part of the machine that others have had since the start."""
        busy, own = _busy() - self._busy, 0.0
        elapsed = (time.monotonic() - self._began) * (os.cpu_count() or 1)
        for name, used in self._used().items():
            before = self._own.get(name, 0.0)
            # Of a container that has been started again the kernel counts from nothing.
            own += used - before if used >= before else used
        for name, used in _shims().items():
            # What starts a container, a child of its shim. Later children are commands in the container, which have been counted with it.
            own += used if name not in self._own else 0.0
        return max(0.0, (busy - own) / elapsed)

    def _used(self) -> dict[str, float]:
        times = os.times()
        return {
            "bench": times.user + times.system,
            "programs": times.children_user + times.children_system,
            **{container.name: container.usage() for container in self._containers()},
            **{name: own for name, own, _ in _docker()},
        }


def others() -> float:
    """The part of the machine that others have while the bench does nothing: before what starts containers that end before they could be asked what they have had."""
    time.sleep(3)
    watch = Watch()
    watch.start()
    time.sleep(1)
    return watch.foreign()


def _docker() -> list[tuple[str, float, float]]:
    """Docker's processes, and the seconds of CPU that they and their children have used."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                head, _, tail = (process / "stat").read_text().rpartition(")")
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended
            name = head.partition("(")[2]
            if name.startswith(("dockerd", "docker-proxy", "containerd")):
                own, children = (sum(map(int, pair)) / os.sysconf("SC_CLK_TCK") for pair in (tail.split()[11:13], tail.split()[13:15]))
                found.append((f"{name} {process.name}", own, children))
    return found


def _shims() -> dict[str, float]:
    return {name: children for name, _, children in _docker() if name.startswith("containerd-shim")}


def _busy() -> float:
    user, nice, system, _, _, irq, softirq, steal, *_ = (int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
