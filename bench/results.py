"""Figures of all rounds by section, and the day and the commit of each section."""

import statistics
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from machine import description


@dataclass
class Figure:
    """One row: values by variant. A figure that a busy machine falsifies is marked when others had too much of the machine meanwhile."""

    name: str
    unit: str
    goal: str = ""
    sensitive: bool = False
    # What a variant is compared with beside the first one.
    also: dict[str, str] = field(default_factory=dict)
    # Variants that have answered next to nothing: a ratio to them says nothing.
    starved: list[str] = field(default_factory=list)
    foreign: float = 0.0
    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, variant: str, value: float, foreign: float = 0.0, starved: bool = False) -> None:
        self.values.setdefault(variant, []).append(value)
        self.foreign = max(self.foreign, foreign)
        if starved and variant not in self.starved:
            self.starved.append(variant)

    def median(self, variant: str) -> float:
        return statistics.median(self.values[variant])

    def ratio(self, variant: str, base: str) -> float | None:
        if variant == base or base not in self.values or base in self.starved or not self.median(base):
            return None
        return self.median(variant) / self.median(base)


@dataclass
class Section:
    measured: str
    commit: str
    machine: str
    rounds: int = 0
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Results:
    """The sections of one run."""

    def __init__(self) -> None:
        self.sections: dict[str, Section] = {}
        self._machine = description()
        self._commit = _commit()

    def section(self, title: str) -> Section:
        return self.sections.setdefault(title, Section(time.strftime("%Y-%m-%d", time.gmtime()), self._commit, self._machine))

    def figure(self, section: str, name: str, unit: str, goal: str = "", sensitive: bool = False, also: dict[str, str] | None = None) -> Figure:
        figures = self.section(section).figures
        found = next((figure for figure in figures if figure.name == name), None)
        if found is None:
            found = Figure(name, unit, goal, sensitive, also or {})
            figures.append(found)
        return found

    def note(self, section: str, text: str) -> None:
        self.section(section).notes.append(text)


def _commit() -> str:
    """What is measured: the commit, and whether something has been changed since, of which the documentation is no part."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", str(Path(__file__).parent), *arguments], capture_output=True, text=True, check=True).stdout.strip()

    return git("rev-parse", "--short=7", "HEAD") + (" with changes" if git("status", "--porcelain", "--", ":/", ":(exclude,top)docs") else "")
