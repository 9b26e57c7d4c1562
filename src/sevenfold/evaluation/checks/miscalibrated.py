"""Probabilities that do not mean what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.arrays import Flags, Floats
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.evaluation.checks.base import TrainedSubject

_MATTERS = 0.03
_BINS = 15
_DRAWS = 40
_SURE = 4.0  # standard deviations of what chance shows


class Miscalibrated(Check[TrainedSubject]):
    """An expected calibration error above 3 points, and above what right probabilities would show by chance."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "miscalibrated",
        "Miscalibrated probabilities",
        "Among rows given 80 %, far more or fewer than 80 % come true: thresholds and costs then mislead.",
    )

    def run(self, subject: TrainedSubject) -> Sequence[Finding] | NotApplicable:
        """One finding."""
        judged = subject.judged
        if judged is None or not judged.target.goal.is_classification:
            return NotApplicable(self.spec.code, "there are no probabilities")
        if len(judged.rows) < 100:
            return NotApplicable(self.spec.code, "fewer than 100 rows were validated")
        if judged.predictions.shape[1] == 2:
            stated, came_true = judged.predictions[:, 1], judged.target.codes == 1
        else:
            stated, came_true = judged.predictions.max(axis=1), judged.decided == judged.target.codes
        error = _calibration_error(stated, came_true)
        stream = subject.streams.generator("checks", "miscalibrated")
        draws = [_calibration_error(stated, stream.random(len(stated)) < stated) for _ in range(_DRAWS)]
        by_chance = float(np.mean(draws) + _SURE * np.std(draws))
        told = error if subject.calibration_error is None else subject.calibration_error
        if min(error, told) < _MATTERS or error <= by_chance:
            return []
        bias = float(stated.mean() - came_true.mean())
        direction = "too high" if bias > 0 else "too low"
        return [
            Finding(
                self.spec.code,
                Severity.WARNING,
                f"The expected calibration error is {told:.3f} (right probabilities would show up to {by_chance:.3f}); "
                f"on average they are {abs(bias):.1%} {direction}.",
                why="Decisions by threshold or cost take probabilities at their word.",
                advice="Decide by rank, or set thresholds anew on recent rows whose outcome is known: what can be "
                "corrected out of fold has been.",
                evidence={
                    "calibration_error": round(error, 6),
                    "by_chance": round(by_chance, 6),
                    "bias": round(bias, 6),
                },
            )
        ]


def _calibration_error(stated: Floats, came_true: Flags) -> float:
    """Average gap between stated and realised share over bins of equal width. Source: Guo et al. 2017, equation 3."""
    bins = np.minimum((stated * _BINS).astype(np.int64), _BINS - 1)
    gaps = np.bincount(bins, weights=stated - came_true, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(stated))
