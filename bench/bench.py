"""Measures the product against MLflow's guide and writes docs/performance.md."""

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

import builds
import measures
import report
from machine import BUSY, Watch
from results import Results
from stack import Stack

PARTS = {
    "start": measures.starts,
    "cpu": measures.cpu,
    "memory": measures.memory,
    "sign-in": measures.sign_in,
    "telemetry": measures.telemetry,
    "writers": measures.writers,
    "beside": measures.beside,
    "workers": measures.workers,
    "replicas": measures.replicas,
    "pages": measures.pages,
    "artifacts": measures.artifacts,
    "large-artifacts": measures.large_artifacts,
    "app-host": builds.app_host,
    "publish": builds.publish,
    "image": builds.image,
}
# Two replicas need cores of their own for a result, and 100,000 requests to two servers half an hour.
ON_DEMAND = ("memory", "replicas")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="at least 3 for a result (default: 3)")
    documents = Path(__file__).parent.parent / "docs"
    parser.add_argument("--output", type=Path, default=documents, help="the folder of performance.md and .json, which keep what is not measured (default: docs)")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all but {' and '.join(ON_DEMAND)})")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; accepted: {', '.join(PARTS)}")
    if (os.cpu_count() or 1) < 2:
        sys.exit("two cores are needed: one for the server, one for what is beside it")
    if missing := [tool for tool in ("docker", "wrk", "taskset") if not shutil.which(tool)]:
        sys.exit(f"needed: {', '.join(missing)} (Debian and Ubuntu: apt-get install docker.io wrk util-linux)")
    watch = Watch()
    watch.start()
    time.sleep(3)
    if (foreign := watch.foreign()) > BUSY:
        sys.exit(f"others have {foreign:.0%} of this machine: no figure would be true, and MLflow's own server may not even start")
    results = Results()
    stack = Stack()
    try:
        stack.start()
        for part in arguments.parts or (part for part in PARTS if part not in ON_DEMAND):
            began = time.monotonic()
            print(f"{part} …", file=sys.stderr, flush=True)
            PARTS[part](stack, results, arguments.rounds)
            print(f"{part}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
            # After each part, so that what has been measured is there whatever becomes of the next one.
            report.write(results, arguments.output)
    finally:
        stack.remove()


if __name__ == "__main__":
    main()
