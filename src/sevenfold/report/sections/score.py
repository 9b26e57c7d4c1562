"""Scores in full: validation and test side by side, plain models, every other metric."""

from __future__ import annotations

from sevenfold.report.data import ReportData
from sevenfold.report.figures import between, counted, figure
from sevenfold.report.markup import Child, Markup, tag
from sevenfold.report.sections.parts import cells, folded, framed, scored, section, table

_NAMES = {"constant": "Same answer for all (constant)", "linear": "Plain linear model"}


def scores(data: ReportData) -> Markup | None:
    """The section, or None without any score."""
    if data.metric is None or (data.test is None and data.validation is None):
        return None
    rows = [cells(["This model", scored(data.validation), scored(data.test), ""], frozenset(), "own")]
    for reference in data.references:
        gain = reference.gain
        beats = f"{figure(gain.get('value'))} ({between(gain.get('low'), gain.get('high'))})" if gain else ""
        name = _NAMES.get(reference.name, reference.name)
        rows.append(cells([name, scored(reference.validation), scored(reference.test), beats], frozenset()))
    heads = [data.metric.title, "Validation (95 % interval)", "Test (95 % interval)", "This model is better by"]
    content: list[Child] = [framed(heads, rows, frozenset())]
    looks = f" The sealed rows were opened {counted(data.looks, 'time')}; each look widens the interval."
    content.append(
        tag(
            "p",
            "Validation rows helped to choose the model; test rows were sealed until the end."
            + (looks if data.looks > 1 else ""),
            class_="note",
        )
    )
    if len(data.metrics) > 1:
        others = [[name, figure(score.value), between(score.low, score.high)] for name, score in data.metrics.items()]
        content.append(
            folded(
                "All metrics on the test rows", table(["Metric", "Test", "95 % interval"], others, frozenset({1, 2}))
            )
        )
    return section("score", "How good it is", f"{data.metric.summary} Here {data.metric.direction}.", *content)
