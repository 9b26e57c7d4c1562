"""One column that carries nearly all the model knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.evaluation.checks.base import TrainedSubject

_SUSPECT, _NEARLY_ALL = 0.8, 0.95
_FEWEST_COLUMNS = 4


class SingleColumnDominates(Check[TrainedSubject]):
    """One column has at least 80 % of the importance among four or more."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "single-column-dominates",
        "One column dominates",
        "Nearly all importance lies in one column: often a leak, always a dependence to know of.",
    )

    def run(self, subject: TrainedSubject) -> Sequence[Finding] | NotApplicable:
        """One finding."""
        positive = {name: max(0.0, value) for name, value in subject.importances.items()}
        total = sum(positive.values())
        if len(positive) < _FEWEST_COLUMNS or total <= 0:
            return NotApplicable(self.spec.code, f"fewer than {_FEWEST_COLUMNS} columns have a known importance")
        name = max(positive, key=lambda column: positive[column])
        share = positive[name] / total
        if share < _SUSPECT:
            return []
        return [
            Finding(
                self.spec.code,
                Severity.WARNING if share >= _NEARLY_ALL else Severity.NOTE,
                f"'{name}' carries {share:.0%} of the importance of {len(positive)} columns.",
                (name,),
                why="A column that decides alone is often recorded after the target; if it fails in use, so does all.",
                advice=f"Make sure that '{name}' is known before the target, and see what is left with --drop {name}.",
                evidence={"share": round(share, 6)},
            )
        ]
