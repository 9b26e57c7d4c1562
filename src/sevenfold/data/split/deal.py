"""Deal units (rows, or rows that belong together) to parts, stratum by stratum, in proportion to shares."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats, Ints

_LOOPED = 50_000  # units larger than one row that are placed one by one; beyond that, by a low-discrepancy sequence
_GOLDEN = 0.6180339887498949


def deal(strata: Ints, sizes: Ints, shares: Floats, stream: np.random.Generator) -> Ints:
    """A part for each unit, so that each stratum's rows, and all rows, come near the shares.

    What a stratum gives too much or too little to a part is carried over to the next stratum.

    Args:
        strata: (units,) stratum of each unit.
        sizes: (units,) rows of each unit, at least 1.
        shares: (parts,) wanted share of the rows, sums to 1.
    Returns:
        (units,) part of each unit.
    """
    part_of = np.zeros(len(strata), dtype=np.int64)
    carried = np.zeros(len(shares))
    order = stream.permutation(len(strata))
    order = order[np.argsort(strata[order], kind="stable")]
    edges = np.flatnonzero(np.diff(strata[order])) + 1
    blocks = np.split(order, edges)
    blocks.sort(key=lambda units: int(sizes[units].sum()))  # rare strata first, while the carry is still small
    for units in blocks:
        owed = sizes[units].sum() * shares + carried
        large = units[sizes[units] > 1]
        if len(large) > _LOOPED:
            owed = _sow(large, sizes, shares, owed, part_of, stream)
        else:
            for unit in large[np.argsort(-sizes[large], kind="stable")]:
                part = _neediest(owed, shares, int(sizes[unit]))
                part_of[unit] = part
                owed[part] -= sizes[unit]
        single = units[sizes[units] == 1]
        counts = _fill(owed, len(single))
        part_of[single] = np.repeat(np.arange(len(shares)), counts)
        carried = owed - counts
    return part_of


def _neediest(owed: Floats, shares: Floats, size: int) -> int:
    """The part to which most is owed for its share, so that large units go to small parts too, where they fit."""
    fits = owed >= size / 2
    if not fits.any():
        return int(np.argmax(owed))
    return int(np.argmax(np.where(fits, owed / shares, -np.inf)))


def _sow(units: Ints, sizes: Ints, shares: Floats, owed: Floats, part_of: Ints, stream: np.random.Generator) -> Floats:
    """Place very many units at once, largest first, each size spread evenly; what is still owed."""
    ordered = units[np.argsort(-sizes[units], kind="stable")]
    points = (stream.random() + _GOLDEN * np.arange(len(ordered))) % 1.0
    parts = np.minimum(np.searchsorted(np.cumsum(shares), points, side="right"), len(shares) - 1)
    part_of[ordered] = parts
    return np.asarray(owed - np.bincount(parts, weights=sizes[ordered], minlength=len(shares)), dtype=np.float64)


def _fill(owed: Floats, units: int) -> Ints:
    """How many single rows each part gets: as near to what is owed as whole numbers allow, `units` in all."""
    wanted = np.maximum(owed, 0.0)
    if wanted.sum() > 0:
        wanted = wanted * (units / wanted.sum())
    counts = np.floor(wanted + 1e-9).astype(np.int64)
    left = units - int(counts.sum())
    while left > 0:
        best = np.argsort(-(owed - counts), kind="stable")[:left]
        counts[best] += 1
        left = units - int(counts.sum())
    return counts
