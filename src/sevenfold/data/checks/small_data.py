"""Few rows, in all or for each column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sevenfold.core.report import Check, CheckSpec, Finding, Severity
from sevenfold.data.checks.base import DataSubject

_VERY_FEW, _FEW = 100, 500
_ROWS_PER_COLUMN = 5


class SmallData(Check[DataSubject]):
    """Fewer than 500 rows, or fewer than 5 for each column."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "small-data",
        "Little data",
        "Few rows: scores are uncertain, and simple models win.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding]:
        """One finding."""
        rows = len(subject.labelled_rows)
        columns = len(subject.inputs)
        if rows >= _FEW and rows >= _ROWS_PER_COLUMN * columns:
            return []
        return [
            Finding(
                self.spec.code,
                Severity.WARNING if rows < _VERY_FEW or rows < columns else Severity.NOTE,
                f"There are {rows:,} rows to learn from and {columns:,} input columns.",
                why="The score's interval is wide, and differences between models are mostly luck.",
                advice="Read the interval, not the value. More rows help more than more search.",
                evidence={"rows": rows, "columns": columns},
            )
        ]
