"""One self-contained page: no script, no outside resource, readable by a manager and a data scientist."""

from __future__ import annotations

from pathlib import Path

from sevenfold.core.run import write_bytes
from sevenfold.report.data import ReportData
from sevenfold.report.document import document
from sevenfold.report.markup import join, tag, text
from sevenfold.report.sections.columns import columns
from sevenfold.report.sections.coverage import coverage
from sevenfold.report.sections.fairness import fairness
from sevenfold.report.sections.findings import findings
from sevenfold.report.sections.limits import limits
from sevenfold.report.sections.matters import matters
from sevenfold.report.sections.reproduce import reproduce
from sevenfold.report.sections.score import scores
from sevenfold.report.sections.story import story
from sevenfold.report.sections.summary import heading, summary

_PARTS = (
    ("score", "Score", scores),
    ("coverage", "How sure", coverage),
    ("matters", "What matters", matters),
    ("limits", "Where it fails", limits),
    ("findings", "Findings", findings),
    ("fairness", "Fairness", fairness),
    ("data", "Data", columns),
    ("story", "How it came about", story),
    ("reproduce", "Reproduce", reproduce),
)


def page(data: ReportData) -> str:
    """The whole page as HTML. Everything that users wrote is escaped; parts without content are left out."""
    made = [(anchor, title, content) for anchor, title, part in _PARTS if (content := part(data)) is not None]
    links = [tag("li", tag("a", title, href=f"#{anchor}")) for anchor, title, _ in made]
    title = f"Predicting {data.target}" if data.target else data.name
    return document(
        f"{title} – Sevenfold report",
        heading(data),
        tag("nav", tag("ul", *links), aria_label="Parts of this report") if links else None,
        tag("main", summary(data), join([content for _, _, content in made])),
        tag("footer", tag("p", f"Run {text(data.name, 200)}. Made by Sevenfold.", class_="note")),
    )


def write_page(data: ReportData, path: Path) -> None:
    """Write the page, complete or not at all."""
    write_bytes(path, page(data).encode("utf-8", "replace"))
