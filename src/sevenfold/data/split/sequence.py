"""Whether a given test file goes on where the training rows end, though no date column says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.task import Target, Task
from sevenfold.data.distances import as_numbers, distance
from sevenfold.data.split.order import neighbours_alike, sorted_by_target

if TYPE_CHECKING:
    import polars as pl

_STRETCHES = 5  # of the training rows, in their order
_ROWS = 5_000  # of each stretch and of the test that are looked at
_EFFECT = 0.1  # least distance that matters
_SURE = 1e-6
_CLEARLY = 0.6  # the last two stretches are nearer than this share of the others' distance


def goes_on(
    table: pl.DataFrame, test_table: pl.DataFrame, schema: Schema, task: Task, target: Target, rows: Ints
) -> str:
    """Why the test rows are taken to follow the training rows in an order that no column tells, or "".

    Three things must agree: neighbouring rows have alike targets (and the rows are not sorted by them), some columns
    are distributed otherwise in the test file, and over those columns the last two fifths of the training rows are
    clearly nearer to the test than the other three. Test rows drawn at random fail the second.

    Args:
        target: encoded target of `rows`.
        rows: (labelled,) row numbers, ascending.
    """
    alike = neighbours_alike(target)
    if not alike.matters or sorted_by_target(target, alike):
        return ""
    columns = [
        c
        for c in schema
        if c.used and c.name not in task.apart and c.kind in (Kind.NUMBER, Kind.CATEGORY, Kind.FLAG)
        if c.name in table.columns and c.name in test_table.columns
    ]
    test = test_table[_spread(test_table.height)]
    everything = table[rows[_spread(len(rows))]]
    shifted = []
    for column in columns:
        effect, p_value = distance(column.kind, everything[column.name], test[column.name])
        if effect >= _EFFECT and p_value * len(columns) < _SURE:
            shifted.append(column)
    if not shifted:
        return ""
    parts = [table[part[_spread(len(part))]] for part in np.array_split(rows, _STRETCHES)]
    means = [
        float(np.mean([_far(c.kind, part[c.name], test[c.name], everything[c.name]) for c in shifted]))
        for part in parts
    ]
    late, early = float(np.mean(means[-2:])), float(np.mean(means[:-2]))  # two: seasons may move the very last
    if late > _CLEARLY * early or means[-1] > early:
        return ""
    names = ", ".join(f"'{column.name}'" for column in shifted[:3]) + (" and others" if len(shifted) > 3 else "")
    return (
        f"neighbouring rows have alike targets, and the test rows differ from the training rows in {names} but least "
        f"from the last of them (distance {late:.2f} from the last two fifths, {early:.2f} from the others)"
    )


def _far(kind: Kind, part: pl.Series, test: pl.Series, everything: pl.Series) -> float:
    """How far a stretch is from the test: for numbers the Wasserstein distance of their ranks among all, in [0, 1]."""
    if kind is not Kind.NUMBER:
        return distance(kind, part, test)[0]
    one, other, scale = (values[~np.isnan(values)] for values in map(as_numbers, (part, test, everything)))
    if len(one) == 0 or len(other) == 0:
        return 1.0
    scale = np.sort(np.concatenate([scale, other]))
    quantiles = np.linspace(0.005, 0.995, 100)
    ranks = [np.searchsorted(scale, np.quantile(values, quantiles)) / len(scale) for values in (one, other)]
    return float(np.abs(ranks[0] - ranks[1]).mean())


def _spread(rows: int) -> Ints:
    """At most 5,000 row numbers, evenly spaced."""
    return np.unique(np.linspace(0, rows - 1, min(rows, _ROWS)).astype(np.int64)) if rows else np.arange(0)
