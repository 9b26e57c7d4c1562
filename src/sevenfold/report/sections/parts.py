"""Pieces that several sections share: sections, tables, figures."""

from __future__ import annotations

from collections.abc import Sequence

from sevenfold.core.report import Score
from sevenfold.report.data import ReportData
from sevenfold.report.figures import between, figure
from sevenfold.report.markup import Child, Markup, join, tag


def section(anchor: str, title: str, lead: str, *content: Child) -> Markup:
    """A section with its heading and one sentence that says what it answers."""
    return tag("section", tag("h2", title), tag("p", lead, class_="lead"), *content, id=anchor)


def table(heads: Sequence[str], rows: Sequence[Sequence[Child]], numbers: frozenset[int] = frozenset()) -> Markup:
    """A table; `numbers` are the positions of right-aligned columns."""
    return framed(heads, [cells(row, numbers) for row in rows], numbers)


def cells(row: Sequence[Child], numbers: frozenset[int], name: str | None = None) -> Markup:
    """One row of a table."""
    made = [
        tag("td", content, class_="n" if i in numbers else ("name" if i == 0 else None))
        for i, content in enumerate(row)
    ]
    return tag("tr", *made, class_=name)


def framed(heads: Sequence[str], rows: Sequence[Markup], numbers: frozenset[int]) -> Markup:
    """A table of finished rows, which scrolls sideways on narrow screens."""
    head = [tag("th", name, scope="col", class_="n" if i in numbers else None) for i, name in enumerate(heads)]
    inner = join(tag("thead", tag("tr", *head)), tag("tbody", *rows))
    return tag("div", tag("table", inner), class_="scroll")


def captioned(title: str, chart: Markup, note: str = "") -> Markup:
    """A chart with its caption."""
    return tag("figure", chart, tag("figcaption", tag("b", title), f" {note}" if note else None))


def folded(title: str, *content: Child) -> Markup:
    """Content behind a line that opens it, without script."""
    return tag("details", tag("summary", title), *content)


def scored(score: Score | None) -> str:
    """A score with its interval in words."""
    return "–" if score is None else f"{figure(score.value)} ({between(score.low, score.high)})"


def left_out(data: ReportData, part: str, what: str) -> Markup | None:
    """A note where time did not suffice for a part of the evaluation, or None where it was made."""
    reasons = [str(s.get("reason", "")) for s in data.skipped if s.get("part") == part]
    if not reasons:
        return None
    return tag("p", f"{what}: {reasons[0]}. A larger --budget leaves time for it.", class_="note")
