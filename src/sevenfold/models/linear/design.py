"""The matrix a linear model sees: standardised dense columns and bounded sparse ones, side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.compiled import RowInputs, SparseRow
from sevenfold.core.inputs import Form, Inputs
from sevenfold.core.state import State
from sevenfold.models.scaling import Scaling

_FARTHEST = 1e9


@dataclass(frozen=True)
class Encoder:
    """How inputs become a design: learned on training rows.

    Args:
        scaling: of the NUMBERS block.
        sparse_unit: (sparse columns,) by which a sparse column is divided: its largest size, at least 1. Sparse
            columns are not centred, which would fill them; TF-IDF and one-hot columns stay as they are.
    """

    scaling: Scaling
    sparse_unit: Floats

    @classmethod
    def of(cls, inputs: Inputs, weights: Floats | None) -> Encoder:
        """Learn scales from training rows."""
        numbers, sparse = inputs.get(Form.NUMBERS), inputs.get(Form.SPARSE)
        scaling = Scaling.of(numbers.values if numbers else np.empty((inputs.rows, 0)), weights)
        if sparse is None:
            return cls(scaling, np.empty(0))
        largest = np.asarray(abs(sparse.values).max(axis=0).todense(), dtype=float).ravel()
        return cls(scaling, np.maximum(largest, 1.0))

    def encode(self, inputs: Inputs) -> Design:
        """The design of other rows."""
        numbers, sparse = inputs.get(Form.NUMBERS), inputs.get(Form.SPARSE)
        dense = self.scaling.apply(numbers.values if numbers else np.empty((inputs.rows, 0)))
        if sparse is None:
            return Design(dense, None)
        values = sparse.values.tocsr().astype(np.float64, copy=True)
        values.sort_indices()
        values.data = np.clip(values.data / self.sparse_unit[values.indices], -_FARTHEST, _FARTHEST)
        return Design(dense, values)

    def row(self) -> Callable[[RowInputs], tuple[Floats, SparseRow | None]]:
        """`encode` of one row as a function: (columns,) dense values and sparse ones."""
        dense, unit = self.scaling.row(), self.sparse_unit.tolist()
        as_they_are = bool((self.sparse_unit == 1.0).all())

        def encode(row: RowInputs) -> tuple[Floats, SparseRow | None]:
            if row.sparse is None:
                return dense(row.numbers), None
            places, shares = row.sparse.places, row.sparse.values
            if not as_they_are:
                shares = [value / unit[place] for place, value in zip(places, shares, strict=True)]
            if not shares or (max(shares) <= _FARTHEST and min(shares) >= -_FARTHEST):
                return dense(row.numbers), SparseRow(places, shares)
            return dense(row.numbers), SparseRow(places, [min(max(v, -_FARTHEST), _FARTHEST) for v in shares])

        return encode

    def state(self) -> State:
        """What was learned, as data."""
        return {"scaling": self.scaling.state(), "sparse_unit": self.sparse_unit}

    @classmethod
    def restored(cls, state: State) -> Encoder:
        """The encoder whose `state` this is."""
        return cls(Scaling.restored(state["scaling"]), np.asarray(state["sparse_unit"], float))


@dataclass(frozen=True)
class Design:
    """(rows, columns) dense values, and a csr_matrix of the same rows or None."""

    dense: Floats
    sparse: Any

    @property
    def rows(self) -> int:
        """How many rows."""
        return int(self.dense.shape[0])

    @property
    def columns(self) -> int:
        """How many columns, dense ones first."""
        return int(self.dense.shape[1]) + (0 if self.sparse is None else int(self.sparse.shape[1]))

    def times(self, weights: Floats) -> Floats:
        """(rows, outputs) fast products with (outputs, columns); not for prediction, see `rowwise`."""
        split = self.dense.shape[1]
        result = self.dense @ weights[:, :split].T
        if self.sparse is not None:
            result += np.asarray(self.sparse @ np.ascontiguousarray(weights[:, split:].T))
        return result

    def transposed_times(self, values: Floats) -> Floats:
        """(outputs, columns) of (rows, outputs)."""
        dense = (self.dense.T @ values).T
        if self.sparse is None:
            return dense
        return np.concatenate([dense, np.asarray(self.sparse.T @ values).T], axis=1)

    def joined(self) -> Any:
        """One matrix for libraries: dense, or csr where there are sparse columns."""
        if self.sparse is None:
            return self.dense
        if self.dense.shape[1] == 0:
            return self.sparse
        from scipy import sparse

        return sparse.hstack([sparse.csr_matrix(self.dense), self.sparse], format="csr")

    def take(self, rows: Ints) -> Design:
        """Some rows only."""
        return Design(self.dense[rows], None if self.sparse is None else self.sparse[rows])
