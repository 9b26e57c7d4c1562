"""How likely a gap between the farthest values and the others is, for a tail as heavy as theirs."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats


def chance_of_gap(distances: Floats, farther: float) -> float:
    """Chance that a value lies beyond `farther`, given that it lies beyond all of `distances`.

    Args:
        distances: (rows,) distances from the middle of the values that are not in question.
        farther: the least distance of those that are.
    Source: Hill 1975, the index of a power tail, from the largest hundredth (at least 20) of the distances.
    """
    ordered = np.sort(distances)[::-1]
    ordered = ordered[ordered > 0]
    count = max(20, len(ordered) // 100)
    if len(ordered) <= count or farther <= ordered[0]:
        return 1.0
    excess = float(np.log(ordered[:count] / ordered[count]).mean())
    if excess <= 0:
        return 0.0
    return float((ordered[0] / farther) ** (1 / excess))
