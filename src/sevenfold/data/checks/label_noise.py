"""Rows whose class differs from that of all their neighbours, where neighbours otherwise agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.dataset import Column, Kind
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.data.checks.base import DataSubject, shown
from sevenfold.data.distances import as_numbers
from sevenfold.data.statistics import midranks

if TYPE_CHECKING:
    import polars as pl

_ROWS = 4_000
_NEIGHBOURS = 15
_LEVELS = 20
_AGREE = 0.7  # of the mistakes of guessing, neighbours must avoid so many
_MOST_SHARE = 0.2


class LabelNoise(Check[DataSubject]):
    """A hint, before any model: the check on label errors of a trained model says more."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "label-noise",
        "Labels against their neighbours",
        "Rows of another class than nearly all neighbours, in data where neighbours agree: perhaps mislabelled.",
        slow=True,
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """One finding with the rows."""
        if subject.learned is None or subject.target is None or not subject.target.goal.is_classification:
            return NotApplicable(self.spec.code, "the target has no classes")
        sample, target = subject.learned
        if len(target) < 200:
            return NotApplicable(self.spec.code, "fewer than 200 rows have a target")
        stream = subject.streams.generator("audit", "label-noise")
        chosen = np.sort(stream.permutation(len(target))[:_ROWS])
        values = _coordinates(sample.table[chosen], subject.inputs)
        if values.shape[1] == 0:
            return NotApplicable(self.spec.code, "there are no columns to compare rows by")
        codes = target.codes[chosen]
        votes = _votes(values, codes, target.classes)
        own = votes[np.arange(len(codes)), codes]
        base = float(np.bincount(codes).max() / len(codes))
        agree = (float((votes.argmax(axis=1) == codes).mean()) - base) / (1 - base) if base < 1 else 0.0
        odd = (own <= 1) & (votes.max(axis=1) >= 0.9 * _NEIGHBOURS)
        # Neighbours that overlook a rare class are no witnesses against it.
        frequent = np.bincount(codes, minlength=target.classes) >= 2 * _NEIGHBOURS
        odd &= frequent[codes]
        share = float(odd.mean())
        if agree < _AGREE or share == 0 or share > _MOST_SHARE or odd.sum() < 5:
            return []
        note = f" (of {len(chosen):,} rows looked at)" if len(chosen) < len(subject.target) else ""
        return [
            Finding(
                self.spec.code,
                Severity.NOTE,
                f"{int(odd.sum()):,} rows{note} are of another class than nearly all of their "
                f"{_NEIGHBOURS} nearest neighbours.",
                rows=shown(sample.rows[chosen[odd]]),
                why="Where neighbours agree so well, such rows are often mislabelled, and models learn the mistake.",
                advice="Look at some of these rows, and compare with the label errors found after training.",
                evidence={"share": round(share, 6), "agreement": round(agree, 4)},
            )
        ]


def _coordinates(table: pl.DataFrame, columns: Sequence[Column]) -> Floats:
    """(rows, coordinates): ranks of numbers in [0, 1], categories as indicators, so that each column weighs alike."""
    parts: list[Floats] = []
    for column in columns:
        values = table.get_column(column.name)
        if column.kind in (Kind.NUMBER, Kind.FLAG, Kind.DATE):
            numbers = as_numbers(values)
            missing = np.isnan(numbers)
            ranks = np.full(len(numbers), 0.5)
            if (~missing).any():
                ranks[~missing] = midranks(numbers[~missing]) / (~missing).sum()
            parts.append(ranks[:, None])
        elif column.kind is Kind.CATEGORY:
            counted = values.drop_nulls().value_counts(name="rows")
            ranked = sorted(counted.iter_rows(), key=lambda item: (-item[1], item[0]))
            if len(ranked) > len(values) / 4:
                continue
            for level, _ in ranked[:_LEVELS]:
                parts.append((values == level).fill_null(False).to_numpy().astype(np.float64)[:, None] * 0.5)
    return np.concatenate(parts, axis=1) if parts else np.empty((table.height, 0))


def _votes(values: Floats, codes: Ints, classes: int) -> Ints:
    """(rows, classes) how many of the nearest 15 other rows are of each class."""
    squares = (values**2).sum(axis=1)
    votes = np.empty((len(values), classes), dtype=np.int64)
    for start in range(0, len(values), 500):
        part = slice(start, min(start + 500, len(values)))
        distance = squares[part, None] + squares[None, :] - 2 * values[part] @ values.T
        rows = np.arange(part.start, part.stop)
        distance[rows - start, rows] = np.inf
        nearest = np.argpartition(distance, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]
        for code in range(classes):
            votes[part, code] = (codes[nearest] == code).sum(axis=1)
    return votes
