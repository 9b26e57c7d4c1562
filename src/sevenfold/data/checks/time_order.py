"""Whether a date column makes a random split dishonest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable
from sevenfold.data.checks.base import DataSubject
from sevenfold.data.split.order import date_columns


class TimeOrder(Check[DataSubject]):
    """Rows in the order of a date, or a target that moves along it, while no time column is named."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "time-order",
        "Rows in the order of time",
        "A date column along which rows are ordered or the target moves: a random split learns from the future.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """A finding for each date column."""
        if subject.target is None or subject.task is None:
            return NotApplicable(self.spec.code, "no target is named")
        if subject.time_column is not None:
            return NotApplicable(self.spec.code, f"the split is by time, along '{subject.time_column}'")
        names = date_columns(subject.table, subject.schema, subject.task.apart)
        if not names:
            return NotApplicable(self.spec.code, "there is no date column")
        return subject.date_findings
