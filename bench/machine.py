"""The machine, and what others do on it meanwhile."""

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

from docker import docker

# More of the machine than this in other hands falsifies times and rates.
QUIET = 0.10

# With more than this nothing is measured at all.
BUSY = 0.50


def description() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, Linux {platform.release().split('-')[0]}, Docker {docker('version', '--format', '{{.Server.Version}}')}"


@dataclass
class Watch:
    """Counts the CPU that is used on the machine beside what is measured."""

    _busy: float = 0.0
    _began: float = 0.0

    def start(self) -> None:
        self._busy, self._began = _busy(), time.monotonic()

    def foreign(self, own: float) -> float:
        """The part of the machine that others have had since the start, of which `own` seconds of CPU are no part."""
        elapsed = (time.monotonic() - self._began) * (os.cpu_count() or 1)
        return max(0.0, (_busy() - self._busy - own) / elapsed)


def children_cpu() -> float:
    """Seconds of CPU of the programs that this one has run."""
    times = os.times()
    return times.children_user + times.children_system


def _busy() -> float:
    user, nice, system, _, _, irq, softirq, steal, *_ = (int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
