"""Columns that are mostly missing, or missing far more often in the test file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.report import Check, CheckSpec, Finding, Severity
from sevenfold.data.checks.base import DataSubject

_MOSTLY, _NEARLY_ALL = 0.5, 0.95
_DIFFERENCE = 0.1
_SURE = 5.0  # standard errors


class ManyMissing(Check[DataSubject]):
    """At least half missing, or a share that differs by more than 10 points between the files."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "many-missing",
        "Many missing values",
        "Columns that are mostly missing, or whose share of missing values differs between training and test file.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding]:
        """A finding for each column."""
        findings = []
        for column in subject.columns:
            values = subject.table.get_column(column.name)
            if len(values) == 0:
                continue
            share = values.null_count() / len(values)
            if _MOSTLY <= share < 1:
                findings.append(
                    Finding(
                        self.spec.code,
                        Severity.WARNING if share >= _NEARLY_ALL else Severity.NOTE,
                        f"'{column.name}' is missing in {share:.1%} of the rows.",
                        (column.name,),
                        why="Little is left to learn from; that it is missing may say more than its values.",
                        advice="Keep it if being missing means something; otherwise leave it out.",
                        evidence={"share": round(share, 6)},
                    )
                )
            finding = self._between_files(column.name, share, subject)
            if finding is not None:
                findings.append(finding)
        return findings

    def _between_files(self, name: str, share: float, subject: DataSubject) -> Finding | None:
        test = subject.test_table
        if test is None or name not in subject.test_names or test.height == 0:
            return None
        other = test.get_column(name).null_count() / test.height
        pooled = (share * subject.table.height + other * test.height) / (subject.table.height + test.height)
        error = float(np.sqrt(pooled * (1 - pooled) * (1 / subject.table.height + 1 / test.height)))
        if abs(share - other) < _DIFFERENCE or abs(share - other) < _SURE * error:
            return None
        return Finding(
            self.spec.code,
            Severity.WARNING,
            f"'{name}' is missing in {share:.1%} of training rows but in {other:.1%} of test rows.",
            (name,),
            why="The files were collected in different ways; what is learned about missing values does not carry over.",
            advice="Find out why; leave the column out if it will be missing in use.",
            evidence={"train": round(share, 6), "test": round(other, 6)},
        )
