"""Write the report of a run anew."""

from __future__ import annotations

from pathlib import Path

from sevenfold.api.run import Run


def write_report(run: str | Path) -> Path:
    """The path of the run's report.html, written from what the run folder holds.

    Raises:
        RequestError: it is no run folder, or the run has not ended.
    """
    from sevenfold.report.build import write_report as write

    opened = Run.open(run)
    write(opened.folder, opened.result)
    return opened.report
