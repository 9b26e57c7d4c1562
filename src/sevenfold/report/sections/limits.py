"""Where it fails: slices, confusion, calibration, ROC, residuals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sevenfold.report.charts import Line, grid_chart, histogram, line_chart
from sevenfold.report.data import ReportData
from sevenfold.report.figures import between, counted, figure, percent
from sevenfold.report.markup import Child, Markup, tag
from sevenfold.report.sections.parts import captioned, cells, folded, framed, left_out, section

SHOWN = 8
_DIAGONAL = Line("", (0.0, 1.0), (0.0, 1.0), tone="muted", dashed=True)
_UNIT = (0.0, 1.0)


def limits(data: ReportData) -> Markup | None:
    """The section, or None where neither slices nor curves were made."""
    charts = [chart for chart in _charts(data) if chart is not None]
    missing = left_out(data, "slices", "Parts of the rows were not compared")
    if not data.slices and not charts and missing is None:
        return None
    content: list[Child] = []
    if data.slices and data.metric is not None:
        shown = tuple(s for s in data.slices if s.get("worse", 0) > 0)[:SHOWN] or data.slices[:SHOWN]
        content.append(tag("h3", "Parts of the rows on which it does worst"))
        content.append(_slices(data, shown))
        rest = tuple(s for s in data.slices if s not in shown)[:100]
        if rest:
            content.append(folded(f"{counted(len(rest), 'further part')}", _slices(data, rest)))
        content.append(
            tag(
                "p",
                "A part stands out when its difference from the rest is unlikely to be luck, given how many parts were "
                "looked at (false discovery rate 5 %).",
                class_="note",
            )
        )
    content.append(missing)
    if charts:
        content.append(tag("div", *charts, class_="cols"))
    return section(
        "limits", "Where it fails", "The score by parts of the rows, and what the mistakes look like.", *content
    )


def _slices(data: ReportData, slices: tuple[Mapping[str, Any], ...]) -> Markup:
    assert data.metric is not None
    rows = []
    for s in slices:
        worse = s.get("worse", 0) > 0
        stands = tag("span", "stands out", class_="tag bad" if worse else "tag good") if s.get("significant") else ""
        where = [tag("b", s["column"]), f": {s['label']}"]
        rows.append(
            cells(
                [
                    where,
                    f"{s['rows']:,} ({percent(s['share'])})",
                    f"{figure(s['value'])} ({between(s['low'], s['high'])})",
                    figure(s["rest"]),
                    stands,
                ],
                frozenset({1, 2, 3}),
            )
        )
    heads = ["Part", "Rows", f"{data.metric.title} here", "On the rest", ""]
    return framed(heads, rows, frozenset({1, 2, 3}))


def _charts(data: ReportData) -> list[Markup | None]:
    curves = data.curves
    return [
        _confusion(curves.get("confusion")),
        _calibration(curves.get("calibration"), data),
        _scores(curves.get("scores"), data),
        _roc(curves.get("roc")),
        _precision_recall(curves.get("precision_recall")),
        _lift(curves.get("lift")),
        _predicted(curves.get("residuals")),
        _residuals(curves.get("residuals")),
        _errors(curves.get("errors")),
    ]


def _confusion(curve: Mapping[str, Any] | None) -> Markup | None:
    if not curve:
        return None
    names = [str(name) for name in curve["classes"]]
    chart = grid_chart("Confusion of classes", names, curve["counts"], "decided as", "truly")
    return captioned("Confusion.", chart, "Each line is a true class; the diagonal is right.")


def _calibration(curve: Mapping[str, Any] | None, data: ReportData) -> Markup | None:
    if not curve:
        return None
    line = Line("", curve["said"], curve["happened"], curve["low"], curve["high"], marks=True)
    chart = line_chart(
        "Calibration", [_DIAGONAL, line], "probability said", "share that happened", x_range=_UNIT, y_range=_UNIT
    )
    what = f"of {data.classes[1]}" if len(data.classes) == 2 else "of the likeliest class"
    return captioned("Calibration.", chart, f"Probabilities {what}; on the dashed line they mean what they say.")


def _scores(curve: Mapping[str, Any] | None, data: ReportData) -> Markup | None:
    if not curve or len(data.classes) != 2:
        return None
    series = [(data.classes[0], curve["negative"], "muted"), (data.classes[1], curve["positive"], "accent")]
    chart = histogram("Probabilities by true class", curve["edges"], series, f"probability of {data.classes[1]}")
    return captioned("How far the classes are apart.", chart, "The less they overlap, the better.")


def _roc(curve: Mapping[str, Any] | None) -> Markup | None:
    if not curve:
        return None
    line = Line("", curve["false_positive_rate"], curve["true_positive_rate"])
    chart = line_chart("ROC curve", [_DIAGONAL, line], "false alarms", "found", x_range=_UNIT, y_range=_UNIT)
    return captioned("ROC.", chart, "Share of cases found against share of false alarms; the dashed line is guessing.")


def _precision_recall(curve: Mapping[str, Any] | None) -> Markup | None:
    if not curve:
        return None
    base = Line("", (0.0, 1.0), (curve["base"], curve["base"]), tone="muted", dashed=True)
    line = Line("", curve["recall"], curve["precision"])
    chart = line_chart("Precision and recall", [base, line], "share found", "share real", x_range=_UNIT, y_range=_UNIT)
    return captioned("Precision and recall.", chart, "How pure the alarms are while more of the cases are found.")


def _lift(curve: Mapping[str, Any] | None) -> Markup | None:
    if not curve:
        return None
    line = Line("", curve["share"], curve["found"])
    chart = line_chart(
        "Cases found", [_DIAGONAL, line], "share of the list", "share found", x_range=_UNIT, y_range=_UNIT
    )
    return captioned("Working down the list.", chart, "Share of all cases found in the top part of the list.")


def _predicted(curve: Mapping[str, Any] | None) -> Markup | None:
    points = (curve or {}).get("points")
    if not points or not points["truth"]:
        return None
    low, high = min(points["truth"] + points["predicted"]), max(points["truth"] + points["predicted"])
    exact = Line("", (low, high), (low, high), tone="muted", dashed=True)
    chart = line_chart(
        "Truth against prediction", [exact], "prediction", "truth", points=(points["predicted"], points["truth"])
    )
    return captioned(
        "Truth against prediction.", chart, f"{len(points['truth'])} rows; on the dashed line it is exact."
    )


def _residuals(curve: Mapping[str, Any] | None) -> Markup | None:
    if not curve or len(curve["predicted"]) < 2:
        return None
    zero = Line("", (curve["predicted"][0], curve["predicted"][-1]), (0.0, 0.0), tone="muted", dashed=True)
    line = Line("", curve["predicted"], curve["middle"], curve["low"], curve["high"])
    chart = line_chart("Residuals by prediction", [zero, line], "prediction", "truth less prediction")
    return captioned("Residuals.", chart, "Median error along the prediction; the band holds 80 % of the rows.")


def _errors(curve: Mapping[str, Any] | None) -> Markup | None:
    if not curve:
        return None
    chart = histogram("Errors", curve["edges"], [("errors", curve["counts"], "accent")], "truth less prediction")
    half, most = curve["error"][2], curve["error"][4]
    return captioned("Errors.", chart, f"Half are smaller than {figure(half)}, nine in ten than {figure(most)}.")
