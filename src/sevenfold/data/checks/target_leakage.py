"""Columns that all but tell the target, by their values or by being missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.core.dataset import Column, Kind
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.core.task import Goal, Target
from sevenfold.data.checks.base import DataSubject
from sevenfold.data.checks.strength import bins_of, halves, strength
from sevenfold.data.distances import as_numbers
from sevenfold.data.statistics import correlation, rank_correlation

if TYPE_CHECKING:
    import polars as pl

_CERTAIN = {Goal.BINARY: 0.98, Goal.MULTICLASS: 0.98, Goal.REGRESSION: 0.99}
_SUSPECT = {Goal.BINARY: 0.65, Goal.MULTICLASS: 0.65, Goal.REGRESSION: 0.85}
_MISSING_CERTAIN, _MISSING_SUSPECT = 0.9, 0.4
_PURE, _CAPTURED = 0.995, 0.3
_EQUAL_SHARE = 0.2
_WHY = (
    "A column that is known only after the target, or is made from it, is not there when the model is used: "
    "the score is far too good, and use will not bear it out."
)


class TargetLeakage(Check[DataSubject]):
    """One column by itself that tells the target nearly perfectly, in all rows or in a part of them."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "target-leakage",
        "Columns that tell the target",
        "Single columns that all but tell the target, by value, in part of the rows, or by being missing: they are "
        "mostly recorded after it.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """A finding for each column."""
        if subject.learned is None or subject.target is None or subject.target.goal not in _CERTAIN:
            return NotApplicable(self.spec.code, "there is no target of classes or numbers")
        sample, target = subject.learned
        if len(target) < 100:
            return NotApplicable(self.spec.code, "fewer than 100 rows have a target: one column may fit by luck")
        half = halves(len(target), subject.streams.generator("audit", "leakage"))
        binned: dict[str, Ints] = {}
        powers: dict[str, float] = {}
        for column in subject.columns:
            if column.kind is Kind.ID:
                continue
            bins = bins_of(sample.table.get_column(column.name), column.kind)
            if bins is not None:
                binned[column.name] = bins
                powers[column.name] = max(
                    strength(bins, target, half), self._straight(column, sample.table.get_column(column.name), target)
                )
        findings = []
        for column in subject.columns:
            if column.name in binned:
                finding = (
                    self._by_value(column, powers, target, sample.note)
                    or self._by_missing(column, subject, target, half)
                    or self._by_part(column, binned[column.name], subject, target)
                )
                if finding is not None:
                    findings.append(finding)
        return findings

    def _straight(self, column: Column, values: pl.Series, target: Target) -> float:
        """Squared correlation with a numeric target, by value or by rank, which bins of few rows would blur."""
        if target.goal is not Goal.REGRESSION or column.kind is not Kind.NUMBER:
            return 0.0
        numbers = as_numbers(values)
        present = ~np.isnan(numbers)
        told, numbers = target.values[present], numbers[present]
        if len(numbers) < 0.9 * len(target) or numbers.std() == 0 or told.std() == 0:
            return 0.0
        by_value = correlation(numbers, told)
        by_rank = rank_correlation(numbers, told)
        return max(by_value**2, by_rank**2 if abs(by_rank) > 0.999 else 0.0)

    def _by_value(self, column: Column, powers: dict[str, float], target: Target, note: str) -> Finding | None:
        power = powers[column.name]
        others = [other for name, other in powers.items() if name != column.name and other < _CERTAIN[target.goal]]
        stands_out = (1 - power) < 0.5 * (1 - max(others, default=0.0))
        certain = power >= _CERTAIN[target.goal]
        if not certain and not (power >= _SUSPECT[target.goal] and stands_out):
            return None
        return Finding(
            self.spec.code,
            Severity.ERROR if certain else Severity.WARNING,
            f"'{column.name}' by itself tells the target: {_measured(power, target)}"
            + ("" if certain else f", where the next best column reaches {_measured(max(others, default=0.0), target)}")
            + f"{note}.",
            (column.name,),
            why=_WHY,
            advice=f"If '{column.name}' is not known before the target, leave it out: --drop {column.name}.",
            evidence={"strength": round(power, 6)},
        )

    def _by_missing(self, column: Column, subject: DataSubject, target: Target, half: Ints) -> Finding | None:
        assert subject.learned is not None
        sample = subject.learned[0]
        missing = sample.table.get_column(column.name).is_null().to_numpy()
        if not 20 <= missing.sum() <= len(missing) - 20:
            return None
        power = strength(missing.astype(np.int64), target, half)
        if power < _MISSING_SUSPECT:
            return None
        return Finding(
            self.spec.code,
            Severity.ERROR if power >= _MISSING_CERTAIN else Severity.WARNING,
            f"Whether '{column.name}' is missing tells the target: {_measured(power, target)}{sample.note}.",
            (column.name,),
            why="It seems to be filled in only after the target is known. " + _WHY,
            advice=f"If it is filled in later than the target, leave it out: --drop {column.name}.",
            evidence={"strength_of_missing": round(power, 6)},
        )

    def _by_part(self, column: Column, bins: Ints, subject: DataSubject, target: Target) -> Finding | None:
        assert subject.learned is not None
        sample = subject.learned[0]
        if target.goal is Goal.BINARY and column.kind in (Kind.CATEGORY, Kind.FLAG):
            counts = np.bincount(bins * 2 + target.codes, minlength=2 * (int(bins.max()) + 1)).reshape(-1, 2)
            for code in (0, 1):
                of_class = int((target.codes == code).sum())
                if of_class > 0.5 * len(target) or of_class < 100:
                    continue
                sizes = counts.sum(axis=1)
                pure = (sizes >= 50) & (counts[:, code] >= _PURE * sizes)
                captured = float(counts[pure, code].sum()) / of_class
                if captured >= _CAPTURED:
                    return self._part(
                        column, captured, f"settle the class of {captured:.0%} of the rows of the rarer class"
                    )
        if target.goal is Goal.REGRESSION and column.kind is Kind.NUMBER:
            values = as_numbers(sample.table.get_column(column.name))
            equal = float((values == target.values).mean())
            distinct, counts_of = np.unique(target.values, return_counts=True)
            commonest = float(counts_of.max()) / len(target)
            if equal >= _EQUAL_SHARE and len(distinct) >= 20 and equal > 3 * commonest:
                return self._part(column, equal, f"are equal to the target in {equal:.0%} of the rows")
        return None

    def _part(self, column: Column, share: float, what: str) -> Finding:
        return Finding(
            self.spec.code,
            Severity.WARNING,
            f"Some values of '{column.name}' {what}.",
            (column.name,),
            why=_WHY,
            advice=f"If '{column.name}' is not known before the target, leave it out: --drop {column.name}.",
            evidence={"share": round(share, 6)},
        )


def _measured(power: float, target: Target) -> str:
    if target.goal is Goal.BINARY:
        return f"ROC AUC {(power + 1) / 2:.3f}"
    if target.goal is Goal.MULTICLASS:
        return f"it removes {power:.1%} of the mistakes of guessing"
    return f"R² {power:.3f}"
