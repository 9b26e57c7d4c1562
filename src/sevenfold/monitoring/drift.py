"""Whether live rows differ from training rows, column by column: significance and size, never one without the other.

Fixed thresholds on a distance mislead: small windows exceed them by chance, large ones hide real shifts beneath them.
So a column has drifted only if a test says that chance does not explain the difference (controlled for the number of
columns), and the difference, less what chance alone adds to it, is large enough to matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sevenfold.core.arrays import Flags, Floats, Ints
from sevenfold.monitoring.reference import Watched

ALPHA = 0.01  # the chance of any alarm at all in a window without drift
LEAST_EFFECT = 0.08  # a shift of a normal column by a sixth of its standard deviation
LEAST_ROWS = 100
PERSISTENCE, AMONG = 2, 3  # so many of the newest windows have to agree
_LEAST_EXPECTED = 5.0  # cells that expect less are counted together, or the chi-square law would not hold


@dataclass(frozen=True)
class ColumnDrift:
    """How one column's live values differ from the training ones.

    Args:
        column: its name.
        effect: Cramér's V of values against origin at equal weights, less what chance adds: 0 no difference,
            1 nothing in common. A normal column shifted by d standard deviations has about d / 2, for small d.
        p_value: chance of such a difference without drift, adjusted for the number of columns.
        drifted: significant and large enough.
        cell: where the difference is largest, in words.
        aspect: "values", or what else of the column is watched, such as "new words" or "brightness".
        windows: (windows,) effect in each window, the oldest first.
        flagged: (windows,) whether the window by itself was significant and large enough.
    """

    column: str
    effect: float
    p_value: float
    drifted: bool
    cell: str = ""
    aspect: str = "values"
    windows: tuple[float, ...] = ()
    flagged: tuple[bool, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "column": self.column,
            "effect": self.effect,
            "p_value": self.p_value,
            "drifted": self.drifted,
            "aspect": self.aspect,
            "where": self.cell,
            "windows": list(self.windows),
            "flagged": list(self.flagged),
        }


def homogeneity(reference: Ints, counts: Ints) -> tuple[Floats, Floats]:
    """Test each window's counts against the reference counts.

    Args:
        reference: (cells,) counts of training rows.
        counts: (windows, cells) counts of live rows.
    Returns:
        (windows,) p-values of the G test of homogeneity with Williams' correction; 1 where there is nothing to
        test, and (windows,) effects as `ColumnDrift` describes them.
    Source: Sokal and Rohlf 1995, section 17.4; Cramér 1946, section 21.9, its expectation under the null subtracted.
    """
    from scipy.special import chdtrc

    merged_reference, merged = _merged(reference, counts)
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
    return p_values, np.where((n_reference > 0) & (n > 0), _effects(reference, counts), 0.0)


def adjusted(p_values: Floats) -> Floats:
    """(columns,) p-values adjusted by Benjamini and Hochberg 1995: reject those at most alpha."""
    count = len(p_values)
    order = np.argsort(p_values)
    scaled = p_values[order] * count / np.arange(1, count + 1)
    smallest = np.minimum.accumulate(scaled[::-1])[::-1] if count else scaled
    result = np.empty(count)
    result[order] = np.minimum(smallest, 1.0)
    return result


def drift(
    references: Mapping[str, Ints],
    counts: Mapping[str, Ints],
    names: Mapping[str, tuple[str, ...]],
    *,
    alpha: float = ALPHA,
    least_effect: float = LEAST_EFFECT,
    least_rows: int = LEAST_ROWS,
) -> list[ColumnDrift]:
    """Compare the columns that both have, largest effect first.

    Args:
        references: (cells,) training counts by column.
        counts: (cells,) live counts by column.
        names: names of the cells by column.
        alpha: the chance of any alarm without drift.
        least_effect: differences smaller than this do not matter.
        least_rows: with fewer live rows, nothing is called drifted.
    """
    columns = [name for name in references if name in counts]
    tested = [homogeneity(references[name], counts[name][None, :]) for name in columns]
    p_values = adjusted(np.array([p[0] for p, _ in tested], dtype=np.float64))
    found: list[ColumnDrift] = []
    for name, p_value, (_, effects) in zip(columns, p_values, tested, strict=True):
        enough = counts[name].sum() >= least_rows
        drifted = bool(enough and p_value <= alpha and effects[0] >= least_effect)
        found.append(
            ColumnDrift(
                name, float(effects[0]), float(p_value), drifted, _where(references[name], counts[name], names[name])
            )
        )
    return sorted(found, key=lambda entry: (-entry.effect, entry.column))


def adjusted_windows(p_values: Floats) -> Floats:
    """(columns, windows) p-values, adjusted over the columns of each window."""
    if not p_values.size:
        return p_values
    return np.stack([adjusted(p_values[:, window]) for window in range(p_values.shape[1])], axis=1)


def persists(flags: Sequence[bool], need: int = PERSISTENCE, of: int = AMONG) -> bool:
    """Whether the newest windows agree: `need` of the last `of` are flagged."""
    return sum(flags[-of:]) >= min(need, len(flags)) if flags else False


def drift_over_windows(
    watched: Mapping[str, Watched],
    windows: Sequence[Mapping[str, Ints]],
    *,
    alpha: float = ALPHA,
    least_effect: float = LEAST_EFFECT,
    least_rows: int = LEAST_ROWS,
) -> list[ColumnDrift]:
    """Judge each column by all windows together and by the newest ones, largest effect first.

    Half of `alpha` is spent on all windows together. The other half is spent on each window by itself, where two of
    the last three have to agree: one odd window is no alarm, and what has only begun is not diluted by what was
    before. Several aspects of a column are tested each; the one that tells most speaks for the column.

    Args:
        watched: training counts and bins by name.
        windows: live counts by name, the oldest window first.
        alpha, least_effect, least_rows: see `drift`.
    """
    names = [name for name in watched if any(name in window for window in windows)]
    if not names:
        return []
    cells = {name: len(watched[name].counts) for name in names}
    counts = {n: np.stack([w.get(n, np.zeros(cells[n], dtype=np.int64)) for w in windows]) for n in names}
    totals = {name: counts[name].sum(axis=0) for name in names}
    overall = {
        entry.column: entry
        for entry in drift(
            {name: watched[name].counts for name in names}, totals,
            {name: watched[name].bins.names for name in names},
            alpha=alpha / 2, least_effect=least_effect, least_rows=least_rows,
        )
    }  # fmt: skip
    tested = [homogeneity(watched[name].counts, counts[name]) for name in names]
    p_values = adjusted_windows(np.array([p for p, _ in tested]))
    found: dict[str, ColumnDrift] = {}
    for place, name in enumerate(names):
        effects = tested[place][1]
        enough = counts[name].sum(axis=1) >= least_rows
        flags = (enough & (p_values[place] <= alpha / 2) & (effects >= least_effect)).tolist()
        judged = [bool(f) for f, e in zip(flags, enough, strict=True) if e]
        entry = overall[name]
        newest = len(judged) > 1 and judged[-1] and persists(judged)
        if newest and not entry.drifted:
            last = int(np.flatnonzero(enough)[-1])
            where = _where(watched[name].counts, counts[name][last], watched[name].bins.names)
            entry = replace(entry, effect=float(effects[last]), p_value=float(p_values[place][last]), cell=where)
        column = watched[name].column or name
        made = replace(
            entry, column=column, drifted=entry.drifted or newest, aspect=watched[name].aspect,
            windows=tuple(np.round(effects, 6).tolist()), flagged=tuple(flags),
        )  # fmt: skip
        known = found.get(column)
        if known is None or (made.drifted, made.effect) > (known.drifted, known.effect):
            found[column] = made
    return sorted(found.values(), key=lambda entry: (-entry.effect, entry.column))


def _where(reference: Ints, counts: Ints, names: tuple[str, ...]) -> str:
    """The cell that changed most, with both shares."""
    before, now = reference / max(reference.sum(), 1), counts / max(counts.sum(), 1)
    cell = int(np.argmax(np.abs(now - before)))
    return f"{names[cell]}: {before[cell]:.1%} in training, {now[cell]:.1%} now"


def _terms(observed: Floats, expected: Floats) -> Floats:
    """(windows,) sums of observed * log(observed / expected)."""
    parts: Floats = np.where(observed > 0, observed * np.log(np.maximum(observed, 1) / expected), 0.0)
    return parts.sum(axis=1)


def _merged(reference: Ints, counts: Ints) -> tuple[Floats, Floats]:
    """Counts of both with cells that expect too few of either counted together.

    Which cells those are depends on the sums of both, on which the test is conditional anyway.
    """
    both = reference[None, :] + counts
    smaller = np.minimum(reference.sum(), counts.sum(axis=1))
    expected = both * (smaller / np.maximum(both.sum(axis=1), 1))[:, None]
    few: Flags = expected < _LEAST_EXPECTED
    kept_reference = np.where(few, 0, reference[None, :])
    kept = np.where(few, 0, counts)
    rest_reference = np.where(few, reference[None, :], 0).sum(axis=1, keepdims=True)
    rest = np.where(few, counts, 0).sum(axis=1, keepdims=True)
    return (
        np.concatenate([kept_reference, rest_reference], axis=1).astype(np.float64),
        np.concatenate([kept, rest], axis=1).astype(np.float64),
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
