"""A score that rests in part on rows whose copies the model has learned from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.dataset import Kind
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.evaluation.checks.base import TrainedSubject

_FEWEST_ROWS = 30  # on either side
_SURE = 2.6  # standard errors: one chance in a hundred
_MATTERS = 0.02  # of the loss, by which the score on rows that occur once is worse


class FlatteredByCopies(Check[TrainedSubject]):
    """Rows that occur once are predicted worse than the average row, beyond chance.

    Copies of a row fall on both sides of a split by chance. If new data repeat known rows as often, the score told is
    right; if copies are errors of collection, only the loss on rows that occur once is.
    """

    spec: ClassVar[CheckSpec] = CheckSpec(
        "flattered-by-copies",
        "Score flattered by copies",
        "Part of the score comes from rows that the model has learned by heart: copies of rows it is judged on.",
    )

    def run(self, subject: TrainedSubject) -> Sequence[Finding] | NotApplicable:
        """One finding."""
        judged = subject.judged
        if judged is None or subject.table is None or subject.schema is None:
            return NotApplicable(self.spec.code, "there are no out-of-fold predictions")
        columns = [
            c.name
            for c in subject.schema
            if c.used and c.kind is not Kind.ID and c.name != subject.task.target and c.name in subject.table.columns
        ]
        if not columns:
            return NotApplicable(self.spec.code, "there are no inputs to compare")
        copied = subject.table.select(columns).hash_rows(seed=7).is_duplicated().to_numpy()[judged.rows]
        once, again = judged.losses[~copied], judged.losses[copied]
        if min(len(once), len(again)) < _FEWEST_ROWS:
            return []
        error = float(np.sqrt(once.var() / len(once) + again.var() / len(again)))
        whole, alone = float(judged.losses.mean()), float(once.mean())
        if alone - float(again.mean()) <= _SURE * error or alone <= whole * (1 + _MATTERS):
            return []
        measure = "Brier score" if judged.target.goal.is_classification else "mean absolute error"
        share = len(again) / len(judged.losses)
        return [
            Finding(
                self.spec.code,
                Severity.WARNING,
                f"{share:.1%} of the rows share their inputs with others. The {measure} is {whole:.4g} on all rows "
                f"and {alone:.4g} on those that occur once.",
                why="If new rows will not repeat known ones, expect the second figure.",
                advice="Remove copies that are errors of collection, or give copies a common value in a column and "
                "name it with --group: they then stay on one side of every split.",
                evidence={"share": round(share, 6), "loss": round(whole, 6), "loss_once": round(alone, 6)},
            )
        ]
