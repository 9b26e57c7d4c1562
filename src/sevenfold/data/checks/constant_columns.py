"""Columns with one value, or with next to no other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.arrays import Flags
from sevenfold.core.dataset import Kind
from sevenfold.core.report import Check, CheckSpec, Finding, Severity
from sevenfold.core.task import Target
from sevenfold.data.checks.base import DataSubject, listed
from sevenfold.data.statistics import independence, rank_sum

_NEAR = 0.995


class ConstantColumns(Check[DataSubject]):
    """Constant columns, and near-constant ones whose rare values do not tell the target."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "constant-columns",
        "Constant and near-constant columns",
        "Columns that hold one value in all, or nearly all, rows: nothing can be learned from them.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding]:
        """One finding for constant columns, one for near-constant ones."""
        constant: list[str] = []
        near: dict[str, float] = {}
        rows = subject.table.height
        if rows < 2:
            return []
        for column in subject.columns:
            if column.kind in (Kind.IMAGE, Kind.SEQUENCE):
                continue
            values = subject.table.get_column(column.name)
            commonest = values.hash(seed=7).value_counts(sort=True, name="rows")
            most = int(commonest["rows"][0])
            if most == rows:
                constant.append(column.name)
            elif most >= _NEAR * rows and rows >= 200:
                rare = (values.hash(seed=7) != commonest[values.name][0]).to_numpy()
                if not self._tells(rare, subject):
                    near[column.name] = most / rows
        findings = []
        if constant:
            findings.append(
                Finding(
                    self.spec.code,
                    Severity.NOTE,
                    f"{listed(constant)}: one value in all rows.",
                    tuple(constant),
                    why="A column that never changes cannot help to predict.",
                    advice="Nothing need be done; leave it out, or find out why it never changes.",
                )
            )
        if near:
            worst = ", ".join(f"'{name}' {share:.2%}" for name, share in list(near.items())[:6])
            findings.append(
                Finding(
                    self.spec.code,
                    Severity.NOTE,
                    f"Nearly constant, share of the commonest value: {worst}.",
                    tuple(near),
                    why="A handful of other values is too few to learn from and invites chance patterns.",
                    advice="Leave it out unless the rare values matter to you.",
                    evidence={name: round(share, 6) for name, share in near.items()},
                )
            )
        return findings

    def _tells(self, rare: Flags, subject: DataSubject) -> bool:
        """Whether rows with a rare value differ in target beyond doubt."""
        if subject.target is None:
            return False
        chosen = rare[subject.labelled_rows]
        target: Target = subject.target
        if not 5 <= chosen.sum() < len(chosen):
            return False
        if target.goal.is_classification:
            table = np.stack(
                [
                    np.bincount(target.codes[chosen], minlength=target.classes),
                    np.bincount(target.codes[~chosen], minlength=target.classes),
                ]
            )
            return independence(table[:, table.sum(axis=0) > 0].astype(np.float64)) < 1e-4
        return rank_sum(target.values[chosen], target.values[~chosen]) < 1e-4
