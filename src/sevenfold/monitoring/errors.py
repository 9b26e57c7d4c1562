"""How far off predictions of numbers are, by rows that are alike: from rows that the model had not learned from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Flags, Floats, Ints
from sevenfold.core.dataset import Schema
from sevenfold.core.report import Score
from sevenfold.core.task import Task
from sevenfold.data.profile import bin_edges
from sevenfold.monitoring.alike import Alike

if TYPE_CHECKING:
    import polars as pl

_LEAST_ROWS = 30
_LEAST_TREE_ROWS = 1_000
_BETTER = 0.99  # of what bins of predictions leave unexplained: then a tree is worth its while
_PRIOR_ROWS = 1.0  # of the mean over all rows, in the mean of a tree's cell: none is empty
_Z = 1.959964
_OF_NUMBERS = {"rmse": 0.5, "mse": 1.0, "mae": 1.0}


@dataclass(frozen=True)
class Errors:
    """Errors of predictions on rows that the model had not learned from, by cells of rows that are alike.

    Args:
        edges: of bins of predictions, which are the cells where `alike` is None.
        rows: (cells,) how many.
        absolute, squared: (cells,) mean absolute and squared error.
        absolute_spread, squared_spread: (cells,) their variances from row to row.
        alike: tells the cell of a row by its inputs as well.
    """

    edges: Floats
    rows: Floats
    absolute: Floats
    squared: Floats
    absolute_spread: Floats
    squared_spread: Floats
    alike: Alike | None = None

    @classmethod
    def of(
        cls,
        predicted: Floats,
        truth: Floats,
        bins: int = 20,
        *,
        table: pl.DataFrame | None = None,
        schema: Schema | None = None,
        task: Task | None = None,
    ) -> Errors | None:
        """Learn from predictions and true values; None where there are too few.

        With inputs, a tree is grown on every second row. If it foretells the errors of the others better than the
        predictions do, its cells are used, with the mean errors of those others: rows that chose a cell because their
        errors were large do not tell how large errors are in it (Athey and Imbens 2016, honest trees).

        Args:
            table, schema, task: typed inputs of the rows, what they are, and what is predicted.
        """
        fine = np.isfinite(predicted) & np.isfinite(truth)
        if table is not None:
            table = table.filter(fine)
        predicted, truth = predicted[fine], truth[fine]
        if len(predicted) < _LEAST_ROWS:
            return None
        edges = bin_edges(predicted, min(bins, len(predicted) // 15))
        off = np.abs(predicted - truth)
        if table is not None and schema is not None and task is not None and len(off) >= _LEAST_TREE_ROWS:
            found = _by_inputs(predicted, off, table, schema, task, edges)
            if found is not None:
                return found
        place, cells = _places(predicted, edges), max(1, len(edges) - 1)
        rows = np.bincount(place, minlength=cells).astype(np.float64)

        def mean(values: Floats) -> Floats:
            overall = float(values.mean())
            sums = np.bincount(place, values, minlength=cells)
            return np.where(rows > 0, sums / np.maximum(rows, 1), overall)

        absolute, squared = mean(off), mean(off**2)
        return cls(edges, rows, absolute, squared, mean(off**2) - absolute**2, mean(off**4) - squared**2)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        made: dict[str, Any] = {name: getattr(self, name).tolist() for name in _ARRAYS}
        return made if self.alike is None else {**made, "alike": self.alike.to_json()}

    @classmethod
    def from_json(cls, data: Any) -> Errors | None:
        """What `to_json` wrote; None where there is none, as in bundles of older versions."""
        if not isinstance(data, Mapping) or "squared_spread" not in data:
            return None
        try:
            edges, rows, *means = (np.array(data[name], dtype=np.float64) for name in _ARRAYS)
            absolute, squared, absolute_spread, squared_spread = means
            alike = Alike.from_json(data["alike"]) if "alike" in data else None
            if alike is not None and alike.cells != len(rows):
                return None
            return cls(edges, rows, absolute, squared, absolute_spread, squared_spread, alike)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def places(self, predicted: Floats, table: pl.DataFrame | None) -> Ints:
        """(rows,) cell of each row."""
        if self.alike is None:
            return _places(predicted, self.edges)
        import polars as pl

        return self.alike.places(predicted, pl.DataFrame() if table is None else table)

    def expected(self, metric: str, predicted: Floats, table: pl.DataFrame | None = None) -> Score | None:
        """The metric that rows like these had, with a 95 % interval for what labels will show.

        The interval allows for the luck of these rows and for what few rows in a cell leave unknown.

        Args:
            table: typed inputs of the rows; without them only the predictions tell rows apart.
        """
        power = _OF_NUMBERS.get(metric)
        fine = np.isfinite(predicted)
        given, table = predicted[fine], None if table is None else table.filter(fine)
        if power is None or len(given) < _LEAST_ROWS:
            return None
        means, spread = (
            (self.absolute, self.absolute_spread) if metric == "mae" else (self.squared, self.squared_spread)
        )
        share = np.bincount(self.places(given, table), minlength=len(means)) / len(given)
        value = float((share * means).sum())
        within = float((share * spread).sum()) + float((share * means**2).sum()) - value**2
        unknown = float((share**2 * spread / np.maximum(self.rows, 1)).sum())
        reach = _Z * float(np.sqrt(max(within, 0.0) / len(given) + unknown))
        low, high = max(0.0, value - reach), value + reach
        return Score(value**power, low**power, high**power, len(given))


_ARRAYS = ("edges", "rows", "absolute", "squared", "absolute_spread", "squared_spread")


def _by_inputs(
    predicted: Floats, off: Floats, table: pl.DataFrame, schema: Schema, task: Task, edges: Floats
) -> Errors | None:
    """Errors in the cells of a tree; None where it tells no more than the predictions do."""
    grown, told = np.arange(len(off)) % 2 == 0, np.arange(len(off)) % 2 == 1
    alike = Alike.of(predicted[grown], off[grown], table.filter(grown), schema, task)
    if alike is None:
        return None
    place, cells = alike.places(predicted, table), alike.cells
    plain, bins = _places(predicted, edges), max(1, len(edges) - 1)
    by_tree, by_bins = (_left(off, of_row, count, grown, told) for of_row, count in ((place, cells), (plain, bins)))
    if by_tree >= _BETTER * by_bins:
        return None
    rows = np.bincount(place[told], minlength=cells).astype(np.float64)

    def mean(values: Floats) -> Floats:
        sums = np.bincount(place[told], values[told], minlength=cells)
        return (sums + _PRIOR_ROWS * float(values.mean())) / (rows + _PRIOR_ROWS)

    absolute, squared = mean(off), mean(off**2)
    return Errors(edges, rows, absolute, squared, mean(off**2) - absolute**2, mean(off**4) - squared**2, alike)


def _left(off: Floats, place: Ints, cells: int, grown: Flags, told: Flags) -> float:
    """Mean squared distance of errors from the mean of their cell, cells' means from the other half of the rows."""
    rows = np.bincount(place[grown], minlength=cells)
    sums = np.bincount(place[grown], off[grown], minlength=cells)
    means = np.where(rows > 0, sums / np.maximum(rows, 1), float(off[grown].mean()))
    return float(((off[told] - means[place[told]]) ** 2).mean())


def _places(values: Floats, edges: Floats) -> Ints:
    """(rows,) bin of each value; those outside belong to the outer bins."""
    if len(edges) <= 2:
        return np.zeros(len(values), dtype=np.int64)
    return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2).astype(np.int64)
