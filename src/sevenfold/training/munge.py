"""Rows made from others, for a student to ask its teacher about. Source: the algorithm MUNGE of Bucila, Caruana and
Niculescu-Mizil, Model Compression, KDD 2006."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Flags, Floats, Ints

if TYPE_CHECKING:
    import polars as pl

_CROWD = 256  # rows among which a row's neighbour is looked for: as near as need be, and quick
_MOST_COLUMNS = 30  # that tell how near two rows are
_SWAPPED = 0.5  # of a row's values come from its neighbour's
_LOCAL = 2.0  # a number is drawn around the neighbour's with the distance of both, over this, for a deviation


def munge(table: pl.DataFrame, rows: int, stream: np.random.Generator) -> tuple[pl.DataFrame, Ints]:
    """Made rows that lie where true ones do: each is a true row half of whose values are exchanged for a near row's,
    measured numbers drawn at random around that row's.

    Args:
        table: typed rows, at least two, of inputs only.
        rows: to make.
    Returns:
        (rows,) made rows, and for each the number of the row that it was made from.
    """
    import polars as pl

    own, near = _pairs(_measures(table, stream), table.height, rows, stream)
    made: list[pl.Series] = []
    for series in table.iter_columns():
        swapped = stream.random(rows) < _SWAPPED
        taken = series.gather(np.where(swapped, near, own))
        if series.dtype == pl.Float64:
            taken = _moved(series.to_numpy(), taken.to_numpy(), own, near, swapped, stream, series.name)
        made.append(taken)
    return pl.DataFrame(made), own


def _moved(
    column: Floats, taken: Floats, own: Ints, near: Ints, swapped: Flags, stream: np.random.Generator, name: str
) -> pl.Series:
    """Numbers of made rows: swapped ones are drawn around the neighbour's, whole numbers excepted. NaN is missing."""
    import polars as pl

    noise = stream.normal(size=len(own))
    known = column[np.isfinite(column)]
    if len(known) and (known != np.round(known)).any():
        shift = noise * np.abs(column[own] - column[near]) / _LOCAL
        moved = np.clip(taken + shift, known.min(), known.max())
        taken = np.where(swapped & np.isfinite(moved), moved, taken)
    return pl.Series(name, taken, dtype=pl.Float64, nan_to_null=True)


def _measures(table: pl.DataFrame, stream: np.random.Generator) -> list[tuple[Floats, bool]]:
    """Columns by which rows are near each other, and whether each is a number: standardised, missing at the mean;
    of the others equal values are near. Long texts, pictures and sequences tell nothing."""
    import polars as pl

    measures: list[tuple[Floats, bool]] = []
    for series in table.iter_columns():
        if series.dtype == pl.Datetime:
            series = series.dt.epoch("us").cast(pl.Float64)
        if series.dtype == pl.Float64:
            values = series.to_numpy()
            known = np.isfinite(values)
            spread = float(values[known].std()) if known.any() else 0.0
            if spread > 0 and np.isfinite(spread):
                scaled = np.where(known, (values - values[known].mean()) / spread, 0.0)
                measures.append((np.clip(scaled, -3.0, 3.0), True))
        elif series.dtype in (pl.String, pl.Boolean) and 1 < series.n_unique() <= table.height // 2:
            measures.append((series.rank("dense").fill_null(0).to_numpy().astype(np.float64), False))
    if len(measures) > _MOST_COLUMNS:
        measures = [measures[place] for place in np.sort(stream.permutation(len(measures))[:_MOST_COLUMNS])]
    return measures


def _pairs(
    measures: list[tuple[Floats, bool]], height: int, rows: int, stream: np.random.Generator
) -> tuple[Ints, Ints]:
    """(rows,) rows to start from, every one about as often, and the nearest of a random crowd to each. Sums are made
    column by column, so that they do not depend on how a library multiplies."""
    own: list[Ints] = []
    near: list[Ints] = []
    while sum(map(len, own)) < rows:
        order = stream.permutation(height)
        for crowd in np.array_split(order, max(1, height // _CROWD)):
            distance = np.zeros((len(crowd), len(crowd)))
            np.fill_diagonal(distance, np.inf)
            for values, number in measures:
                one = values[crowd]
                apart = one[:, None] - one[None, :]
                distance += apart * apart if number else apart != 0.0
            own.append(crowd)
            near.append(crowd[distance.argmin(axis=1)])
            if sum(map(len, own)) >= rows:
                break
    return np.concatenate(own)[:rows], np.concatenate(near)[:rows]
