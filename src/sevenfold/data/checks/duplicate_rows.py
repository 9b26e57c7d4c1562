"""Rows that occur more than once, and equal inputs with different targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.dataset import Kind
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.data.checks.base import DataSubject, shown
from sevenfold.data.checks.chance import more_than_chance


class DuplicateRows(Check[DataSubject]):
    """Exact copies, ids left aside; repetition that coarse columns explain by chance is no finding."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "duplicate-rows",
        "Duplicate rows",
        "Rows that occur more than once, and equal inputs with different targets: copies on both sides of a split "
        "flatter the score.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """Copies as one finding, contradictions as another."""
        inputs = [c.name for c in subject.inputs if c.kind is not Kind.ID]
        if len(inputs) < 1 or subject.table.height < 2:
            return NotApplicable(self.spec.code, "there are no inputs to compare")
        findings = []
        target = subject.task.target if subject.task else None
        whole = [*inputs, target] if target is not None and target in subject.table.columns else inputs
        hashes = subject.table.select(whole).hash_rows(seed=7)
        copies = np.flatnonzero(~hashes.is_first_distinct().to_numpy())
        if len(copies) and more_than_chance(subject.table, whole, hashes):
            share = len(copies) / subject.table.height
            findings.append(
                Finding(
                    self.spec.code,
                    Severity.WARNING if share >= 0.01 else Severity.NOTE,
                    f"{len(copies):,} rows ({share:.1%}) are exact copies of an earlier row.",
                    rows=shown(copies),
                    why="Copies count double in training, and one on the other side of a split gives an answer away.",
                    advice="Remove copies that are errors of collection; those that new rows will repeat as well may "
                    "stay. What the score owes to them is told after training.",
                    evidence={"copies": len(copies), "share": round(share, 6)},
                )
            )
        if target in subject.table.columns and len(whole) > len(inputs):
            findings.extend(self._contradictions(subject, inputs))
        return findings

    def _contradictions(self, subject: DataSubject, inputs: list[str]) -> list[Finding]:
        if subject.target is None or not subject.target.goal.is_classification:
            return []
        labelled = subject.labelled_rows
        hashes = subject.input_hashes[labelled]
        repeated = np.flatnonzero(hashes.is_duplicated().to_numpy())
        if len(repeated) == 0 or not more_than_chance(subject.table, inputs, subject.input_hashes):
            return []
        _, numbers = np.unique(hashes[repeated].to_numpy(), return_inverse=True)
        codes = subject.target.codes[repeated]
        kinds = np.unique(np.stack([numbers.reshape(-1), codes], axis=1), axis=0)
        contradicted = np.bincount(kinds[:, 0]) > 1
        rows = labelled[repeated[contradicted[numbers.reshape(-1)]]]
        if len(rows) == 0:
            return []
        return [
            Finding(
                self.spec.code,
                Severity.WARNING if len(rows) >= 0.01 * len(labelled) else Severity.NOTE,
                f"{len(rows):,} rows have the same inputs as another row but a different target.",
                rows=shown(rows),
                why="No model can be right about both; some of these targets may be wrong.",
                advice="Compare these rows: correct wrong targets, or add a column that tells them apart.",
                evidence={"contradicting": len(rows)},
            )
        ]
