"""What matters: importances and partial dependence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sevenfold.report.charts import Line, Mark, line_chart, row_chart
from sevenfold.report.data import ReportData
from sevenfold.report.figures import counted
from sevenfold.report.markup import Child, Markup, tag
from sevenfold.report.sections.parts import captioned, folded, left_out, section, table

SHOWN = 12
_TONES = ("accent", "second", "muted")


def matters(data: ReportData) -> Markup | None:
    """The section, or None where nothing was measured."""
    measured = [i for i in data.importances if i.get("repeats")]
    missing = left_out(data, "importances", "Not measured for every column" if measured else "Not measured")
    if not measured and not data.dependences and missing is None:
        return None
    content: list[Child] = []
    if measured and data.metric is not None:
        content.append(_importances(data, measured))
    content.append(missing)
    charts = [chart for entry in data.dependences if (chart := _dependence(entry, data)) is not None]
    if charts:
        content.append(tag("h3", "How the answer follows each column"))
        content.append(
            tag(
                "p",
                "The mean prediction when everybody's value is set to the one shown; the band holds 80 % of the rows.",
                class_="note",
            )
        )
        content.append(tag("div", *charts, class_="cols"))
        content.append(left_out(data, "partial_dependence", "Not drawn for every column that matters"))
    return section("matters", "What matters", "How much worse the score gets when a column is shuffled.", *content)


def _importances(data: ReportData, measured: list[Mapping[str, Any]]) -> Markup:
    assert data.metric is not None
    marks = [Mark(str(i["column"]), i["value"], i["low"], i["high"]) for i in measured[:SHOWN]]
    chart = row_chart(
        "Importance of columns",
        marks,
        f"rise of the loss in {data.metric.title}",
        bars=True,
        width=680,
        label_width=200,
    )
    note = "Columns that say the same share their importance: one alone may look small. Thin lines are 95 % intervals."
    rest = measured[SHOWN:]
    if not rest:
        return captioned("Importance.", chart, note)
    rows = [[str(i["column"]), f"{i['value']:.3g}", f"{i['low']:.3g} to {i['high']:.3g}"] for i in rest[:200]]
    more = folded(
        f"{counted(len(rest), 'further column')}",
        table(["Column", "Importance", "95 % interval"], rows, frozenset({1, 2})),
    )
    return Markup(captioned("Importance.", chart, note) + more)


def _dependence(entry: Mapping[str, Any], data: ReportData) -> Markup | None:
    column, x, lines = str(entry.get("column")), list(entry.get("x", ())), list(entry.get("lines", ()))
    if not x or not lines:
        return None
    answer = f"probability of {lines[0]['name']}" if data.classes and len(lines) == 1 else "prediction"
    title = f"Prediction by {column}"
    if entry.get("kind") == "number":
        known = [i for i, value in enumerate(x) if isinstance(value, int | float)]
        if len(known) < 2:
            return None
        drawn = [
            Line(
                str(line["name"]) if len(lines) > 1 else "",
                [float(x[i]) for i in known],
                [line["mean"][i] for i in known],
                [line["low"][i] for i in known] if len(lines) == 1 else (),
                [line["high"][i] for i in known] if len(lines) == 1 else (),
                tone,
            )
            for line, tone in zip(lines, _TONES, strict=False)
        ]
        chart = line_chart(title, drawn, column, answer, height=230)
        missing = f"Where it is missing: {lines[0]['mean'][-1]:.3g}." if len(known) < len(x) else ""
        return captioned(column, chart, missing)
    line, dated = lines[0], entry.get("kind") == "date"
    marks = [
        Mark(_date(str(value)) if dated else str(value), mean, low, high)
        for value, mean, low, high in zip(x, line["mean"], line["low"], line["high"], strict=True)
    ]
    chart = row_chart(title, marks, answer, width=330, label_width=126 if dated else 96)
    return captioned(column, chart, f"For {line['name']}." if len(lines) > 1 else "")


def _date(value: str) -> str:
    return value.removesuffix(" 00:00")
