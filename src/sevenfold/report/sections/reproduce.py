"""How to reproduce the run."""

from __future__ import annotations

from sevenfold.report.data import ReportData
from sevenfold.report.markup import Child, Markup, tag
from sevenfold.report.sections.parts import section


def reproduce(data: ReportData) -> Markup | None:
    """The section, or None where neither command nor facts are known."""
    if not data.command and not data.facts:
        return None
    content: list[Child] = []
    if data.command:
        content.append(tag("pre", tag("code", data.command)))
    if data.facts:
        content.append(tag("dl", *[[tag("dt", name), tag("dd", value)] for name, value in data.facts.items()]))
    lead = (
        "The same data, command, seed and versions give the same model."
        if data.budget_seconds is None
        else "Under a time budget a faster machine gets further. With --trials in place of --budget, the same data, "
        "command, seed and versions give the same model, bit for bit."
    )
    return section("reproduce", "How to reproduce it", lead, *content)
