"""Products whose every row is computed by itself, so that one row alone gives what it gives within a batch.

A matrix product by BLAS may round differently with the number of rows; a sum along the last, contiguous axis does not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats

_CHUNK_CELLS = 1 << 16


def weighted_sums(values: Floats, weights: Floats) -> Floats:
    """(rows, outputs) sums of (rows, columns) values times (outputs, columns) weights."""
    values = np.ascontiguousarray(values)
    rows, columns = values.shape
    result = np.zeros((rows, len(weights)))
    if columns == 0:
        return result
    step = max(1, _CHUNK_CELLS // columns)
    for start in range(0, rows, step):
        part = values[start : start + step]
        for output, row in enumerate(weights):
            result[start : start + step, output] = (part * row).sum(axis=1)
    return result


def sparse_weighted_sums(values: Any, weights: Floats) -> Floats:
    """The same for a csr_matrix: each row adds its stored entries in order of column."""
    if not values.has_sorted_indices:
        values = values.sorted_indices()
    return np.asarray(values @ np.ascontiguousarray(weights.T))
