"""The Gaussian kernel, computed for each pair of rows by itself."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats

_CHUNK_CELLS = 1 << 17


def squared_distances(left: Floats, right: Floats) -> Floats:
    """(left rows, right rows) squared Euclidean distances; each pair's does not depend on the others."""
    from scipy.spatial.distance import cdist

    if left.shape[1] == 0:
        return np.zeros((len(left), len(right)))
    return cdist(np.ascontiguousarray(left), np.ascontiguousarray(right), "sqeuclidean")


def kernel_sums(values: Floats, points: Floats, gamma: float, weights: Floats) -> Floats:
    """(rows, outputs): sum over points of exp(-gamma * distance²) times (outputs, points) weights."""
    result = np.empty((len(values), len(weights)))
    step = max(1, _CHUNK_CELLS // max(1, len(points)))
    for start in range(0, len(values), step):
        part = squared_distances(values[start : start + step], points)
        part *= -gamma
        np.exp(part, out=part)
        weighted = np.empty_like(part)
        for output, row in enumerate(weights):
            np.multiply(part, row, out=weighted)
            result[start : start + step, output] = weighted.sum(axis=1)
    return result
