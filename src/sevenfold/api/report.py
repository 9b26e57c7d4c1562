"""Write the report of a run anew."""

from __future__ import annotations

from pathlib import Path

from sevenfold.api.run import Run


def write_report(run: str | Path) -> Path:
    """The path of the run's report.html, written from what the run folder holds.

    Raises:
        RequestError: it is no run folder.
    """
    from sevenfold.report.build import report_data
    from sevenfold.report.page import write_page

    opened = Run.open(run)
    write_page(report_data(opened.folder), opened.report)
    return opened.report
