"""The page of a monitored store: alerts first, then drift by window, performance, and every column."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sevenfold.core.run import write_bytes
from sevenfold.report.charts import Line, Mark, line_chart, row_chart
from sevenfold.report.document import document
from sevenfold.report.figures import between, counted, figure, percent
from sevenfold.report.heatmap import heatmap
from sevenfold.report.markup import Child, Markup, tag
from sevenfold.report.sections.parts import captioned, cells, framed, section

_MOST_COLUMNS = 25


def monitor_page(found: Mapping[str, Any], least_effect: float) -> str:
    """The page as HTML, of what `sevenfold monitor --json` prints."""
    target = found.get("model", {}).get("target", "")
    parts = [
        ("alerts", "Alerts", _alerts(found)),
        ("performance", "Performance", _performance(found)),
        ("drift", "Drift", _drift(found, least_effect)),
        ("windows", "Windows", _windows(found)),
    ]
    made = [(anchor, title, content) for anchor, title, content in parts if content is not None]
    return document(
        f"Monitoring {target} – Sevenfold",
        tag("header", tag("h1", f"Monitoring the model for {target}"), tag("p", _lead(found), class_="lead")),
        tag("nav", tag("ul", *[tag("li", tag("a", title, href=f"#{anchor}")) for anchor, title, _ in made])),
        tag("main", _summary(found), *[content for _, _, content in made]),
        tag("footer", tag("p", "Made by Sevenfold.", class_="note")),
    )


def write_monitor_page(found: Mapping[str, Any], least_effect: float, path: Path) -> None:
    """Write the page, complete or not at all."""
    write_bytes(path, monitor_page(found, least_effect).encode("utf-8", "replace"))


def _lead(found: Mapping[str, Any]) -> str:
    windows = found.get("windows", [])
    rows = counted(found["rows"], "row was", "rows were") + " answered"
    if not windows:
        return f"{rows}."
    digest = found.get("model", {}).get("digest", "")
    return f"{rows}; {_moment(windows[0]['start'])} to {_moment(windows[-1]['end'])} UTC, model {digest}."


def _summary(found: Mapping[str, Any]) -> Markup:
    grave = [alert for alert in found["alerts"] if alert["severity"] != "note"]
    errors = [alert for alert in grave if alert["severity"] == "error"]
    drifted = [column for column in found["drift"] if column["drifted"]]
    tone = "bad" if errors else "fair" if grave else "good"
    if errors:
        verdict = "The predictions are worse than promised"
    elif grave:
        verdict = f"{counted(len(grave), 'alert')}: look at the model"
    elif found["rows"] and not any(alert["code"] == "few-rows" for alert in found["alerts"]):
        verdict = "All is as it was in training"
    else:
        verdict, tone = "Too few rows to judge yet", "fair"
    name, score, how = _headline(found)
    right: Child = (
        tag(
            "div",
            tag("p", f"{name}, {how}", class_="note"),
            tag("div", figure(score["value"]), " ", tag("small", between(score["low"], score["high"])), class_="big"),
            tag("p", _promise(found), class_="note"),
        )
        if score
        else tag("p", "Neither labels nor probabilities tell the performance yet.", class_="note")
    )
    left = tag(
        "div",
        tag("p", verdict, class_="verdict"),
        tag("p", f"{len(drifted)} of {counted(len(found['drift']), 'column')} have drifted."),
        tag("p", "A column has drifted when chance does not explain the difference, over all columns and windows, "
                 "and the difference is large enough to matter.", class_="note"),
    )  # fmt: skip
    return tag("section", left, right, class_=f"top {tone}", id="summary")


def _headline(found: Mapping[str, Any]) -> tuple[str, Mapping[str, Any] | None, str]:
    metric = found.get("model", {}).get("metric", "")
    measured = found["performance"].get("metrics", {}).get(metric)
    if measured:
        return metric, measured, f"measured on {counted(found['performance']['rows'], 'labelled row')}"
    expected = found.get("expected", {}).get("metrics", {})
    if expected:
        name = metric if metric in expected else next(iter(expected))
        return name, expected[name], "expected of the newest rows, without labels"
    return metric, None, ""


def _promise(found: Mapping[str, Any]) -> str:
    told = found["performance"].get("after_training") or found.get("expected", {}).get("after_training") or {}
    return f"After training it was {between(told['low'], told['high'])}." if told else ""


def _alerts(found: Mapping[str, Any]) -> Markup:
    if not found["alerts"]:
        return section("alerts", "Alerts", "What wants attention.", tag("p", "None."))
    order = {"error": 0, "warning": 1, "note": 2}
    items: list[Markup] = []
    for code in dict.fromkeys(alert["code"] for alert in sorted(found["alerts"], key=lambda a: order[a["severity"]])):
        same = [alert for alert in found["alerts"] if alert["code"] == code]
        first = same[0]
        items.append(
            tag(
                "li",
                [tag("p", tag("span", a["severity"], class_=f"tag {a['severity']}"), a["text"]) for a in same],
                tag("p", " ".join(t for t in (first["why"], first["advice"]) if t), class_="note"),
                class_=f"of-{first['severity']}",
            )
        )
    return section("alerts", "Alerts", "What wants attention.", tag("ul", *items, class_="plain"))


def _performance(found: Mapping[str, Any]) -> Markup | None:
    charts = [chart for chart in (_over_time(found),) if chart is not None]
    metrics = found["performance"].get("metrics", {})
    content: list[Child] = []
    if charts:
        content.append(tag("div", *charts))
    if metrics:
        figures = [
            [name, figure(s["value"]), between(s["low"], s["high"]), f"{s['rows']:,}"] for name, s in metrics.items()
        ]
        content += [
            tag("h3", f"On {counted(found['performance']['rows'], 'row')} whose labels have come"),
            framed(["Metric", "Value", "95 % interval", "Rows"], [cells(m, frozenset({1, 2, 3})) for m in figures],
                   frozenset({1, 2, 3})),
        ]  # fmt: skip
        left_out = [f"{found['performance'][k]:,} {k}" for k in ("unlabelled", "unmatched", "contradictory")]
        content.append(tag("p", "Left out: " + ", ".join(left_out) + ".", class_="note"))
        slices = found["performance"].get("slices", [])
        if slices:
            rows = [
                cells([[tag("b", s["column"]), f": {s['label']}"], f"{s['rows']:,}", figure(s["value"]),
                       figure(s["rest"])],
                      frozenset({1, 2, 3}))
                for s in slices
            ]  # fmt: skip
            content.append(tag("h3", "Parts of the rows on which it is clearly worse"))
            content.append(framed(["Part", "Rows", "Here", "On the rest"], rows, frozenset({1, 2, 3})))
    content += _coverage(found)
    expected = found.get("expected", {})
    if expected:
        content.append(tag("p", f"What is expected without labels assumes {expected['assumes']}.", class_="note"))
    if not content:
        return None
    return section("performance", "Performance", "Measured where labels have come, expected where not.", *content)


def _coverage(found: Mapping[str, Any]) -> list[Child]:
    """How often sets or intervals held the truth: all rows, classes, and parts that are covered less."""
    covered = found["performance"].get("coverage", {})
    if not covered:
        return []
    looks = [("All labelled rows", covered), *((f"class {c['label']}", c) for c in covered["classes"])]
    looks += [(f"{g['column']} = {g['label']}", g) for g in covered["groups"]]
    looks += [(f"{s['column']}: {s['label']} (less than promised)", s) for s in covered["segments"]]
    numbers = frozenset({1, 2, 3})
    rows = [
        cells([name, f"{c['rows']:,}", percent(c["value"]), f"{percent(c['low'])} to {percent(c['high'])}"], numbers)
        for name, c in looks
        if c["value"] is not None
    ]
    what = "Sets of classes" if covered["unit"] == "classes" else "Intervals"
    return [
        tag("h3", f"{what} that promise {percent(covered['level'])} coverage"),
        framed(["", "Rows", "Held the truth", "95 % interval"], rows, numbers),
    ]


def _over_time(found: Mapping[str, Any]) -> Markup | None:
    windows, metric = found.get("windows", []), found.get("model", {}).get("metric", "")
    name = metric
    if windows and not any(metric in w["expected"] or w["measured"] for w in windows):
        name = next((n for w in windows for n in w["expected"]), metric)
    lines: list[Line] = []
    guessed = [(i, w["expected"][name]) for i, w in enumerate(windows, 1) if name in w["expected"]]
    real = [(i, w["measured"]) for i, w in enumerate(windows, 1) if w["measured"] and name == metric]
    for label, points, tone, marks in (
        ("expected without labels", guessed, "accent", False),
        ("measured with labels", real, "second", True),
    ):
        if points:
            x, scores = [float(i) for i, _ in points], [s for _, s in points]
            value, low, high = ([s[k] for s in scores] for k in ("value", "low", "high"))
            lines.append(Line(label, x, value, low, high, tone, marks=marks or len(points) < 2))
    if not lines or len(windows) < 2:
        return None
    told = found["performance"].get("after_training") or found.get("expected", {}).get("after_training") or {}
    if told and told.get("metric") == name:
        ends = (1.0, float(len(windows)))
        for which, label in (("low", "promised after training"), ("high", "")):
            lines.append(Line(label, ends, (told[which],) * 2, tone="muted", dashed=True))
    chart = line_chart(f"{name} by window", lines, "window", name, width=900, height=280)
    return captioned(f"{name} by window", chart, "with 95 % intervals; dashed: the interval told after training.")


def _drift(found: Mapping[str, Any], least_effect: float) -> Markup | None:
    if not found["drift"]:
        return None
    shown = sorted(found["drift"], key=lambda c: (not c["drifted"], -c["effect"]))[:_MOST_COLUMNS]
    content: list[Child] = []
    if len(found.get("windows", [])) > 1:
        names = [_named(c) for c in shown]
        chart = heatmap(
            "Effect by column and window", names, [c.get("windows", []) for c in shown],
            [c.get("flagged", []) for c in shown], [_moment(w["start"]) for w in found["windows"]], least_effect,
        )  # fmt: skip
        content.append(
            captioned(
                "Effect by column and window", chart, "darker is farther from the training rows; framed where "
                      "the window by itself is significant and large enough.")
        )  # fmt: skip
    marks = [Mark(_named(c), c["effect"], tone="bad" if c["drifted"] else "muted") for c in shown if c["effect"] > 0]
    if marks:
        chart = row_chart("Effect", marks, "effect: 0 none, 1 nothing in common", bars=True, line_at=least_effect,
                          width=900, label_width=260)  # fmt: skip
        content.append(captioned("Effect of all windows", chart, f"the line is what matters at all, {least_effect:g}."))
    rows = [
        cells(
            [tag("b", _named(c)), figure(c["effect"]), _chance(c["p_value"]), c.get("where", ""),
             tag("span", "drifted", class_="tag bad") if c["drifted"] else ""],
            frozenset({1, 2}),
        )
        for c in shown
    ]  # fmt: skip
    content.append(framed(["Column", "Effect", "p", "Largest difference", ""], rows, frozenset({1, 2})))
    if len(found["drift"]) > len(shown):
        content.append(tag("p", f"{len(found['drift']) - len(shown)} further columns differ less.", class_="note"))
    shift = found.get("shift")
    if shift:
        most = ", ".join(f"{c['column']} ({percent(c['share'])})" for c in shift["columns"])
        content.append(
            tag("p", f"Together: a model tells the newest rows from {shift['compared_with']} with ROC AUC "
                     f"{figure(shift['auc'])} ({between(shift['low'], shift['high'])}; 0.5 is by chance)"
                     + (f", most by {most}." if shift["shifted"] else "."), class_="note")
        )  # fmt: skip
    return section("drift", "Drift", "How the live rows differ from the training rows, column by column.", *content)


def _windows(found: Mapping[str, Any]) -> Markup | None:
    windows = found.get("windows", [])
    if len(windows) < 2:
        return None
    told = any(w.get("coverage") for w in windows)
    rows = [
        cells(
            [str(i), _moment(w["start"]), f"{w['rows']:,}", _first(w["expected"]), _score(w["measured"]),
             *([_covered(w)] if told else []), ", ".join(w["drifted"]) or "–"],
            frozenset({0, 2}),
        )
        for i, w in enumerate(windows, 1)
    ]  # fmt: skip
    heads = ["", "From (UTC)", "Rows", "Expected", "Measured", *(["Covered"] if told else []), "Differs by itself"]
    return section("windows", "Windows", "The newest windows.", framed(heads, rows, frozenset({0, 2})))


def _covered(window: Mapping[str, Any]) -> str:
    covered = window.get("coverage")
    return f"{percent(covered['value'])} ({percent(covered['low'])} to {percent(covered['high'])})" if covered else "–"


def _named(column: Mapping[str, Any]) -> str:
    aspect = column.get("aspect", "values")
    return str(column["column"]) if aspect == "values" else f"{column['column']} ({aspect})"


def _first(scores: Mapping[str, Mapping[str, Any]]) -> str:
    return _score(next(iter(scores.values()), None))


def _score(score: Mapping[str, Any] | None) -> str:
    return "–" if not score else f"{figure(score['value'])} ({between(score['low'], score['high'])})"


def _chance(p_value: float) -> str:
    return "< 0.0001" if p_value < 0.0001 else f"{p_value:.2g}"


def _moment(iso: str) -> str:
    return iso[:16].replace("T", " ")
