"""One matrix of all blocks for libraries that learn trees: numbers first, then categories, then sparse columns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sevenfold.core.compiled import RowInputs
from sevenfold.core.inputs import Form, Inputs

_LARGEST_FLOAT32 = 3.0e38


def tree_table(inputs: Inputs) -> tuple[Any, list[int]]:
    """(rows, columns) float64 with NaN where missing, or a csr_matrix; and the places of categories, coded from 0."""
    numbers, categories, sparse = (inputs.get(form) for form in (Form.NUMBERS, Form.CATEGORIES, Form.SPARSE))
    parts: list[Any] = []
    if numbers is not None:
        parts.append(numbers.values)
    places: list[int] = []
    if categories is not None:
        start = 0 if numbers is None else numbers.values.shape[1]
        places = list(range(start, start + categories.values.shape[1]))
        parts.append(np.where(categories.values >= 0, categories.values.astype(np.float64), np.nan))
    if sparse is not None:
        from scipy import sparse as scipy_sparse

        if not parts:
            return sparse.values.tocsr(), places
        return scipy_sparse.hstack([*map(scipy_sparse.csr_matrix, parts), sparse.values], format="csr"), places
    if not parts:
        return np.empty((inputs.rows, 0)), places
    joined = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    return np.ascontiguousarray(joined, dtype=np.float64), places


def tree_row(row: RowInputs, columns: int) -> list[float]:
    """One row of `tree_table`, of so many columns, sparse ones filled with 0 as tree libraries take them."""
    if not row.codes and row.sparse is None:
        return row.numbers
    dense = row.numbers + [float(code) if code >= 0 else math.nan for code in row.codes]
    if row.sparse is None:
        return dense
    start = len(dense)
    dense += [0.0] * (columns - start)
    for place, value in zip(row.sparse.places, row.sparse.values, strict=True):
        dense[start + place] = value
    return dense


def in_float32(values: Any) -> Any:
    """The values as float32, the largest ones held within its range; NaN stays."""
    return np.clip(values, -_LARGEST_FLOAT32, _LARGEST_FLOAT32).astype(np.float32)
