"""Ranks, correlations and tests of whether two samples differ, without `scipy.stats`, whose import costs half a second
and 45 MB in every training."""

from __future__ import annotations

import math

import numpy as np

from sevenfold.core.arrays import Floats


def midranks(values: Floats) -> Floats:
    """(rows,) ranks from 1, ties sharing their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2.0)[inverse]


def correlation(one: Floats, other: Floats) -> float:
    """Pearson's correlation of two (rows,) columns; NaN where one of them is constant."""
    left, right = one - one.mean(), other - other.mean()
    size = float(np.linalg.norm(left)) * float(np.linalg.norm(right))
    return max(-1.0, min(1.0, float((left * right).sum()) / size)) if size > 0 else math.nan


def rank_correlation(one: Floats, other: Floats) -> float:
    """Spearman's correlation: Pearson's of the ranks; NaN where a column is constant."""
    return correlation(midranks(one), midranks(other))


def normal_tail(distance: float) -> float:
    """Chance that a standard normal number is larger."""
    return 0.5 * math.erfc(distance / math.sqrt(2.0))


def largest_gap(one: Floats, other: Floats) -> tuple[float, float]:
    """Largest distance between the distribution functions of two samples, and its p-value (Kolmogorov and Smirnov;
    asymptotic)."""
    from scipy.special import kolmogorov

    first, second = np.sort(one), np.sort(other)
    everywhere = np.concatenate((first, second))
    below_first = np.searchsorted(first, everywhere, side="right") / len(first)
    below_second = np.searchsorted(second, everywhere, side="right") / len(second)
    gap = float(np.abs(below_first - below_second).max())
    size = len(first) * len(second) / (len(first) + len(second))
    return gap, float(kolmogorov(math.sqrt(size) * gap))


def independence(counts: Floats) -> float:
    """P-value of the hypothesis that rows and columns of a table of counts are independent (Pearson's chi-square, with
    Yates' correction for two by two).

    Args:
        counts: (rows, columns), no row or column of which is empty.
    """
    from scipy.special import chdtrc

    total = counts.sum()
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / total
    freedom = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    if freedom == 0:
        return 1.0
    apart = np.abs(counts - expected)
    if freedom == 1:
        apart = np.maximum(0.0, apart - 0.5)
    return float(chdtrc(freedom, float((apart**2 / expected).sum())))


def rank_sum(one: Floats, other: Floats) -> float:
    """Two-sided p-value of the hypothesis that neither of two samples tends to be larger (Mann and Whitney; the normal
    approximation with correction for ties and continuity)."""
    m, n = len(one), len(other)
    both = np.concatenate((one, other))
    larger = float(midranks(both)[:m].sum()) - m * (m + 1) / 2
    ties = np.unique(both, return_counts=True)[1].astype(np.float64)
    rows = m + n
    spread = math.sqrt(m * n / 12 * ((rows + 1) - float((ties**3 - ties).sum()) / (rows * (rows - 1))))
    if spread == 0:
        return 1.0
    apart = max(larger, m * n - larger) - m * n / 2 - 0.5
    return min(1.0, 2 * normal_tail(apart / spread))
