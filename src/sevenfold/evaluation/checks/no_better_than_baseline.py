"""A model that a constant, or a straight line, does as well as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Score, Severity
from sevenfold.evaluation.checks.base import TrainedSubject


class NoBetterThanBaseline(Check[TrainedSubject]):
    """Validation or test not beyond the baseline, by value or within the interval."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "no-better-than-baseline",
        "No better than a baseline",
        "The model is not better than predicting a constant, or than a plain linear model: it is not worth deploying.",
    )

    def run(self, subject: TrainedSubject) -> Sequence[Finding] | NotApplicable:
        """At most one finding: against the constant, or else against the linear model."""
        part, score, baseline, linear = "test", subject.test, subject.baseline_test, subject.linear_test
        if score is None or baseline is None:
            part, score, baseline, linear = "validation", subject.validation, subject.baseline, subject.linear
        if score is None or baseline is None:
            return NotApplicable(self.spec.code, "there is no score, or none of the baseline")
        gain = subject.gain(score, baseline)
        if gain <= 0 or _reached(score, baseline, subject.greater_is_better):
            return [self._of(subject, score, baseline, "the constant baseline", part, gain <= 0)]
        if linear is not None and subject.gain(score, linear) <= 0:
            return [self._of(subject, score, linear, "a plain linear model", part, None)]
        return []

    def _of(
        self, subject: TrainedSubject, score: Score, other: Score, name: str, part: str, worse: bool | None
    ) -> Finding:
        severity = {True: Severity.ERROR, False: Severity.WARNING, None: Severity.NOTE}[worse]
        how = "lies within the interval of" if worse is False else "is not worse than"
        return Finding(
            self.spec.code,
            severity,
            f"On {part}, {name} ({other.value:.4g}) {how} the model ({subject.task.metric} {score.value:.4g}, "
            f"interval {score.low:.4g} to {score.high:.4g}).",
            why="What a constant or a line does as well needs no model of this size, and may have no signal at all.",
            advice="Look for columns that say more about the target, or deploy the simpler one.",
            evidence={"score": score.value, "other": other.value, "part": part},
        )


def _reached(score: Score, other: Score, greater_is_better: bool) -> bool:
    """Whether the other's value lies within the interval of the score."""
    return other.value >= score.low if greater_is_better else other.value <= score.high
