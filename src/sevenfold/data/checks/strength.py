"""How well one column by itself tells a target: cross-fitted means of its bins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.dataset import Kind
from sevenfold.core.task import Target
from sevenfold.data.distances import as_numbers
from sevenfold.data.statistics import midranks

if TYPE_CHECKING:
    import polars as pl

_BINS = 100
_DISTINCT = 200


def bins_of(column: pl.Series, kind: Kind) -> Ints | None:
    """(rows,) bin of each row: a bin for each value where they are few or words, else hundredths; missing has its own.

    None for kinds that have no values to compare (images, sequences).
    """
    if kind in (Kind.IMAGE, Kind.SEQUENCE):
        return None
    if kind in (Kind.NUMBER, Kind.DATE, Kind.FLAG):
        values = as_numbers(column)
        present = values[~np.isnan(values)]
        if len(present) == 0:
            return np.zeros(len(values), dtype=np.int64)
        distinct = np.unique(present)
        if len(distinct) <= _DISTINCT:
            edges = distinct
        else:
            edges = np.unique(np.quantile(present, np.linspace(0, 1, _BINS + 1)))
        bins = np.searchsorted(edges, values, side="right").astype(np.int64)
        bins[np.isnan(values)] = len(edges) + 1
        return bins
    _, inverse = np.unique(column.hash(seed=7).to_numpy(), return_inverse=True)
    return inverse.reshape(-1).astype(np.int64)


def strength(bins: Ints, target: Target, half: Ints) -> float:
    """How well the bins tell the target, in [0, 1]: 0 no better than chance, 1 perfectly.

    Gini (2 AUC - 1) for two classes, accuracy above the commonest class for more, R2 for numbers; each
    row is predicted from the other half of the rows.

    Args:
        bins: (rows,) from `bins_of`.
        half: (rows,) 0 or 1.
    """
    if len(bins) < 20:
        return 0.0
    if target.goal.is_classification:
        chances = _class_chances(bins, target, half)
        if target.classes == 2:
            return max(0.0, 2 * area_under_roc(chances[:, 1], target.codes) - 1)
        right = float((chances.argmax(axis=1) == target.codes).mean())
        base = float(np.bincount(target.codes).max() / len(bins))
        return max(0.0, (right - base) / (1 - base)) if base < 1 else 0.0
    predicted = _means(bins, target.values, half)
    total = float(((target.values - target.values.mean()) ** 2).sum())
    return max(0.0, 1 - float(((target.values - predicted) ** 2).sum()) / total) if total > 0 else 0.0


def area_under_roc(scores: Floats, labels: Ints) -> float:
    """Chance that a row of class 1 scores higher than one of class 0; ties count half. 0.5 with one class only."""
    ones = int((labels == 1).sum())
    zeros = len(labels) - ones
    if ones == 0 or zeros == 0:
        return 0.5
    ranks = midranks(scores)
    return float((ranks[labels == 1].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def halves(rows: int, generator: np.random.Generator) -> Ints:
    """(rows,) 0 or 1, half of each, at random."""
    return (generator.permutation(rows) % 2).astype(np.int64)


def _class_chances(bins: Ints, target: Target, half: Ints) -> Floats:
    size, classes = int(bins.max()) + 1, target.classes
    chances = np.empty((len(bins), classes))
    for side in (0, 1):
        learn = half != side
        prior = np.bincount(target.codes[learn], minlength=classes) / max(1, int(learn.sum()))
        counts = np.bincount(bins[learn] * classes + target.codes[learn], minlength=size * classes)
        table = counts.reshape(size, classes) + prior
        table = table / table.sum(axis=1, keepdims=True)
        chances[half == side] = table[bins[half == side]]
    return chances


def _means(bins: Ints, values: Floats, half: Ints) -> Floats:
    size = int(bins.max()) + 1
    predicted = np.empty(len(bins))
    for side in (0, 1):
        learn = half != side
        prior = values[learn].mean()
        counts = np.bincount(bins[learn], minlength=size)
        sums = np.bincount(bins[learn], weights=values[learn], minlength=size)
        predicted[half == side] = ((sums + prior) / (counts + 1))[bins[half == side]]
    return predicted
