"""Whether the order of the rows, or a running number, tells the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.dataset import Kind
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.data.checks.base import DataSubject, listed
from sevenfold.data.checks.id_columns import numeric_key
from sevenfold.data.distances import as_numbers
from sevenfold.data.split.order import row_order_findings, trend
from sevenfold.data.statistics import rank_correlation

_EFFECT = 0.003
_SURE = 1e-6
_FOLLOWS = 0.9


class OrderLeakage(Check[DataSubject]):
    """Neighbouring rows with alike targets, and keys along which the target drifts."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "order-leakage",
        "The order of the rows tells the target",
        "Targets that follow the order of the rows or a running number: the data have an order that a random split "
        "ignores.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """A finding for the order of the rows, and one for each key."""
        if subject.target is None or subject.task is None:
            return NotApplicable(self.spec.code, "no target is named")
        if subject.time_column is not None:
            return NotApplicable(self.spec.code, f"the split is by time, along '{subject.time_column}'")
        rows, target = subject.labelled_rows, subject.target
        findings: list[Finding] = []
        by_order = subject.split is not None and subject.split.strategy == "time"
        if not subject.date_findings and not by_order:
            # Copies stay on one side of a split: that they stand together gives nothing away.
            first = np.flatnonzero(np.isin(rows, subject.distinct_rows, assume_unique=True))
            findings.extend(row_order_findings(target.take(first), rows[first]))
        keys = [column for column in subject.schema if column.name == subject.task.id]
        for column in (*subject.columns, *keys):
            if column.kind not in (Kind.NUMBER, Kind.ID):
                continue
            if column.name not in subject.table_names:
                continue
            values = subject.table.get_column(column.name)
            if column.kind is Kind.ID:
                import polars as pl

                values = values.cast(pl.Float64, strict=False)
            numbers = as_numbers(values)
            if not numeric_key(column.name, numbers[subject.distinct_rows]):
                continue
            followed = self._followed(column.name, numbers, subject)
            if any(name in finding.columns for finding in subject.date_findings for name in followed):
                continue  # the check on time says it of the date itself
            effect, p_value = trend(target, np.argsort(numbers[rows], kind="stable").astype(np.int64))
            if effect >= _EFFECT and p_value < _SURE:
                aside = not column.used or column.name == subject.task.id
                findings.append(self._of_key(column.name, effect, p_value, aside))
            elif followed:
                findings.append(self._of_order(column.name, followed))
        return findings

    def _followed(self, key: str, numbers: Floats, subject: DataSubject) -> list[str]:
        """Dates and numbers that rise or fall with a key."""
        followed = []
        for column in subject.columns:
            if column.name == key or column.kind not in (Kind.NUMBER, Kind.DATE):
                continue
            values = as_numbers(subject.table.get_column(column.name))[subject.sample.rows]
            present = ~np.isnan(values)
            if present.mean() < 0.9 or len(np.unique(values[present])) < 3:
                continue
            if abs(rank_correlation(numbers[subject.sample.rows][present], values[present])) >= _FOLLOWS:
                followed.append(column.name)
        return followed

    def _of_order(self, key: str, followed: list[str]) -> Finding:
        return Finding(
            self.spec.code,
            Severity.NOTE,
            f"The key '{key}' rises or falls with {listed(followed)}.",
            (key, *followed),
            why="The rows have an order, perhaps that of time, though the target does not drift along it.",
            advice=f"Do not learn from '{key}'; if it follows time, --time {followed[0]} shows whether later rows are "
            "harder.",
        )

    def _of_key(self, name: str, effect: float, p_value: float, aside: bool) -> Finding:
        sure = f"p {p_value:.0e}" if p_value >= 1e-99 else "p below 1e-99"
        first = "It is set aside already" if aside else f"Leave it out with --drop {name}"
        return Finding(
            self.spec.code,
            Severity.WARNING,
            f"The target changes along the key '{name}': its twentieths explain {effect:.1%} of the target's variance "
            f"({sure}).",
            (name,),
            why="The key follows an order, mostly that of time. A random split lets the model fill gaps between known "
            "rows; in use, new keys lie beyond all known ones.",
            advice=f"{first}; if it follows time, split by it with --time {name}.",
            evidence={"effect": round(effect, 6), "p_value": p_value},
        )
