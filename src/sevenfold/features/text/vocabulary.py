"""Finding hashes in a sorted vocabulary, many at a time."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sevenfold.core.arrays import Ints

Hashes: TypeAlias = npt.NDArray[np.uint64]


class Vocabulary:
    """A sorted array of hashes with a table of where each run of leading bits begins.

    The table has eight places for each hash, so that most look-ups read one place instead of the fifteen or so of
    a binary search.
    """

    def __init__(self, hashes: Hashes) -> None:
        self.hashes = hashes
        bits = max(3, len(hashes).bit_length() + 3)
        self._shift = np.uint64(64 - bits)
        leading = (hashes >> self._shift).astype(np.int64)
        self._starts = np.searchsorted(leading, np.arange(2**bits + 1)).astype(np.int32)
        self._longest = int(np.diff(self._starts).max(initial=0))

    def __len__(self) -> int:
        return len(self.hashes)

    def find(self, wanted: Hashes) -> Ints:
        """(wanted,) places in the vocabulary; -1 where it lacks the hash."""
        found = np.full(len(wanted), -1, dtype=np.int64)
        bucket = (wanted >> self._shift).astype(np.int64)
        first, end = self._starts[bucket], self._starts[bucket + 1]
        open_ = np.flatnonzero(first < end)
        for step in range(self._longest):
            place = first[open_] + step
            hit = self.hashes[place] == wanted[open_]
            found[open_[hit]] = place[hit]
            open_ = open_[~hit & (place + 1 < end[open_])]
        return found


def counted(values: npt.NDArray[np.generic]) -> tuple[npt.NDArray[np.generic], Ints]:
    """Distinct values in ascending order and how often each occurs, by one sort."""
    ordered = np.sort(values)
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(ordered) else np.arange(0)
    return ordered[starts], np.diff(np.append(starts, len(ordered)))
