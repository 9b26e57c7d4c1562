"""Rates by sensitive group and how far apart they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sevenfold.report.data import ReportData
from sevenfold.report.figures import between, figure, percent
from sevenfold.report.markup import Child, Markup, join, tag
from sevenfold.report.sections.parts import section, table

_SHARES = frozenset({"selection_rate", "true_positive_rate", "false_positive_rate", "precision", "error_rate"})
_TITLES = {
    "selection_rate": "Decided positive",
    "true_positive_rate": "Cases found",
    "false_positive_rate": "False alarms",
    "precision": "Alarms that are real",
    "calibration_gap": "Calibration gap",
    "error_rate": "Wrong",
    "mean_error": "Mean error",
    "mean_absolute_error": "Mean absolute error",
}


def fairness(data: ReportData) -> Markup | None:
    """The section, or None without sensitive columns."""
    if not data.fairness:
        return None
    content = [_column(entry) for entry in data.fairness]
    lead = "Rates by group on the test rows. Whether a difference is unjust, people must judge."
    return section("fairness", "Fairness", lead, *content)


def _column(entry: Mapping[str, Any]) -> Markup:
    groups = entry.get("groups", ())
    figures = [key for key in (groups[0] if groups else {}) if key not in ("group", "rows")]
    rows: list[list[Child]] = [
        [str(g["group"]), f"{g['rows']:,}", *[_shown(key, g[key]) for key in figures]] for g in groups
    ]
    heads = ["Group", "Rows", *[_TITLES.get(key, key) for key in figures]]
    items = [_gap(gap) for gap in entry.get("disparities", ()) if gap.get("clear")]
    told = (
        tag("ul", *items, class_="plain")
        if items
        else tag("p", "No difference between groups is clear beyond chance.", class_="note")
    )
    numbers = frozenset(range(1, len(heads)))
    return join(tag("h3", str(entry.get("column"))), table(heads, rows, numbers), told)


def _shown(key: str, rate: Mapping[str, Any]) -> Markup:
    if rate.get("value") is None:
        return tag("span", "–")
    write = percent if key in _SHARES else figure
    limits = f"{write(rate['low'])} to {write(rate['high'])}" if rate.get("low") is not None else ""
    return tag("span", write(rate["value"]), title=f"95 % interval {limits}" if limits else None)


def _gap(gap: Mapping[str, Any]) -> Markup:
    title = _TITLES.get(gap["figure"], gap["figure"])
    if gap["measure"] == "ratio":
        sentence = (
            f"{title}: {gap['lowest']} at {percent(gap['value'])} of the rate of {gap['highest']} "
            f"(95 % interval {percent(gap['low'])} to {percent(gap['high'])}; the four-fifths rule asks for 80 %)."
        )
    else:
        sentence = (
            f"{title}: {gap['highest']} above {gap['lowest']} by {figure(gap['value'])} "
            f"(95 % interval {between(gap['low'], gap['high'])})."
        )
    return tag("li", sentence, class_="of-warning")
