"""Figures of all rounds, and what becomes of them."""

import statistics
from collections import defaultdict
from dataclasses import dataclass, field


@dataclass
class Figure:
    """One row: values by variant. A figure that a busy machine falsifies is marked when others had too much of the machine meanwhile."""

    name: str
    unit: str
    goal: str = ""
    sensitive: bool = False
    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    foreign: float = 0.0

    def add(self, variant: str, value: float, foreign: float = 0.0) -> None:
        self.values[variant].append(value)
        self.foreign = max(self.foreign, foreign)

    def median(self, variant: str) -> float:
        return statistics.median(self.values[variant])

    def spread(self, variant: str) -> str:
        values = self.values[variant]
        return f"{min(values):.3g} to {max(values):.3g}" if len(values) > 1 else ""


class Results:
    def __init__(self) -> None:
        self.sections: dict[str, list[Figure]] = {}
        self.notes: list[str] = []

    def figure(self, section: str, name: str, unit: str, goal: str = "", sensitive: bool = False) -> Figure:
        figures = self.sections.setdefault(section, [])
        found = next((figure for figure in figures if figure.name == name), None)
        if found is None:
            found = Figure(name, unit, goal, sensitive)
            figures.append(found)
        return found
