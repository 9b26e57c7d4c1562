"""Which rows are alike in how far off their predictions are: cells of a small tree over prediction and inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.task import Task
from sevenfold.data.profile import bin_edges
from sevenfold.monitoring.small_tree import grow

if TYPE_CHECKING:
    import polars as pl

_BINS = 16
_LEAST_LABEL_ROWS = 30
_MOST_COLUMNS = 200
_LEAVES = 16
_LEAF_ROWS = 50


@dataclass(frozen=True)
class Coded:
    """One column as small whole numbers; 0 for what is missing, unknown or not there.

    Args:
        name: of the column; "" for the prediction.
        edges: of bins, where it holds numbers.
        levels: code of each label that is frequent, by growing error.
    """

    name: str
    edges: Floats
    levels: Mapping[str, int]

    def codes(self, series: pl.Series) -> Ints:
        """(rows,) codes."""
        import polars as pl

        if self.levels:
            texts = series.cast(pl.String)
            return texts.replace_strict(dict(self.levels), default=0, return_dtype=pl.Int64).to_numpy()
        values = series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        places = np.clip(np.searchsorted(self.edges, values, side="right"), 1, max(len(self.edges) - 1, 1))
        return np.where(np.isnan(values), 0, places).astype(np.int64)


@dataclass(frozen=True)
class Alike:
    """A tree: rows with codes at most the threshold go left.

    Args:
        columns: what is looked at, the prediction first.
        column: (nodes,) place among the columns; -1 for a leaf.
        threshold, left, right: (nodes,).
        cell: (nodes,) number of a leaf's cell, from 0.
    """

    columns: tuple[Coded, ...]
    column: Ints
    threshold: Floats
    left: Ints
    right: Ints
    cell: Ints

    @property
    def cells(self) -> int:
        """How many."""
        return int(self.cell.max()) + 1

    @classmethod
    def of(cls, predicted: Floats, off: Floats, table: pl.DataFrame, schema: Schema, task: Task) -> Alike | None:
        """Learn from absolute errors of rows that the model had not learned from; None where one cell is all.

        Args:
            predicted, off: (rows,) predictions and absolute errors.
            table: their typed inputs.
        """
        kinds = (Kind.NUMBER, Kind.CATEGORY, Kind.FLAG)
        names = [c.name for c in schema if c.used and c.kind in kinds and c.name not in task.apart]
        names = [name for name in names if name in table.columns and name != task.target][:_MOST_COLUMNS]
        columns = [Coded("", bin_edges(predicted, _BINS), {})]
        columns += [_coded(table.get_column(name), off, schema[name].kind) for name in names]
        columns = [column for column in columns if column.levels or len(column.edges) > 1]
        codes = _codes(columns, predicted, table)
        grown = grow(codes, off, _LEAVES, max(_LEAF_ROWS, len(off) // 50))
        leaves = grown.column < 0
        if leaves.sum() < 2:
            return None
        cell = np.where(leaves, np.cumsum(leaves) - 1, 0).astype(np.int64)
        return cls(tuple(columns), grown.column, grown.threshold, grown.left, grown.right, cell)

    def places(self, predicted: Floats, table: pl.DataFrame) -> Ints:
        """(rows,) cell of each row; columns that the table lacks count as missing."""
        codes = _codes(self.columns, predicted, table)
        node = np.zeros(len(predicted), dtype=np.int64)
        rows = np.arange(len(predicted))
        for _ in range(len(self.column)):
            column = self.column[node]
            if (column < 0).all():
                break
            left = codes[rows, np.maximum(column, 0)] <= self.threshold[node]
            node = np.where(column < 0, node, np.where(left, self.left[node], self.right[node]))
        return self.cell[node]

    def to_json(self) -> dict[str, Any]:
        """Plain data; only the columns that a node looks at."""
        used = sorted(set(self.column[self.column >= 0].tolist()))
        place = {old: new for new, old in enumerate(used)}
        columns = [self.columns[old] for old in used]
        return {
            "columns": [{"name": c.name, "edges": c.edges.tolist(), "levels": dict(c.levels)} for c in columns],
            "column": [place.get(old, -1) for old in self.column.tolist()],
            "threshold": self.threshold.tolist(),
            "left": self.left.tolist(),
            "right": self.right.tolist(),
            "cell": self.cell.tolist(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Alike:
        """What `to_json` wrote.

        Raises:
            ValueError, KeyError, TypeError: it is not.
        """
        columns = tuple(map(_coded_from_json, data["columns"]))
        column, left, right, cell = (np.array(data[n], dtype=np.int64) for n in ("column", "left", "right", "cell"))
        made = cls(columns, column, np.array(data["threshold"], dtype=np.float64), left, right, cell)
        nodes, inner = np.arange(len(column)), column >= 0
        sound = len(column) and column.max() < len(columns) and cell.min() >= 0
        for child in (left, right):  # further on, so that every way ends
            sound = sound and (child[inner] > nodes[inner]).all() and (child[inner] < len(nodes)).all()
        if not sound or not (len(made.threshold) == len(left) == len(right) == len(cell) == len(nodes)):
            raise ValueError("no tree")
        return made


def _coded_from_json(data: Mapping[str, Any]) -> Coded:
    levels = {str(label): int(code) for label, code in data["levels"].items()}
    return Coded(str(data["name"]), np.array(data["edges"], dtype=np.float64), levels)


def _coded(series: pl.Series, off: Floats, kind: Kind) -> Coded:
    import polars as pl

    if kind is Kind.NUMBER:
        values = series.drop_nulls().to_numpy()
        return Coded(series.name, bin_edges(values[np.isfinite(values)], _BINS), {})
    frame = pl.DataFrame({"label": series.cast(pl.String), "off": off}).drop_nulls()
    means = frame.group_by("label").agg(pl.len().alias("rows"), pl.col("off").mean())
    kept = means.filter(pl.col("rows") >= _LEAST_LABEL_ROWS).sort("off", "label").get_column("label").to_list()
    return Coded(series.name, np.empty(0), {label: code for code, label in enumerate(kept, 1)})


def _codes(columns: Sequence[Coded], predicted: Floats, table: pl.DataFrame) -> Ints:
    """(rows, columns)."""
    import polars as pl

    made = [
        column.codes(table.get_column(column.name) if column.name else pl.Series(predicted))
        if not column.name or column.name in table.columns
        else np.zeros(len(predicted), dtype=np.int64)
        for column in columns
    ]
    return np.stack(made, axis=1)
