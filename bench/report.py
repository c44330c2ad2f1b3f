"""Prints the medians of all rounds and their ratios to the first variant, as a table in Markdown."""

import statistics
import sys
from pathlib import Path

COLUMNS = ("start, s", "memory, MiB", "reads/s", "writes/s")

rounds: dict[str, list[list[float]]] = {}
for line in Path(sys.argv[1]).read_text().splitlines():
    name, *figures = line.split()
    rounds.setdefault(name, []).append([float(figure) for figure in figures])

medians = {name: [statistics.median(column) for column in zip(*figures)] for name, figures in rounds.items()}
base = next(iter(medians.values()))
print("| variant | " + " | ".join(COLUMNS) + " |")
print("|---|" + "---|" * len(COLUMNS))
for name, figures in medians.items():
    print(f"| {name} | " + " | ".join(f"{figure:.4g} (x{figure / first:.2f})" for figure, first in zip(figures, base)) + " |")
