"""Writes the figures as Markdown with a plot."""

from pathlib import Path

from machine import QUIET, description
from results import Figure, Results

_COLOURS = ("#8a8f98", "#2468b0", "#7fb0dd", "#c58b2b")
_BAR, _GAP, _LABEL, _WIDTH = 14, 14, 170, 420


def write(results: Results, folder: Path, rounds: int, image_note: str) -> None:
    text = [
        "# Performance",
        "",
        f"Measured by `bench/run` on {description()}: medians of {rounds} rounds and, in brackets, the smallest and the largest figure. Each server has one core, "
        "PostgreSQL, Azurite and the load (wrk, 8 connections) have another one; a server that is not measured stands still, one that is measured had come to rest "
        "before. Variants alternate within each round. CPU is what the kernel has given to the server's container, which a busy machine disturbs least.",
        "",
        "*guide* is MLflow as its guide deploys it, four workers and the job runner, in the same base image. At 2 GiB it is killed for memory within a minute: "
        "it has 4 GiB here, the product 2.",
        "",
        image_note,
        "",
    ]
    busy = False
    for section, figures in results.sections.items():
        variants = list(dict.fromkeys(variant for figure in figures for variant in figure.values))
        text += [f"## {section}", "", f"| | {' | '.join(variants)} | goal |", "|---|" + "---|" * (len(variants) + 1)]
        for figure in figures:
            marked = figure.sensitive and figure.foreign > QUIET
            busy |= marked
            text.append(f"| {figure.name}{f', {figure.unit}' if figure.unit else ''}{' ⚠' if marked else ''} | {' | '.join(_cells(figure, variants))} | {figure.goal} |")
        text.append("")
    if busy:
        text += [f"⚠ Others had more than {QUIET:.0%} of the machine meanwhile: these times and rates are no result.", ""]
    text += [*results.notes, ""] if results.notes else []
    text += [Path(__file__).with_name("bounds.md").read_text(encoding="utf-8")]
    requests = [figure for figure in results.sections.get("Requests, no sign-in", []) if figure.name.endswith(", CPU")]
    if requests:
        (folder / "images").mkdir(parents=True, exist_ok=True)
        (folder / "images/performance.svg").write_text(_plot(requests))
        text[6:6] = ["![CPU a request](images/performance.svg)", ""]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "performance.md").write_text("\n".join(text).rstrip() + "\n")


def _cells(figure: Figure, variants: list[str]) -> list[str]:
    cells = []
    base = next(iter(figure.values))
    for variant in variants:
        if variant not in figure.values:
            cells.append("")
            continue
        spread = figure.spread(variant)
        ratio = f"**x{figure.median(variant) / figure.median(base):.2f}** " if variant != base and figure.median(base) else ""
        cells.append(f"{figure.median(variant):.3g} {ratio}{f'({spread})' if spread else ''}".strip())
    return cells


def _plot(figures: list[Figure]) -> str:
    """CPU a request, as bars relative to the first variant."""
    variants = list(figures[0].values)
    height = _GAP + len(figures) * (len(variants) * _BAR + _GAP) + 2 * _GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LABEL + _WIDTH + 70}" height="{height}" font-family="sans-serif" font-size="11">',
        f'<rect width="100%" height="100%" fill="white"/><text x="{_LABEL}" y="11">CPU a request, ms; bars relative to {variants[0]}</text>',
    ]
    y = 2 * _GAP
    for figure in figures:
        parts.append(f'<text x="{_LABEL - 8}" y="{y + _BAR * len(variants) / 2 + 4:.0f}" text-anchor="end">{figure.name.removesuffix(", CPU")}</text>')
        for variant, colour in zip(variants, _COLOURS, strict=False):
            value = figure.median(variant)
            width = _WIDTH * value / max(figure.median(other) for other in variants)
            parts.append(f'<rect x="{_LABEL}" y="{y}" width="{width:.0f}" height="{_BAR - 2}" fill="{colour}"/>')
            parts.append(f'<text x="{_LABEL + width + 5:.0f}" y="{y + _BAR - 4}">{value:.2f} {variant}</text>')
            y += _BAR
        y += _GAP
    return "\n".join([*parts, "</svg>"]) + "\n"
