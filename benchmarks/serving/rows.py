"""The rows that every server of this comparison is asked about: 20 columns of numbers, for a small LightGBM model."""

from __future__ import annotations

import json

import numpy as np

COLUMNS = tuple(f"x{i:02}" for i in range(20))
ROWS = 4_000
TREES = 100
LEAVES = 31


def features(rows: int = ROWS, seed: int = 0) -> np.ndarray:
    """(rows, 20) standard normal numbers."""
    return np.random.default_rng(seed).normal(size=(rows, len(COLUMNS))).round(4)


def labels(values: np.ndarray, seed: int = 1) -> np.ndarray:
    """(rows,) 0 or 1: a curved function of a few columns, with noise."""
    noise = np.random.default_rng(seed).normal(size=len(values))
    return (values[:, 0] * values[:, 1] + values[:, 2] - values[:, 3] ** 2 + 0.5 * noise > -0.8).astype(int)


def records(count: int) -> list[bytes]:
    """JSON records, one body each."""
    return [json.dumps(dict(zip(COLUMNS, row, strict=True))).encode() for row in features(count, seed=2).tolist()]
