"""How much a combination of columns tells beyond its parts, judged on rows that it was not fitted to."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.task import Target

_BINS = 16
_FOLDS = 3
_SMOOTHING = 5.0
_CLASSES = 5


def answers(target: Target) -> Floats:
    """(rows, answers) of mean 0 and variance 1: a number as it is and by rank, indicators of the largest classes."""
    if target.goal.is_classification:
        sizes = np.bincount(target.codes, minlength=target.classes)
        kept = np.argsort(-sizes, kind="stable")[: 1 if target.classes == 2 else _CLASSES]
        found = (target.codes[:, None] == kept[None, :]).astype(np.float64)
    else:
        # A few huge values must not decide which columns matter.
        held = np.clip(target.values, *np.quantile(target.values, [0.01, 0.99])) if len(target) else target.values
        found = np.stack([held, _ranks(target.values)], axis=1)
    spread = found.std(axis=0)
    return np.asarray((found - found.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _ranks(values: Floats) -> Floats:
    from scipy.special import ndtri

    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    middles = (np.cumsum(counts) - counts / 2) / len(values)
    return np.asarray(ndtri(middles)[places], dtype=np.float64)


def judges(rows: int, stream: np.random.Generator) -> Ints:
    """(rows,) random fold numbers, on whose agreement a combination is kept."""
    return stream.permutation(rows) % _FOLDS


def bins(values: Floats) -> Ints:
    """(rows,) group numbers by quantile; missing values are a group of their own."""
    present = values[~np.isnan(values)]
    if not len(present):
        return np.zeros(len(values), dtype=np.int64)
    limits = np.unique(np.quantile(present, np.linspace(0, 1, _BINS + 1)[1:-1]))
    groups = np.searchsorted(limits, values, side="right") + 1
    return np.where(np.isnan(values), 0, groups).astype(np.int64)


def residual(wanted: Floats, parts: list[Ints], rounds: int = 2) -> Floats:
    """(rows, answers) what is left of the answers after the parts' own group means, fitted in turn."""
    left = wanted
    for _ in range(rounds):
        for groups in parts:
            left = left - _means(groups, left, int(groups.max(initial=0)) + 1)[groups]
    return left


def gain(groups: Ints, left: Floats, folds: Ints) -> float:
    """Least share, over the folds, of the answers' variance that the groups' means explain on held-out rows."""
    size = int(groups.max(initial=0)) + 1
    shares: list[float] = []
    for fold in range(_FOLDS):
        inside, outside = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        if not len(inside) or not len(outside):
            return 0.0
        guessed = _means(groups[outside], left[outside], size)[groups[inside]]
        held = left[inside]
        shares.append(float(((held**2).sum() - ((held - guessed) ** 2).sum()) / held.size))
    return min(shares)


def _means(groups: Ints, values: Floats, size: int) -> Floats:
    """(groups, answers) means drawn towards 0."""
    counts = np.bincount(groups, minlength=size) + _SMOOTHING
    return np.stack([np.bincount(groups, weights=column, minlength=size) / counts for column in values.T], axis=1)
