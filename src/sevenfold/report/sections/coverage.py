"""How sure it is: sets and intervals, and how often they held the truth on the sealed rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sevenfold.report.data import ReportData
from sevenfold.report.figures import counted, figure, percent
from sevenfold.report.markup import Child, Markup, tag
from sevenfold.report.sections.parts import section, table

SURE = 0.01  # chance below which the promise counts as broken


def coverage(data: ReportData) -> Markup | None:
    """The section, or None for tasks without sets and intervals."""
    found = data.coverage
    if not found or found.get("value") is None:
        return None
    rows: list[list[Child]] = [["All test rows", *_cells(found)]]
    rows += [[f"{found_class['label']} (true class)", *_cells(found_class)] for found_class in found["classes"][:12]]
    rows += [[f"{group['column']} = {group['label']}", *_cells(group)] for group in found["groups"][:24]]
    content: list[Child] = [table(["", "Rows", "Covered", _size_title(found)], rows, frozenset({1, 2, 3}))]
    content += [tag("p", sentence, class_="note") for sentence in notes(found)]
    if found["segments"]:
        items: list[list[Child]] = [[f"{part['column']}: {part['label']}", *_cells(part)] for part in found["segments"]]
        content.append(tag("h3", "Parts of the rows that are surely covered less"))
        content.append(table(["Part", "Rows", "Covered", _size_title(found)], items, frozenset({1, 2, 3})))
    return section("coverage", "How sure it is", headline(found), *content)


def headline(found: Mapping[str, Any]) -> str:
    """What the sets or intervals promise and what came of it, in one sentence."""
    what = "sets of classes" if found["unit"] == "classes" else "intervals"
    return (
        f"Asked for {percent(found['level'])} coverage, its {what} held the truth for {percent(found['value'])} of "
        f"{counted(found['rows'], 'test row')} (95 % interval {percent(found['low'])} to {percent(found['high'])})"
        f"{_how_large(found)}."
    )


def notes(found: Mapping[str, Any]) -> list[str]:
    """What the promise rests on, and where it does not hold."""
    told = [f"From {counted(found['calibration_rows'], 'prediction')} of rows that the models had not seen."]
    if not found["enough"]:
        told.append("They are too few for this coverage in some or all classes: what they cannot tell is left open.")
    if found["by_class"]:
        told.append("A class is rare, so the promise is kept for the rows of each class, not only on average.")
    if found["ordered"]:
        before = found.get("validation")
        measured = ""
        if before and before.get("value") is not None:
            measured = f" Over the folds of validation, each by those before it, it was {percent(before['value'])}."
        told.append(f"Rows were split by time: the promise rests on the future being like the past.{measured}")
    if found["p_value"] < SURE:
        told.append("The promise was not kept on these rows, and chance does not explain it.")
    return told


def _how_large(found: Mapping[str, Any]) -> str:
    if found["unit"] == "classes":
        return "" if found["size"] is None else f", with {figure(found['size'])} classes on average"
    middle = found["median_size"]
    return "" if middle is None else f", {figure(middle)} wide in the middle"


def _size_title(found: Mapping[str, Any]) -> str:
    return "Classes in a set, mean" if found["unit"] == "classes" else "Width, mean"


def _cells(entry: Mapping[str, Any]) -> list[Child]:
    limits = f"95 % interval {percent(entry['low'])} to {percent(entry['high'])}"
    size = "–" if entry["size"] is None else figure(entry["size"])
    return [f"{entry['rows']:,}", tag("span", percent(entry["value"]), title=limits), size]
