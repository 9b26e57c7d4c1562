"""Classes of very different size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.data.checks.base import DataSubject
from sevenfold.data.checks.class_counts import class_counts
from sevenfold.data.checks.rare_classes import RARE

_UNEVEN = 0.1


class ClassImbalance(Check[DataSubject]):
    """For two classes a smaller one below 10 %; for more, one of less than a tenth of an even share.

    Of more than two, those with fewer than 20 rows are left to the check on rare classes.
    """

    spec: ClassVar[CheckSpec] = CheckSpec(
        "class-imbalance",
        "Class imbalance",
        "One class is far rarer than another: accuracy then rewards never predicting it.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """One finding."""
        counts = class_counts(subject)
        if counts is None or subject.task is None:
            return NotApplicable(self.spec.code, "the target has no classes")
        total = sum(counts.values())
        told = {name: count for name, count in counts.items() if count >= RARE} if len(counts) > 2 else counts
        if not told:
            return []  # the check on rare classes says it of each
        smallest = min(told, key=lambda name: told[name])
        share = counts[smallest] / total
        limit = _UNEVEN if len(counts) <= 2 else _UNEVEN / len(counts)
        if share >= limit:
            return []
        return [
            Finding(
                self.spec.code,
                Severity.WARNING if share < limit / 10 else Severity.NOTE,
                f"Class {smallest!r} of '{subject.task.target}' has {counts[smallest]:,} of {total:,} rows "
                f"({share:.2%}).",
                (subject.task.target,),
                why=f"Never predicting it is right {1 - share:.1%} of the time: accuracy says little here."
                if len(counts) <= 2
                else "What is scored over all rows hardly shows how this class fares.",
                advice="Judge by average precision, ROC AUC or costs (--metric, or costs in the plan). Weights and the "
                "decision threshold are set for it; resampling would spoil the probabilities.",
                evidence={"counts": {str(name): count for name, count in counts.items()}},
            )
        ]
