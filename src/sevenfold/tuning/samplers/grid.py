"""Grid search: every combination of a few values of each dimension, in an order that spreads early."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sevenfold.core.space import Space
from sevenfold.tuning.samplers.base import Sampler

_LARGEST = 10_000  # points; dimensions get fewer values until the grid is no larger


class GridSampler(Sampler):
    """Visits the grid in a fixed shuffled order, so a search that is cut short has seen all regions."""

    def propose(
        self, space: Space, told: Sequence[tuple[dict[str, Any], float]], number: int, stream: np.random.Generator
    ) -> dict[str, Any] | None:
        """The point of that number, or None past the last."""
        names = list(space)
        axes = _axes(space)
        size = int(np.prod([len(axis) for axis in axes])) if axes else 1
        if number >= size:
            return None
        # A step coprime to the size visits every point once.
        step = next(s for s in range(int(size * 0.618) + 1, 2 * size + 2) if np.gcd(s, size) == 1)
        index = (number * step) % size
        point: dict[str, Any] = {}
        for name, axis in zip(names, axes, strict=True):
            index, at = divmod(index, len(axis))
            point[name] = axis[at]
        return point


def _axes(space: Space) -> list[list[Any]]:
    for points in (5, 4, 3, 2):
        axes = [dimension.grid(points) for dimension in space.values()]
        if np.prod([float(len(axis)) for axis in axes]) <= _LARGEST:
            return axes
    return axes
