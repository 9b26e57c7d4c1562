"""Training rows that occur again in the given test file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.dataset import Kind
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.data.checks.base import DataSubject, counted, shown
from sevenfold.data.checks.chance import chance_of_equal

_LARGE_SHARE = 0.05  # the score moves by more than most models differ
_SMALL_SHARE = 0.01  # it hardly moves


class DuplicateAcrossTest(Check[DataSubject]):
    """Test rows whose inputs are those of a training row, whatever their targets."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "duplicate-across-test",
        "Training rows in the test file",
        "Rows of the training file that occur again in the test file: the model has seen the answer.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """One finding; its row numbers are those of the training file, the test file's are in the evidence."""
        test = subject.test_table
        if test is None:
            return NotApplicable(self.spec.code, "no test file is given")
        columns = [c.name for c in subject.inputs if c.kind is not Kind.ID and c.name in test.columns]
        if not columns or test.height == 0:
            return NotApplicable(self.spec.code, "the two files have no columns in common")
        known = subject.table.select(columns)
        train = known.hash_rows(seed=7)
        other = test.select(columns).cast(known.schema).hash_rows(seed=7)
        in_test = np.flatnonzero(other.is_in(train.implode()).to_numpy())
        in_train = np.flatnonzero(train.is_in(other.unique().implode()).to_numpy())
        by_chance = test.height * -np.expm1(-subject.table.height * chance_of_equal(subject.table, columns))
        if len(in_test) == 0 or len(in_test) <= 20 * by_chance:
            return []
        share = len(in_test) / test.height
        return [
            Finding(
                self.spec.code,
                self._severity(share),
                f"{counted(len(in_test), 'test row')} ({share:.1%}), the inputs exactly those of a training row.",
                rows=shown(in_train),
                why="On these rows the test score measures memory, not what the model has learned.",
                advice="Remove the copies from the test file or from the training file.",
                evidence={"share_of_test": round(share, 6), "test_rows": list(shown(in_test))},
            )
        ]

    def _severity(self, share: float) -> Severity:
        if share >= _LARGE_SHARE:
            return Severity.ERROR
        return Severity.WARNING if share >= _SMALL_SHARE else Severity.NOTE
