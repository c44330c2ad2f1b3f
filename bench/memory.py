"""Prints the memory of all processes here in MiB: what they have now, shared pages counted once (PSS), and the most that each has had (VmHWM)."""

import os
import re
from pathlib import Path

now = peak = 0
for process in Path("/proc").iterdir():
    if process.name.isdigit() and int(process.name) != os.getpid():
        try:
            rollup, status = (process / "smaps_rollup").read_text(), (process / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
        now += sum(map(int, re.findall(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)))
        peak += sum(map(int, re.findall(r"^VmHWM:\s+(\d+)", status, re.MULTILINE)))
print(now / 1024, peak / 1024)
