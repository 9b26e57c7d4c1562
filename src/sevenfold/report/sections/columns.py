"""The data: a table of columns with small histograms."""

from __future__ import annotations

from sevenfold.report.charts import spark
from sevenfold.report.data import ColumnRow, ReportData
from sevenfold.report.figures import counted, percent
from sevenfold.report.markup import Child, Markup, tag
from sevenfold.report.sections.parts import folded, section, table

SHOWN, MOST = 30, 300


def columns(data: ReportData) -> Markup | None:
    """The section, or None without a profile."""
    if not data.profile:
        return None
    content: list[Child] = [_table(data.profile[:SHOWN])]
    rest = data.profile[SHOWN:MOST]
    if rest:
        content.append(folded(counted(len(rest), "further column"), _table(rest)))
    if len(data.profile) > MOST:
        content.append(tag("p", f"{counted(len(data.profile) - MOST, 'more column')} in profile.json.", class_="note"))
    size = counted(data.rows, "row") if data.rows is not None else "the rows"
    lead = f"{counted(len(data.profile), 'column')} as read from {size} of training data."
    return section("data", "The data", lead, *content)


def _table(rows: tuple[ColumnRow, ...]) -> Markup:
    return table(
        ["Column", "Kind", "Spread", "Missing", "Distinct", "Values"],
        [_row(column) for column in rows],
        frozenset({3, 4}),
    )


def _row(column: ColumnRow) -> list[Child]:
    kind: list[Child] = [tag("span", column.kind, title=column.reason or None)]
    if not column.used:
        kind.append(tag("span", " not used", class_="note", title=column.reason or None))
    picture = spark(column.histogram, f"Histogram of {column.name}") if column.histogram else ""
    missing = "–" if column.missing is None else ("" if column.missing == 0 else percent(column.missing))
    distinct = "–" if column.distinct is None else f"{column.distinct:,}"
    return [column.name, kind, picture, missing, distinct, column.summary]
