"""The top of the page: the answer, how sure, against what, what matters, what to beware of."""

from __future__ import annotations

from sevenfold.core.report import Score
from sevenfold.report.charts import Mark, row_chart
from sevenfold.report.data import ReportData
from sevenfold.report.figures import between, counted, duration, figure
from sevenfold.report.markup import Markup, tag
from sevenfold.report.sections.parts import captioned
from sevenfold.report.verdict import beware, verdict

TOP = 3
_NAMES = {"constant": "Same answer", "linear": "Linear model", "popularity": "What is popular"}


def heading(data: ReportData) -> Markup:
    """Title and the run's size in one line."""
    size = [
        f"{data.goal} task" if data.goal else "",
        counted(data.rows, "training row") if data.rows is not None else "",
        counted(data.columns, "column") if data.columns is not None else "",
        counted(data.test_rows, "sealed test row") if data.test_rows is not None else "",
        f"trained in {duration(data.seconds)}" if data.seconds is not None else "",
    ]
    title = f"Predicting {data.target}" if data.target else data.name
    return tag("header", tag("h1", title), tag("p", " · ".join(s for s in size if s), class_="lead"))


def summary(data: ReportData) -> Markup:
    """The verdict with the score and its yardsticks, then what matters and what to beware of."""
    found = verdict(data)
    left = [tag("p", found.headline, class_="verdict")]
    shown = data.test or data.validation
    if shown is not None and data.metric is not None:
        left += [
            tag(
                "p",
                figure(shown.value),
                " ",
                tag("small", f"{data.metric.title} ({data.metric.direction})"),
                class_="big",
            ),
            tag("p", _sureness(data, shown)),
            tag("p", data.metric.summary, class_="note"),
        ]
    left += [tag("p", sentence, class_="note") for sentence in found.against]
    top = tag("section", tag("div", *left), _yardsticks(data), class_=f"top {found.grade}", id="summary")
    cards = [card for card in (_matters(data), _beware(data)) if card is not None]
    return Markup(top + (tag("div", *cards, class_="three") if cards else ""))


def _sureness(data: ReportData, shown: Score) -> str:
    rows = f" on {counted(shown.rows, 'row')}" if shown.rows else ""
    where = "it had never seen" if data.test else "held out in validation"
    return (
        f"Measured{rows} {where}; 95 % sure to lie between {between(shown.low, shown.high).replace(' to ', ' and ')}."
    )


def _yardsticks(data: ReportData) -> Markup | None:
    if data.metric is None:
        return None
    marks: list[Mark] = []

    def add(label: str, score: Score | None, tone: str) -> None:
        if score is not None:
            marks.append(Mark(label, score.value, score.low, score.high, tone))

    add("This model: test", data.test, "accent")
    add("This model: validation", data.validation, "accent")
    for reference in sorted(data.references, key=lambda r: r.name != "linear"):
        name = _NAMES.get(reference.name, reference.name)
        if reference.test is not None:
            add(f"{name}: test", reference.test, "second")
        else:
            add(f"{name}: validation", reference.validation, "second")
    if not marks:
        return None
    chart = row_chart(
        f"{data.metric.title} beside plain models",
        marks,
        f"{data.metric.title}, {data.metric.direction}",
        width=500,
        label_width=158,
    )
    return captioned("The score beside plain models.", chart, "Dots are scores, bars their 95 % intervals.")


def _matters(data: ReportData) -> Markup | None:
    measured = [i for i in data.importances if i.get("repeats") and i.get("value", 0) > 0][:TOP]
    if not measured:
        return None
    most = measured[0]["value"]
    total = sum(max(0.0, i["value"]) for i in data.importances) or 1.0
    items = [
        tag(
            "li",
            tag("b", i["column"]),
            f" – {100 * i['value'] / total:.0f} % of all that columns contribute",
            tag("i", style=f"width:{100 * i['value'] / most:.1f}%", aria_hidden="true"),
        )
        for i in measured
    ]
    title = "What matters most" if len(measured) > 1 else "What matters"
    return tag(
        "div",
        tag("h2", title),
        tag("ol", *items, class_="bars"),
        tag("p", tag("a", "More on this", href="#matters"), class_="note"),
        class_="card",
    )


def _beware(data: ReportData) -> Markup | None:
    found = beware(data)
    if not found and not data.findings and data.test is None:
        return None
    if not found:
        return tag(
            "div",
            tag("h2", "What to beware of"),
            tag("p", "The checks found nothing that should worry you."),
            class_="card",
        )
    items = [tag("li", sentence, class_=f"of-{severity}") for severity, sentence in found]
    more = len([f for f in data.findings if f.severity != "note"]) > len(found)
    link = tag("p", tag("a", "All findings", href="#findings"), class_="note") if more else None
    return tag("div", tag("h2", "What to beware of"), tag("ul", *items, class_="plain"), link, class_="card")
