"""Thresholds of libraries that count in float32, for columns in float64."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats

LARGEST = 3.0e38
"""Larger numbers are taken for this one before they become float32."""


def widened(threshold: Floats) -> Floats:
    """The largest float64 that is at most this, once it is held within `LARGEST` and rounded to float32.

    Args:
        threshold: numbers that are float32.
    """
    single = threshold.astype(np.float32)
    with np.errstate(over="ignore"):
        halfway = (threshold + np.nextafter(single, np.float32(np.inf)).astype(np.float64)) / 2
        # Halfway between two neighbours it is rounded to the even one.
        bound = np.where(halfway.astype(np.float32) == single, halfway, np.nextafter(halfway, -np.inf))
    largest = np.float32(LARGEST)
    return np.where(single >= largest, np.inf, np.where(single < -largest, -np.inf, bound))
