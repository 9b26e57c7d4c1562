"""Findings of the checks, grouped by severity."""

from __future__ import annotations

from collections.abc import Sequence

from sevenfold.core.report import Finding, Severity
from sevenfold.report.data import ReportData
from sevenfold.report.figures import counted
from sevenfold.report.markup import Child, Markup, tag
from sevenfold.report.sections.parts import folded, section, table

_TITLES = {
    Severity.ERROR: "Settle these first",
    Severity.WARNING: "Likely to cost quality or trust",
    Severity.NOTE: "Worth knowing",
}
SHOWN = 60


def findings(data: ReportData) -> Markup | None:
    """The section, or None where no check was run."""
    if not data.findings and not data.not_applicable:
        return None
    content: list[Child] = []
    for severity, title in _TITLES.items():
        group = [f for f in data.findings if f.severity is severity]
        if group:
            content.append(tag("h3", f"{title} ({len(group)})"))
            content.append(_listed(group[:SHOWN]))
            if len(group) > SHOWN:
                content.append(tag("p", f"{counted(len(group) - SHOWN, 'more')} in findings.json.", class_="note"))
    if not data.findings:
        content.append(tag("p", "No check found anything."))
    if data.not_applicable:
        rows = [[str(n.get("code", "")), str(n.get("reason", ""))] for n in data.not_applicable]
        content.append(folded(f"{counted(len(rows), 'check')} did not apply", table(["Check", "Why"], rows)))
    return section(
        "findings", "What the checks found", "Each finding says what, why it matters and what to do.", *content
    )


def _listed(group: Sequence[Finding]) -> Markup:
    return tag("ul", *[_item(finding) for finding in group], class_="plain")


def _item(finding: Finding) -> Markup:
    where = []
    if finding.columns:
        names = ", ".join(finding.columns[:8]) + (
            f" and {len(finding.columns) - 8} more" if len(finding.columns) > 8 else ""
        )
        where.append(f"Columns: {names}.")
    if finding.rows:
        numbers = ", ".join(str(row) for row in finding.rows[:8]) + (" and more" if len(finding.rows) > 8 else "")
        where.append(f"Rows: {numbers}.")
    return tag(
        "li",
        tag("span", finding.code, class_=f"tag {finding.severity}"),
        finding.text,
        tag("p", " ".join(where), class_="note") if where else None,
        tag("p", tag("b", "Why: "), finding.why, class_="note") if finding.why else None,
        tag("p", tag("b", "What to do: "), finding.advice, class_="note") if finding.advice else None,
        class_=f"of-{finding.severity}",
    )
