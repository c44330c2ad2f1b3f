"""Writes the figures: all of them as JSON, which keeps those of earlier runs, and from it the Markdown with a plot."""

import json
from dataclasses import asdict
from pathlib import Path

from machine import QUIET
from results import Figure, Results, Section

_COLOURS = ("#8a8f98", "#2468b0", "#7fb0dd", "#c58b2b")
_BAR, _GAP, _LABEL, _WIDTH = 14, 14, 170, 420


def write(results: Results, folder: Path) -> None:
    """Puts the sections that have been measured in the place of the ones of the same title."""
    folder.mkdir(parents=True, exist_ok=True)
    for section in results.sections.values():
        section.rounds = max(len(values) for figure in section.figures for values in figure.values.values())
    sections = _read(folder / "performance.json") | results.sections
    (folder / "performance.json").write_text(_json(sections), encoding="utf-8")
    render(folder)


def render(folder: Path) -> None:
    sections = _read(folder / "performance.json")
    # Of the latest day; where another one has been measured on another machine, it says so.
    machine = max(sections.values(), key=lambda section: section.measured).machine
    text = [
        "# Performance",
        "",
        f"Measured by `bench/run` on {machine}: medians and, in brackets, the smallest and the largest figure. Each server has one core, PostgreSQL, Azurite and the "
        "load (8 connections) have another one; a server that is not measured stands still, one that is measured had come to rest before. Variants alternate within "
        "each round. CPU is what the kernel has given to the server's container, which a busy machine disturbs least.",
        "",
        "Each section says when it was measured, and at which commit. Ratios compare across sections; times and rates of different days do not: machines of the same "
        "kind have differed threefold.",
        "",
        "*guide* is MLflow as its guide deploys it, four workers and the job runner, in the same base image. At 2 GiB it is killed for memory within a minute: "
        "it has 4 GiB here, the product 2.",
        "",
    ]
    requests = [figure for figure in sections["Requests, no sign-in"].figures if figure.name.endswith(", CPU")] if "Requests, no sign-in" in sections else []
    if requests:
        (folder / "images").mkdir(exist_ok=True)
        (folder / "images/performance.svg").write_text(_plot(requests))
        text += ["![CPU a request](images/performance.svg)", ""]
    for title, section in sections.items():
        text += _section(title, section, machine)
    if any(_marked(figure) for section in sections.values() for figure in section.figures):
        text += [f"⚠ Others had more than {QUIET:.0%} of the machine meanwhile: these times and rates are no result.", ""]
    text += [Path(__file__).with_name("bounds.md").read_text(encoding="utf-8")]
    (folder / "performance.md").write_text("\n".join(text).rstrip() + "\n", encoding="utf-8")


def _section(title: str, section: Section, machine: str) -> list[str]:
    variants = list(dict.fromkeys(variant for figure in section.figures for variant in figure.values))
    goals = any(figure.goal for figure in section.figures)
    rounds = "one round" if section.rounds == 1 else f"{section.rounds} rounds"
    text = [
        f"## {title}",
        "",
        f"{section.measured}, commit {section.commit}, {rounds}{'' if section.machine == machine else f', on {section.machine}'}",
        "",
        f"| | {' | '.join(variants)} |{' goal |' if goals else ''}",
        "|---|" + "---|" * (len(variants) + goals),
    ]
    for figure in section.figures:
        name = f"{figure.name}{f', {figure.unit}' if figure.unit else ''}{' ⚠' if _marked(figure) else ''}"
        text.append(f"| {name} | {' | '.join(_cell(figure, variant) for variant in variants)} |{f' {figure.goal} |' if goals else ''}")
    return [*text, "", *(line for note in section.notes for line in (note, ""))]


def _marked(figure: Figure) -> bool:
    return figure.sensitive and figure.foreign > QUIET


def _cell(figure: Figure, variant: str) -> str:
    if variant not in figure.values:
        return ""
    base = next(iter(figure.values))
    ratios = [f"**x{_ratio(ratio)}**" for ratio in [figure.ratio(variant, base)] if ratio is not None]
    if variant in figure.also and (ratio := figure.ratio(variant, figure.also[variant])) is not None:
        ratios.append(f"**x{_ratio(ratio)}** of *{figure.also[variant]}*")
    values = figure.values[variant]
    spread = f"({_number(min(values))} to {_number(max(values))})" if len(values) > 1 else ""
    return " ".join(part for part in (_number(figure.median(variant)), ", ".join(ratios), spread) if part)


def _number(value: float) -> str:
    """Three digits of it."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 1_000 else f"{rounded:g}"


def _ratio(value: float) -> str:
    """Two digits behind the point, or as many as say something."""
    return f"{value:.2f}" if 0.1 <= value < 100 else f"{value:.0f}" if value >= 100 else f"{value:.2g}"


def _read(file: Path) -> dict[str, Section]:
    if not file.exists():
        return {}
    sections = json.loads(file.read_text(encoding="utf-8"))
    return {title: Section(**{**section, "figures": [Figure(**figure) for figure in section["figures"]]}) for title, section in sections.items()}


def _json(sections: dict[str, Section]) -> str:
    """A line for each figure."""
    texts = []
    for title, section in sections.items():
        values = asdict(section)
        figures = ",\n".join(f"      {_line(figure | {'values': _rounded(figure['values'])})}" for figure in values.pop("figures"))
        texts.append(f"  {_line(title)}: {{\n" + "".join(f"    {_line(name)}: {_line(value)},\n" for name, value in values.items()) + f'    "figures": [\n{figures}\n    ]\n  }}')
    return "{\n" + ",\n".join(texts) + "\n}\n"


def _rounded(values: dict[str, list[float]]) -> dict[str, list[float]]:
    return {variant: [float(f"{value:.4g}") for value in numbers] for variant, numbers in values.items()}


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


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
