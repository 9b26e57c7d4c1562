"""Words and characters of many texts at once, as 64-bit hashes of n-grams, by array arithmetic alone.

All texts are laid end to end as code points. The hash of a stretch is the polynomial sum of its mixed code points,
read off running sums modulo 2**64, so that no Python loop touches a token. The same text gives the same hashes
in any batch, on any machine, in any version.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sevenfold.core.arrays import Flags, Ints

_TAG = re.compile(r"<[^<>\x00]{1,200}>")
_BREAK = "\x00"
_BASE = 0x9E3779B97F4A7C15 | 1
_INVERSE = pow(_BASE, -1, 2**64)
_SPACE = 0x20


@dataclass(frozen=True)
class Grams:
    """N-grams of a batch of texts.

    Args:
        rows: (grams,) the text each belongs to, ascending within one length of n-gram.
        hashes: (grams,) uint64.
        starts, ends: (grams,) where each lies in `points`.
        points: code points of the prepared texts, end to end.
    """

    rows: Ints
    hashes: np.ndarray[tuple[int], np.dtype[np.uint64]]
    starts: Ints
    ends: Ints
    points: np.ndarray[tuple[int], np.dtype[np.uint32]]

    def text(self, gram: int) -> str:
        """The characters of one n-gram."""
        return "".join(map(chr, self.points[self.starts[gram] : self.ends[gram]].tolist()))


def prepare(texts: Sequence[str | None], longest: int) -> str:
    """Lower case, without HTML tags, at most `longest` characters each, end to end with breaks around each."""
    cut = (("" if text is None else text.replace(_BREAK, " "))[:longest] for text in texts)
    joined = _BREAK + _BREAK.join(cut) + _BREAK
    if "<" in joined:
        joined = _TAG.sub(" ", joined)
    return joined.lower()


def words(joined: str, low: int, high: int) -> Grams:
    """N-grams of `low` to `high` words that follow each other in one text. A word is letters, digits, marks and _."""
    points = _points(joined)
    inside = _word_characters(points)
    # One space between words and breaks between texts: what separates two words in the source does not matter.
    keep = inside.copy()
    keep[1:] |= inside[:-1]
    breaks = points == 0
    keep |= breaks
    points = np.where(inside | breaks, points, np.uint32(_SPACE))[keep]
    inside, breaks = inside[keep], breaks[keep]
    edges = np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    rows = np.cumsum(breaks)[starts] - 1
    parts = [_several(rows, starts, ends, count) for count in range(low, high + 1)]
    return _hashed(points, parts)


def characters(joined: str, low: int, high: int) -> Grams:
    """N-grams of `low` to `high` characters within words, whose borders count as a space each."""
    points = _points(joined)
    blank = _blank_characters(points)
    breaks = points == 0
    # Each word keeps the blank after it, and the first word of a text needs one before it: the break serves.
    keep = ~blank
    keep[1:] |= ~blank[:-1]
    keep[:-1] &= ~(blank[:-1] & breaks[1:])
    keep |= breaks
    points = np.where(blank, np.uint32(_SPACE), points)[keep]
    blank = points == _SPACE
    rows = np.cumsum(breaks[keep]) - 1
    gaps = np.concatenate([[0], np.cumsum(blank)])
    parts: list[tuple[Ints, Ints, Ints]] = []
    for length in range(low, high + 1):
        if length > len(points):
            break
        starts = np.arange(len(points) - length + 1)
        # No blank inside, and not two blanks side by side (an empty text).
        whole = gaps[starts + max(length - 1, 1)] - gaps[starts + 1] == 0
        whole &= ~blank[starts] | (~blank[starts + 1] if length > 1 else False)
        starts = starts[whole]
        parts.append((rows[starts], starts, starts + length))
    return _hashed(points, parts)


def _several(rows: Ints, starts: Ints, ends: Ints, count: int) -> tuple[Ints, Ints, Ints]:
    if count == 1:
        return rows, starts, ends
    if len(rows) < count:
        return rows[:0], starts[:0], ends[:0]
    together = rows[: len(rows) - count + 1] == rows[count - 1 :]
    return rows[: len(together)][together], starts[: len(together)][together], ends[count - 1 :][together]


def _points(joined: str) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    return np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _seen(points: np.ndarray[tuple[int], np.dtype[np.uint32]]) -> list[int]:
    present = np.zeros(int(points.max(initial=0)) + 1, dtype=np.bool_)
    present[points] = True
    return np.flatnonzero(present).tolist()


def _lookup(points: np.ndarray[tuple[int], np.dtype[np.uint32]], chosen: list[int]) -> Flags:
    table = np.zeros(int(points.max(initial=0)) + 1, dtype=np.bool_)
    table[chosen] = True
    return table[points]


def _word_characters(points: np.ndarray[tuple[int], np.dtype[np.uint32]]) -> Flags:
    chosen = [p for p in _seen(points) if unicodedata.category(chr(p))[0] in "LNM" or p == ord("_")]
    return _lookup(points, chosen)


def _blank_characters(points: np.ndarray[tuple[int], np.dtype[np.uint32]]) -> Flags:
    """White space and breaks."""
    return _lookup(points, [p for p in _seen(points) if p == 0 or chr(p).isspace()])


def _hashed(points: np.ndarray[tuple[int], np.dtype[np.uint32]], parts: list[tuple[Ints, Ints, Ints]]) -> Grams:
    empty = np.empty(0, dtype=np.int64)
    rows = np.concatenate([empty, *(part[0] for part in parts)])
    starts = np.concatenate([empty, *(part[1] for part in parts)])
    ends = np.concatenate([empty, *(part[2] for part in parts)])
    with np.errstate(over="ignore"):
        powers = _powers(_BASE, len(points))
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(_mixed(points) * powers, dtype=np.uint64)])
        hashes = (sums[ends] - sums[starts]) * _powers(_INVERSE, len(points) + 1)[starts]
    return Grams(rows, hashes, starts, ends, points)


def _powers(base: int, count: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """1, base, base**2, ... modulo 2**64."""
    factors = np.full(count, base, dtype=np.uint64)
    factors[:1] = 1
    return np.cumprod(factors, dtype=np.uint64)


def _mixed(points: np.ndarray[tuple[int], np.dtype[np.uint32]]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Code points spread over 64 bits (the finaliser of SplitMix64), so that like characters are not alike."""
    mixed = points.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
