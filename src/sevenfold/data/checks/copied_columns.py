"""Columns that say the same: equal, one-to-one renamed, or a multiple of one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.dataset import Column, Kind
from sevenfold.core.report import Check, CheckSpec, Finding, Severity
from sevenfold.data.checks.base import DataSubject, listed
from sevenfold.data.distances import as_numbers
from sevenfold.data.split.units import first_seen

if TYPE_CHECKING:
    import polars as pl

_STRAIGHT = 0.999
_SAME_ORDER = 0.99999
_LIKELY = 0.8
_LINE_ROWS = 20_000
_MOSTLY = 0.95
_FEWEST_ROWS = 50
_FEWEST_MINOR = 5


class CopiedColumns(Check[DataSubject]):
    """Groups of columns each of which can be told from the others."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "copied-columns",
        "Columns that say the same",
        "Columns that are equal, rename each other's values, or rise together on one line: they split importance "
        "between them and unsettle linear models.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding]:
        """A finding for each group of columns."""
        if subject.table.height < _FEWEST_ROWS:
            return []
        renamed = self._renamed(subject)
        straight = self._straight(subject, {name for group in renamed for name in group[1:]})
        findings = [
            self._finding(group, "rename each other's values one to one", subject.sample.note) for group in renamed
        ]
        findings += [self._finding(group, "lie on one line", subject.sample.note) for group in straight]
        return findings

    def _finding(self, group: Sequence[str], how: str, note: str) -> Finding:
        return Finding(
            self.spec.code,
            Severity.NOTE,
            f"{listed(group)} {how}{note}.",
            tuple(group),
            why="One of them says all: together they split their importance and unsettle linear models.",
            advice=f"Keep one, for instance with --drop {','.join(group[1:])}.",
        )

    def _renamed(self, subject: DataSubject) -> list[list[str]]:
        by_signature: dict[bytes, list[str]] = {}
        for column in subject.columns:
            signature = self._signature(column, subject.sample.table.get_column(column.name))
            if signature:
                by_signature.setdefault(signature, []).append(column.name)
        groups: list[list[str]] = []
        for names in by_signature.values():
            if len(names) > 1:
                patterns: dict[bytes, list[str]] = {}
                for name in names:
                    patterns.setdefault(_pattern(subject.table.get_column(name)), []).append(name)
                groups.extend(group for group in patterns.values() if len(group) > 1)
        return groups

    def _signature(self, column: Column, values: pl.Series) -> bytes:
        """Sizes of the groups of equal values: columns that rename each other have the same. Empty where not asked."""
        if column.kind in (Kind.IMAGE, Kind.SEQUENCE):
            return b""
        counts = values.hash(seed=7).value_counts(sort=False).get_column("count").to_numpy()
        if len(counts) < 2 or len(values) - counts.max() < _FEWEST_MINOR:
            return b""
        if len(counts) > 0.9 * len(values) and column.kind is not Kind.NUMBER:
            return b""  # keys rename each other by nature
        if len(counts) > 0.5 * len(values):
            return b""  # measured numbers: the straight line decides
        return np.sort(counts).tobytes()

    def _straight(self, subject: DataSubject, skip: set[str]) -> list[list[str]]:
        names: list[str] = []
        arrays: list[Floats] = []
        step = 1 + subject.sample.table.height // _LINE_ROWS
        for column in subject.columns:
            if column.kind is Kind.NUMBER and column.name not in skip:
                values = as_numbers(subject.sample.table.get_column(column.name))[::step]
                if np.unique(values[~np.isnan(values)]).size > 2:
                    names.append(column.name)
                    arrays.append(values)
        if len(names) < 2:
            return []
        ranked = _correlations([_ranks(values) for values in arrays])
        related = (_correlations(arrays) > _STRAIGHT) | (ranked > _SAME_ORDER)
        close = ranked > _LIKELY
        for left, right in zip(*np.nonzero(np.triu(close & ~related, 1)), strict=True):
            related[left, right] = _mostly_line(arrays[left], arrays[right])
        groups: list[list[str]] = []
        taken: set[int] = set()
        for left in range(len(names)):
            members = [i for i in range(left, len(names)) if related[left, i] and i not in taken]
            if left not in taken and len(members) > 1:
                taken.update(members)
                groups.append([names[i] for i in members])
        return groups


def _pattern(values: pl.Series) -> bytes:
    """The column with its values renumbered by first appearance: equal for columns that rename each other."""
    return first_seen(values.hash(seed=7).to_numpy()).tobytes()


def _mostly_line(left: Floats, right: Floats) -> bool:
    """Whether nearly all rows lie on one line, the others being slips: by the median slope of neighbouring rows."""
    present = ~np.isnan(left) & ~np.isnan(right)
    x, y = left[present], right[present]
    if len(x) < _FEWEST_ROWS or len(np.unique(x)) < 0.1 * len(x):
        return False
    half = len(x) // 2
    run, rise = x[half : 2 * half] - x[:half], y[half : 2 * half] - y[:half]
    moved = run != 0
    slope = float(np.median(rise[moved] / run[moved])) if moved.any() else 0.0
    rest = y - slope * x
    spread = float(np.quantile(y, 0.75) - np.quantile(y, 0.25))
    return slope != 0 and spread > 0 and float((np.abs(rest - np.median(rest)) <= 1e-3 * spread).mean()) >= _MOSTLY


def _ranks(values: Floats) -> Floats:
    """Ranks, ties at their mean, NaN where missing."""
    import polars as pl

    return pl.Series(values, nan_to_null=True).rank("average").fill_null(float("nan")).to_numpy()


def _correlations(arrays: list[Floats]) -> Floats:
    """(columns, columns) absolute correlations over rows where both are present, for columns missing in the same rows;
    0 where the two are missing in too different rows."""
    values = np.stack(arrays, axis=1)
    missing = np.isnan(values)
    present = (~missing).astype(np.float64)
    means = np.array([column[~np.isnan(column)].mean() for column in arrays])
    spreads = np.array([column[~np.isnan(column)].std() for column in arrays])
    spreads[spreads == 0] = np.inf
    scaled = np.where(missing, 0.0, (np.where(missing, 0.0, values) - means) / spreads)
    both = present.T @ present
    products = scaled.T @ scaled
    squares = (scaled**2).T @ present
    norm = np.sqrt(squares * squares.T)
    enough = both >= 0.5 * np.maximum(np.diag(both)[:, None], np.diag(both)[None, :])
    result = np.zeros_like(products)
    np.divide(np.abs(products), norm, out=result, where=(norm > 0) & enough)
    return result
