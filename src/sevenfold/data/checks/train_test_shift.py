"""Columns distributed otherwise in the test file than in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sevenfold.core.dataset import Column, Kind
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.data.checks.base import DataSubject, as_numbers

if TYPE_CHECKING:
    import polars as pl

_EFFECT = 0.1
_SURE = 1e-4
_ROWS = 20_000
_FEWEST = 50
_LEVELS = 100


class TrainTestShift(Check[DataSubject]):
    """Kolmogorov-Smirnov distance for numbers, total variation for categories; large and beyond chance."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "train-test-shift",
        "Training and test differ",
        "Columns, the target among them, that are distributed otherwise in the test file: validation then promises "
        "what the test does not keep.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """One finding with every column that differs, the most different first."""
        test = subject.test_table
        if test is None:
            return NotApplicable(self.spec.code, "no test file is given")
        if test.height < _FEWEST or subject.table.height < _FEWEST:
            return NotApplicable(self.spec.code, f"one of the files has fewer than {_FEWEST} rows")
        target = subject.task.target if subject.task else None
        inputs = {column.name for column in subject.inputs}
        columns = [
            c
            for c in subject.schema
            if (c.name in inputs or c.name == target)
            and c.name in subject.test_names
            and c.name in subject.table_names
            and c.kind in (Kind.NUMBER, Kind.CATEGORY, Kind.FLAG)
        ]
        generator = subject.streams.generator("audit", "shift")
        left = _some(subject.table, generator)
        right = _some(test, generator)
        shifts: dict[str, float] = {}
        for column in columns:
            effect, p_value = _distance(column, left.get_column(column.name), right.get_column(column.name))
            if effect >= _EFFECT and p_value * len(columns) < _SURE:
                shifts[column.name] = effect
        if not shifts:
            return []
        ordered = sorted(shifts, key=lambda name: -shifts[name])
        listed = ", ".join(f"'{name}' {shifts[name]:.2f}" for name in ordered[:8])
        return [
            Finding(
                self.spec.code,
                Severity.WARNING,
                f"{len(ordered)} of {len(columns)} columns are distributed otherwise in the test file "
                f"(distance from 0 to 1): {listed}.",
                tuple(ordered),
                why="The test rows are not drawn as the training rows were: the two scores will differ, and the test "
                "score is the one to believe if use is like the test.",
                advice="If the test rows come later in time, split by time; if not, find out how the files were made.",
                evidence={name: round(shifts[name], 4) for name in ordered},
            )
        ]


def _some(table: pl.DataFrame, generator: np.random.Generator) -> pl.DataFrame:
    if table.height <= _ROWS:
        return table
    return table[np.sort(generator.choice(table.height, _ROWS, replace=False))]


def _distance(column: Column, left: pl.Series, right: pl.Series) -> tuple[float, float]:
    """Distance in [0, 1], less what chance alone would give, and its p-value."""
    from scipy import stats

    if column.kind is Kind.NUMBER:
        one, other = as_numbers(left), as_numbers(right)
        one, other = one[~np.isnan(one)], other[~np.isnan(other)]
        if len(one) < _FEWEST or len(other) < _FEWEST:
            return 0.0, 1.0
        result = stats.ks_2samp(one, other, method="asymp")
        return float(result.statistic), float(result.pvalue)
    return _variation(left.drop_nulls(), right.drop_nulls())


def _variation(left: pl.Series, right: pl.Series) -> tuple[float, float]:
    from scipy import stats

    if len(left) < _FEWEST or len(right) < _FEWEST:
        return 0.0, 1.0
    hashes = np.concatenate([left.hash(seed=7).to_numpy(), right.hash(seed=7).to_numpy()])
    _, codes = np.unique(hashes, return_inverse=True)
    codes = codes.reshape(-1)
    size = int(codes.max()) + 1
    one = np.bincount(codes[: len(left)], minlength=size).astype(np.float64)
    other = np.bincount(codes[len(left) :], minlength=size).astype(np.float64)
    order = np.argsort(-(one + other), kind="stable")
    kept, rest = order[:_LEVELS], order[_LEVELS:]
    one = np.append(one[kept], one[rest].sum())
    other = np.append(other[kept], other[rest].sum())
    filled = one + other > 0
    one, other = one[filled], other[filled]
    if len(one) < 2:
        return 0.0, 1.0
    pooled = (one + other) / (one + other).sum()
    chance = float((np.sqrt(pooled * (1 - pooled) * (1 / one.sum() + 1 / other.sum()))).sum()) * 0.4
    distance = float(np.abs(one / one.sum() - other / other.sum()).sum()) / 2
    p_value = float(stats.chi2_contingency(np.stack([one, other]))[1])
    return max(0.0, distance - chance), p_value
