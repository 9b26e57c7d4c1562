"""Tests of whether two sets of counts come from one distribution, and how far apart they are."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Flags, Floats, Ints
from sevenfold.monitoring.sketches import MISSING

_LEAST_EXPECTED = 5.0  # cells that expect less are counted together, or the chi-square law would not hold
_FAR_LARGER = 10.0  # times as many rows
_LEAST_SPREAD = 30.0  # live rows outside the largest cell that ranks need, for the same reason


def homogeneity(reference: Ints, counts: Ints) -> tuple[Floats, Floats]:
    """Test each window's counts against the reference counts.

    Args:
        reference: (cells,) counts of training rows.
        counts: (windows, cells) counts of live rows.
    Returns:
        (windows,) p-values of the G test of homogeneity with Williams' correction, or, doubled, of the exact test of
        rare cells together where that is smaller; 1 where there is nothing to test. And (windows,) effects as
        `drift.ColumnDrift` describes them.
    Source: Sokal and Rohlf 1995, section 17.4; Cramér 1946, section 21.9, its expectation under the null subtracted.
    """
    from scipy.special import chdtrc

    merged_reference, merged, rare = _merged(reference, counts)
    n_reference, n = merged_reference.sum(axis=1), merged.sum(axis=1)
    total = n_reference + n
    both = merged_reference + merged
    cells = (both > 0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected_reference = both * (n_reference / total)[:, None]
        expected = both * (n / total)[:, None]
        g = 2 * (_terms(merged_reference, expected_reference) + _terms(merged, expected))
        freedom = np.maximum(cells - 1, 0)
        margins = (total / n_reference + total / n - 1) * (
            np.where(both > 0, total[:, None] / np.maximum(both, 1), 0).sum(axis=1) - 1
        )
        williams = 1 + margins / (6 * total * np.maximum(freedom, 1))
        p_values = chdtrc(freedom, np.maximum(g / williams, 0))
    usable = (freedom > 0) & (n_reference > 0) & (n > 0)
    p_values = np.where(usable, p_values, 1.0)
    p_values = np.where(np.isnan(rare), p_values, np.minimum(1.0, 2 * np.fmin(p_values, rare)))
    return p_values, np.where((n_reference > 0) & (n > 0), _effects(reference, counts), 0.0)


def displacement(reference: Ints, counts: Ints) -> Floats:
    """Test whether values of ordered cells have moved or spread: few degrees of freedom, so small shifts are seen.

    Ranks, and squared ranks, are compared; missing values (the first cell) are left to `homogeneity`.

    Args:
        reference: (cells,) counts of training rows, missing first, then ascending.
        counts: (windows, cells) counts of live rows.
    Returns:
        (windows,) p-values; 1 where there is nothing to test, or nearly all rows lie in one cell.
    Source: Lepage 1971, a joint rank test of place and spread; ranks of ties are their mean, and the variance is that
    of permutations of the pooled rows.
    """
    from scipy.special import chdtrc

    first = np.broadcast_to(reference[MISSING + 1 :], counts[:, MISSING + 1 :].shape).astype(np.float64)
    live = counts[:, MISSING + 1 :].astype(np.float64)
    both = first + live
    n_first, n, total = first.sum(axis=1), live.sum(axis=1), both.sum(axis=1)
    some = np.maximum(total, 1.0)[:, None]
    place = (np.cumsum(both, axis=1) - both / 2) / some - 0.5
    spread = place**2

    def centred(score: Floats) -> Floats:
        return score - (score * both).sum(axis=1, keepdims=True) / some

    place, spread = centred(place), centred(spread)
    pp, ss, ps = ((a * b * both).sum(axis=1) for a, b in ((place, place), (spread, spread), (place, spread)))
    moved, spread_out = (place * live).sum(axis=1), (spread * live).sum(axis=1)
    determinant = pp * ss - ps**2
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = (total - 1) * total / (n * n_first)
        two = scale * (ss * moved**2 - 2 * ps * moved * spread_out + pp * spread_out**2) / determinant
        one = scale * moved**2 / pp
    enough = (n_first > 0) & (n * (1 - both.max(axis=1, initial=0.0) / some[:, 0]) >= _LEAST_SPREAD)
    both_scores = enough & (determinant > 1e-9 * pp * ss) & (ss > 0)
    p_values = np.where(enough & (pp > 0), chdtrc(1, np.where(enough & (pp > 0), one, 0.0)), 1.0)
    result: Floats = np.where(both_scores, chdtrc(2, np.where(both_scores, two, 0.0)), p_values)
    return result


def tested(reference: Ints, counts: Ints, ordered: bool) -> tuple[Floats, Floats]:
    """As `homogeneity`; of ordered cells the p-value is the better one of both tests, doubled."""
    p_values, effects = homogeneity(reference, counts)
    if ordered:
        p_values = np.minimum(1.0, 2 * np.minimum(p_values, displacement(reference, counts)))
    return p_values, effects


def adjusted(p_values: Floats) -> Floats:
    """(columns,) p-values adjusted by Benjamini and Hochberg 1995: reject those at most alpha."""
    count = len(p_values)
    order = np.argsort(p_values)
    scaled = p_values[order] * count / np.arange(1, count + 1)
    smallest = np.minimum.accumulate(scaled[::-1])[::-1] if count else scaled
    result = np.empty(count)
    result[order] = np.minimum(smallest, 1.0)
    return result


def _terms(observed: Floats, expected: Floats) -> Floats:
    """(windows,) sums of observed * log(observed / expected)."""
    parts: Floats = np.where(observed > 0, observed * np.log(np.maximum(observed, 1) / expected), 0.0)
    return parts.sum(axis=1)


def _merged(reference: Ints, counts: Ints) -> tuple[Floats, Floats, Floats]:
    """Counts of both with cells that expect too few of either counted together, and p-values of those cells.

    Where they expect too few even together, as values that training has never seen do, the smallest other cell is
    counted with them, and they have a test of their own that needs no approximation: whether live rows have too many
    of them. The p-value is NaN where that is not so. Which cells are rare is read off both, on whose sums the tests
    are conditional anyway; where one side is far larger, off that one: its counts hardly vary, so the sums would
    choose cells in which the smaller side is low by chance, and put those together.
    """
    from scipy.special import betainc

    both = (reference[None, :] + counts).astype(np.float64)
    n_reference, n = float(reference.sum()), counts.sum(axis=1).astype(np.float64)
    share = n / np.maximum(n_reference + n, 1.0)
    larger = np.where((n_reference >= n)[:, None], reference[None, :], counts)
    smaller_size, larger_size = np.minimum(n_reference, n), np.maximum(np.maximum(n_reference, n), 1.0)
    of_larger, of_sums = larger * (smaller_size / larger_size)[:, None], both * np.minimum(share, 1 - share)[:, None]
    expected = np.where((larger_size >= _FAR_LARGER * smaller_size)[:, None], of_larger, of_sums)
    few: Flags = expected < _LEAST_EXPECTED
    rest_expected = np.where(few, expected, 0.0).sum(axis=1)
    rare = (few & (both > 0)).any(axis=1) & (rest_expected < _LEAST_EXPECTED)
    of_both, of_live = np.where(few, both, 0).sum(axis=1), np.where(few, counts, 0).sum(axis=1)
    more = np.where(of_live > 0, betainc(np.maximum(of_live, 1), of_both - of_live + 1, share), 1.0)
    smallest = np.argmin(np.where(few, np.inf, both), axis=1)
    few[rare, smallest[rare]] = True
    kept_reference, kept = np.where(few, 0, reference[None, :]), np.where(few, 0, counts)
    rest_reference = np.where(few, reference[None, :], 0).sum(axis=1, keepdims=True)
    rest = np.where(few, counts, 0).sum(axis=1, keepdims=True)
    return (
        np.concatenate([kept_reference, rest_reference], axis=1).astype(np.float64),
        np.concatenate([kept, rest], axis=1).astype(np.float64),
        np.where(rare, more, np.nan),
    )


def _effects(reference: Ints, counts: Ints) -> Floats:
    """(windows,) effects; the expectation under the null is that of the shares' sampling noise."""
    n_reference, n = max(int(reference.sum()), 1), np.maximum(counts.sum(axis=1), 1)
    p = reference[None, :] / n_reference
    q = counts / n[:, None]
    pooled = (reference[None, :] + counts) / (n_reference + n)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = np.where(p + q > 0, (p - q) ** 2 / (2 * (p + q)), 0.0).sum(axis=1)
        noise = np.where(p + q > 0, pooled * (1 - pooled) / (2 * (p + q)), 0.0).sum(axis=1) * (1 / n_reference + 1 / n)
    return np.sqrt(np.maximum(squared - noise, 0.0))
