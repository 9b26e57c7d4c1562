"""A test score that validation did not promise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.evaluation.checks.base import TrainedSubject, standard_error

_SURE = 3.0


class ValidationTestGap(Check[TrainedSubject]):
    """Validation and test differ by more than three standard errors."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "validation-test-gap",
        "Validation and test disagree",
        "The test score lies outside what validation promised, beyond chance.",
    )

    def run(self, subject: TrainedSubject) -> Sequence[Finding] | NotApplicable:
        """One finding: a warning where the test is worse, a note where it is better."""
        validation, test = subject.validation, subject.test
        if validation is None or test is None:
            return NotApplicable(self.spec.code, "there is no validation or no test score")
        gap = subject.gain(validation, test)
        error = float(np.hypot(standard_error(validation), standard_error(test)))
        inside = validation.low <= test.value <= validation.high
        if inside or abs(gap) <= _SURE * error:
            return []
        worse = gap > 0
        return [
            Finding(
                self.spec.code,
                Severity.WARNING if worse else Severity.NOTE,
                f"{subject.task.metric} is {test.value:.4g} on the test rows, "
                f"{'worse' if worse else 'better'} than validation promised "
                f"({validation.value:.4g}, interval {validation.low:.4g} to {validation.high:.4g}).",
                why="Either the test rows are of another kind (time, place, customers), or validation was too kind: "
                "leakage, or a search that has fitted the folds."
                if worse
                else "The test rows are easier than those of training, or hold copies of them: use may not be so kind.",
                advice="Believe the test score. Look at the findings on shift, order and groups; validate as the test "
                "was made (--time, --group)."
                if worse
                else "Count on what validation says. Look at the findings on training rows in the test file and on "
                "shift.",
                evidence={"gap": gap, "standard_error": error},
            )
        ]
