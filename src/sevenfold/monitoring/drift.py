"""Whether live rows differ from training rows, column by column: significance and size, never one without the other.

Fixed thresholds on a distance mislead: small windows exceed them by chance, large ones hide real shifts beneath them.
So a column has drifted only if a test says that chance does not explain the difference (controlled for the number of
columns), and the difference, less what chance alone adds to it, is large enough to matter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.monitoring.homogeneity import adjusted, tested
from sevenfold.monitoring.reference import Watched
from sevenfold.monitoring.shares import COLUMNS

ALPHA = 0.01  # the chance of any alarm at all in a window without drift
LEAST_EFFECT = 0.08  # a shift of a normal column by a sixth of its standard deviation
LEAST_ROWS = 100
_ALONE = 2.0  # a single window among others has to differ so many times as much
_LATELY_ROWS = 500  # tell whether a difference is still there


@dataclass(frozen=True)
class ColumnDrift:
    """How one column's live values differ from the training ones.

    Args:
        column: its name.
        effect: Cramér's V of values against origin at equal weights, less what chance adds: 0 no difference,
            1 nothing in common. A normal column shifted by d standard deviations has about d / 2, for small d.
        p_value: chance of such a difference without drift, adjusted for the number of columns and lengths.
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


def drift(
    references: Mapping[str, Ints],
    counts: Mapping[str, Ints],
    names: Mapping[str, tuple[str, ...]],
    *,
    alpha: float = ALPHA,
    least_effect: float = LEAST_EFFECT,
    least_rows: int = LEAST_ROWS,
    ordered: Collection[str] = (),
) -> list[ColumnDrift]:
    """Compare the columns that both have, largest effect first.

    Args:
        references: (cells,) training counts by column.
        counts: (cells,) live counts by column.
        names: names of the cells by column.
        alpha: the chance of any alarm without drift.
        least_effect: differences smaller than this do not matter.
        least_rows: with fewer live rows, nothing is called drifted.
        ordered: columns whose cells ascend, missing values first.
    """
    columns = [name for name in references if name in counts]
    results = [tested(references[name], counts[name][None, :], name in ordered) for name in columns]
    p_values = adjusted(np.array([p[0] for p, _ in results], dtype=np.float64))
    found: list[ColumnDrift] = []
    for name, p_value, (_, effects) in zip(columns, p_values, results, strict=True):
        enough = counts[name].sum() >= least_rows
        drifted = bool(enough and p_value <= alpha and effects[0] >= least_effect)
        found.append(
            ColumnDrift(
                name, float(effects[0]), float(p_value), drifted, _where(references[name], counts[name], names[name])
            )
        )
    return sorted(found, key=lambda entry: (-entry.effect, entry.column))


def lengths_of(windows: int) -> tuple[int, ...]:
    """How many of the newest windows are judged together: 1, 2, 4, ... and all of them."""
    doubled = [2**power for power in range(windows.bit_length()) if 2**power < windows]
    return (*doubled, windows) if windows else ()


def drift_over_windows(
    watched: Mapping[str, Watched],
    windows: Sequence[Mapping[str, Ints]],
    *,
    alpha: float = ALPHA,
    least_effect: float = LEAST_EFFECT,
    least_rows: int = LEAST_ROWS,
) -> list[ColumnDrift]:
    """Judge each column by the newest window, the newest two, four, ... and all of them; largest effect first.

    What has begun lately is not diluted by what was before, and what is too small for one window adds up over many.
    Half of `alpha` is shared by these lengths, so that it bounds the chance of an alarm at any look. Two rules beside
    it make alarms last: a single window among others has to differ twice as much as several do, so that one odd window
    is no alarm unless nobody could overlook it; and what a longer run of windows shows must still be there in the
    newest ones. Several aspects of a column are tested each; the one that tells most speaks for the column.

    Args:
        watched: training counts and bins by name.
        windows: live counts by name, the oldest window first.
        alpha, least_effect, least_rows: see `drift`.
    Source: Lai 1995, section 3, windows that grow geometrically for a change at an unknown time.
    """
    names = [name for name in watched if any(name in window for window in windows)]
    if not names:
        return []
    lengths = lengths_of(len(windows))
    runs = [_runs(watched[name].counts, [window.get(name) for window in windows], lengths) for name in names]
    found = [tested(watched[n].counts, run, watched[n].bins.ordered) for n, run in zip(names, runs, strict=True)]
    raw = np.array([p_values for p_values, _ in found])
    p_values = np.stack([adjusted(raw[:, place]) for place in range(raw.shape[1])], axis=1)
    rule = _Rule(lengths, alpha, least_effect, least_rows)
    best: dict[str, ColumnDrift] = {}
    for name, run, p_value, (_, effects) in zip(names, runs, p_values, found, strict=True):
        made = rule.judge(name, watched[name], run, p_value, effects)
        known = best.get(made.column)
        if known is None or (made.drifted, made.effect) > (known.drifted, known.effect):
            best[made.column] = made
    return sorted(best.values(), key=lambda entry: (-entry.effect, entry.column))


@dataclass(frozen=True)
class _Rule:
    """When a column is called drifted."""

    lengths: tuple[int, ...]
    alpha: float
    least_effect: float
    least_rows: int

    def judge(self, name: str, watched: Watched, runs: Ints, p_values: Floats, effects: Floats) -> ColumnDrift:
        """Rows of `runs`, with their p-values and effects: each window by itself, then the lengths."""
        windows, count = self.lengths[-1], len(self.lengths)
        sizes = runs.sum(axis=1)
        alone = (
            (sizes[:windows] >= self.least_rows)
            & (p_values[:windows] <= self.alpha * COLUMNS)
            & (effects[:windows] >= self.least_effect)
        )
        together = np.minimum(1.0, p_values[windows:] * count / COLUMNS)
        sizes, sums = sizes[windows:], effects[windows:]
        least = np.full(count, self.least_effect)
        if windows > 1:
            least[0] *= _ALONE
        lately = self._lately(sizes)
        there = (np.arange(count) <= lately) | (sums[lately] >= self.least_effect / 2)
        drifted = (sizes >= self.least_rows) & (together <= self.alpha) & (sums >= least) & there
        place = int(np.argmax(np.where(drifted, sums, -1.0))) if drifted.any() else count - 1
        return ColumnDrift(
            watched.column or name, float(sums[place]), float(together[place]), bool(drifted.any()),
            _where(watched.counts, runs[windows + place], watched.bins.names), watched.aspect,
            tuple(np.round(effects[:windows], 6).tolist()), tuple(alone.tolist()),
        )  # fmt: skip

    def _lately(self, sizes: Ints) -> int:
        """The shortest of the lengths that is more than one odd window, with rows enough to tell."""
        for place, (length, rows) in enumerate(zip(self.lengths, sizes, strict=True)):
            if length > 1 and rows >= _LATELY_ROWS:
                return place
        return len(self.lengths) - 1


def _runs(reference: Ints, windows: Sequence[Ints | None], lengths: Sequence[int]) -> Ints:
    """(windows + lengths, cells) counts of each window, then of the newest ones together."""
    counts = np.stack([np.zeros_like(reference) if window is None else window for window in windows])
    return np.concatenate([counts, np.cumsum(counts[::-1], axis=0)[np.array(lengths) - 1]])


def _where(reference: Ints, counts: Ints, names: tuple[str, ...]) -> str:
    """The cell that changed most, with both shares."""
    before, now = reference / max(reference.sum(), 1), counts / max(counts.sum(), 1)
    cell = int(np.argmax(np.abs(now - before)))
    return f"{names[cell]}: {before[cell]:.1%} in training, {now[cell]:.1%} now"
