"""Shape functions: for each column a table from bins to contributions, which a person can read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.compiled import RowInputs
from sevenfold.core.errors import BundleError
from sevenfold.core.inputs import Form, Inputs
from sevenfold.core.state import State


@dataclass(frozen=True)
class Binning:
    """How values become bins: number columns by edges, then category columns by code.

    Args:
        names: of the columns, numbers first.
        edges: of each number column, ascending; a value is in the bin of the first edge that is at least as large.
        levels: of each category column, how many codes it has.
    """

    names: tuple[str, ...]
    edges: tuple[Floats, ...]
    levels: tuple[int, ...]

    @classmethod
    def of(cls, inputs: Inputs, most_bins: int) -> Binning:
        """Learn edges: between all values where they are few, else at quantiles."""
        numbers, categories = inputs.get(Form.NUMBERS), inputs.get(Form.CATEGORIES)
        names: tuple[str, ...] = numbers.names if numbers else ()
        edges = tuple(_edges(column, most_bins) for column in numbers.values.T) if numbers else ()
        return cls(
            names + (categories.names if categories else ()), edges, tuple(categories.levels) if categories else ()
        )

    @property
    def sizes(self) -> list[int]:
        """Bins of each column, without the one for missing values."""
        return [len(edges) + 1 for edges in self.edges] + [max(1, level) for level in self.levels]

    def column(self, inputs: Inputs, place: int) -> Ints:
        """(rows,) bins of one column; -1 where missing or unseen."""
        if place < len(self.edges):
            values = inputs[Form.NUMBERS].values[:, place]
            return np.where(np.isnan(values), -1, np.searchsorted(self.edges[place], values)).astype(np.int64)
        codes = inputs[Form.CATEGORIES].values[:, place - len(self.edges)].astype(np.int64)
        return np.where((codes >= 0) & (codes < self.sizes[place]), codes, -1)

    def table(self, inputs: Inputs) -> Floats:
        """(rows, columns) bins as numbers, NaN where missing."""
        bins = np.empty((inputs.rows, len(self.names)))
        for place in range(len(self.names)):
            found = self.column(inputs, place)
            bins[:, place] = np.where(found < 0, np.nan, found)
        return bins


@dataclass(frozen=True)
class Shapes:
    """An additive model: intercept plus one contribution for each column.

    Args:
        binning: of the columns.
        intercept: (outputs,).
        tables: by the place of a column that matters, (bins + 1, outputs); the last row is for missing values.
    """

    binning: Binning
    intercept: Floats
    tables: dict[int, Floats]

    def scores(self, inputs: Inputs) -> Floats:
        """(rows, outputs): contributions added column by column."""
        total = np.tile(self.intercept, (inputs.rows, 1))
        for place, table in self.tables.items():
            # Bin -1 is the last row: that of missing values.
            total += table[self.binning.column(inputs, place)]
        return total

    def row_scores(self) -> Callable[[RowInputs], list[float]]:
        """`scores` of one row as a function."""
        start: list[float] = self.intercept.tolist()
        numbers = len(self.binning.edges)
        edges = [
            (place, self.binning.edges[place].tolist(), t.tolist())
            for place, t in self.tables.items()
            if place < numbers
        ]
        codes = [(place - numbers, t.tolist()) for place, t in self.tables.items() if place >= numbers]
        ordered = list(self.tables) == [place for place, _, _ in edges] + [place + numbers for place, _ in codes]
        if not ordered:
            raise ValueError("the columns stand in another order")

        def scores(row: RowInputs) -> list[float]:
            total = start
            for place, limits, table in edges:
                value = row.numbers[place]
                found = table[-1] if value != value else table[bisect_left(limits, value)]
                total = [a + b for a, b in zip(total, found, strict=True)]
            for place, table in codes:
                code = row.codes[place]
                found = table[code if 0 <= code < len(table) - 1 else -1]
                total = [a + b for a, b in zip(total, found, strict=True)]
            return total

        return scores

    def state(self) -> State:
        """What was learned, as data."""
        return {
            "names": list(self.binning.names),
            "edges": list(self.binning.edges),
            "levels": list(self.binning.levels),
            "intercept": self.intercept,
            "places": list(self.tables),
            "tables": list(self.tables.values()),
        }

    @classmethod
    def restored(cls, state: State) -> Shapes:
        """The shapes whose `state` this is."""
        edges = tuple(np.asarray(edge, np.float64) for edge in state["edges"])
        binning = Binning(tuple(state["names"]), edges, tuple(int(level) for level in state["levels"]))
        intercept = np.asarray(state["intercept"], np.float64)
        tables = dict(zip(map(int, state["places"]), map(_as_table, state["tables"]), strict=True))
        sizes = binning.sizes
        for place, table in tables.items():
            if not 0 <= place < len(sizes) or table.shape != (sizes[place] + 1, len(intercept)):
                raise BundleError("A stored shape function is damaged.", "a row for each bin", str(table.shape))
        return cls(binning, intercept, tables)


def _as_table(values: Any) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _edges(values: Floats, most_bins: int) -> Floats:
    known = np.unique(values[~np.isnan(values)])
    if len(known) > most_bins:
        levels = np.linspace(0, 1, most_bins + 1)[1:-1]
        return np.unique(np.quantile(values[~np.isnan(values)], levels, method="inverted_cdf"))
    return known[:-1]
