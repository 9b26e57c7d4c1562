"""Classes with too few rows to learn and to test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.data.checks.base import DataSubject, counted, shown
from sevenfold.data.checks.class_counts import class_counts

RARE = 20
"""Rows below which a class can hardly be learned."""


class RareClasses(Check[DataSubject]):
    """Classes with fewer than 20 rows."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "rare-classes",
        "Rare classes",
        "Classes with fewer than 20 rows: too few to learn them, and far too few to say how well.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """One finding for all of them."""
        counts = class_counts(subject)
        if counts is None or subject.target is None:
            return NotApplicable(self.spec.code, "the target has no classes")
        rare = {name: count for name, count in counts.items() if count < RARE}
        if not rare:
            return []
        codes = [code for code, count in enumerate(counts.values()) if count < RARE]
        rows = subject.labelled_rows[np.isin(subject.target.codes, codes)]
        listed = ", ".join(f"{name!r} ({counted(count, 'row')})" for name, count in list(rare.items())[:8])
        return [
            Finding(
                self.spec.code,
                Severity.WARNING,
                f"{counted(len(rare), 'class')} with fewer than {RARE} rows: {listed}.",
                (subject.task.target,) if subject.task else (),
                shown(rows),
                why="What the model says about such a class is hardly more than chance, and its score is, too.",
                advice="Collect more rows of it, join it to a kindred class, or leave it out.",
                evidence={"counts": {str(name): count for name, count in rare.items()}},
            )
        ]
