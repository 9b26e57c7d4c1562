"""Rows without a target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.data.checks.base import DataSubject, shown

_MANY = 0.05


class MissingTarget(Check[DataSubject]):
    """Rows that cannot be learned from."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "missing-target",
        "Rows without a target",
        "Rows whose target is missing: nothing is learned from them, and why it is missing may bias the rest.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """One finding with the rows."""
        if subject.task is None:
            return NotApplicable(self.spec.code, "no target is named")
        if subject.rows is not None:
            labelled = np.zeros(subject.table.height, dtype=np.bool_)
            labelled[subject.rows] = True
            missing = np.flatnonzero(~labelled)
        elif subject.task.target in subject.table.columns:
            missing = np.flatnonzero(subject.table[subject.task.target].is_null().to_numpy())
        else:
            return NotApplicable(self.spec.code, "the target is not a column of the table")
        if len(missing) == 0:
            return []
        share = len(missing) / subject.table.height
        return [
            Finding(
                self.spec.code,
                Severity.WARNING if share >= _MANY else Severity.NOTE,
                f"The target '{subject.task.target}' is missing in {len(missing):,} rows ({share:.1%}).",
                (subject.task.target,),
                shown(missing),
                why="They are left out of training and test. If rows lack a target for a reason, the rest is biased.",
                advice="Find out why they lack a target; fill it in or remove the rows.",
                evidence={"count": len(missing), "share": round(share, 6)},
            )
        ]
