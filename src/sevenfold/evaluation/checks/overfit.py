"""A score on the training rows that validation does not bear out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.evaluation.checks.base import TrainedSubject, standard_error

_SURE = 4.0  # standard errors
_MOST_LOST = 0.5


class Overfit(Check[TrainedSubject]):
    """More than half of what the model gains over the baseline on its training rows is lost on others."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "overfit",
        "Overfitting",
        "The score on the training rows is far above that of validation: the model has learned the rows by heart.",
    )

    def run(self, subject: TrainedSubject) -> Sequence[Finding] | NotApplicable:
        """One finding; a note, since trees learn rows by heart and may still be the best."""
        train, validation, baseline = subject.train, subject.validation, subject.baseline
        if train is None or validation is None or baseline is None:
            return NotApplicable(
                self.spec.code, "the scores of training rows, validation and baseline are not all known"
            )
        seeming = subject.gain(train, baseline)
        lost = subject.gain(train, validation)
        noise = standard_error(validation)
        if len(subject.fold_losses) > 1:
            noise = max(noise, float(np.std(subject.fold_losses, ddof=1)))
        if seeming <= 0 or lost <= _SURE * noise or lost <= _MOST_LOST * seeming:
            return []
        useless = subject.gain(validation, baseline) <= 0
        return [
            Finding(
                self.spec.code,
                Severity.WARNING if useless or lost > 0.9 * seeming else Severity.NOTE,
                f"{subject.task.metric} is {train.value:.4g} on the training rows and {validation.value:.4g} on "
                f"validation: {lost / seeming:.0%} of the gain over the baseline ({baseline.value:.4g}) is lost.",
                why="What the model gained on its own rows it does not carry to new ones.",
                advice="Prefer stronger regularisation or a simpler model; more rows help most.",
                evidence={"train": train.value, "validation": validation.value, "lost": round(lost / seeming, 4)},
            )
        ]
