"""Folds that disagree so much that their mean says little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.evaluation.checks.base import TrainedSubject

_FEWEST = 3
_LIKE_THE_GAIN = 0.5
_LIKE_THE_LOSS = 0.3


class UnstableFolds(Check[TrainedSubject]):
    """The folds' standard deviation is more than half of the gain over the baseline."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "unstable-folds",
        "Unstable folds",
        "The model does well on some folds and badly on others: which one use will be like is not known.",
    )

    def run(self, subject: TrainedSubject) -> Sequence[Finding] | NotApplicable:
        """One finding."""
        losses = np.array(subject.fold_losses)
        if len(losses) < _FEWEST or not np.isfinite(losses).all():
            return NotApplicable(self.spec.code, f"fewer than {_FEWEST} folds were scored")
        spread = float(losses.std(ddof=1))
        if subject.validation is not None and subject.baseline is not None:
            gain = subject.gain(subject.validation, subject.baseline)
            unstable = spread > _LIKE_THE_GAIN * gain if gain > 0 else False
            against = f"the gain over the baseline is {gain:.4g}"
        else:
            unstable = spread > _LIKE_THE_LOSS * abs(float(losses.mean()))
            against = f"their mean is {losses.mean():.4g}"
        if not unstable:
            return []
        worst = int(losses.argmax())
        return [
            Finding(
                self.spec.code,
                Severity.WARNING,
                f"The {len(losses)} folds' losses spread by {spread:.4g} ("
                f"{losses.min():.4g} to {losses.max():.4g}), while {against}; fold {worst} is the worst.",
                why="The mean over such folds is mostly a matter of which rows fell where.",
                advice="Add rows, repeat the folds, and see what sets the worst fold apart: a period, a group.",
                evidence={"losses": [float(loss) for loss in losses], "spread": spread},
            )
        ]
