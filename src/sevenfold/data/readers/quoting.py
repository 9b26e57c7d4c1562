"""Where quotes and fields stand in delimited bytes, counted in whole blocks rather than character by character."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from sevenfold.core.arrays import Flags, Ints

_BLOCK_BYTES = 2**24
_BREAK, _RETURN = 10, 13


def is_regular(data: bytes, mark: str, quote: str) -> bool:
    """Whether every quote opens a field, closes one, or is doubled within one (RFC 4180).

    Then, and only then, do all parsers agree on the rows. Quotes at even places must open (or follow at once
    upon the one before), quotes at odd places must close (or be followed at once).
    """
    view = np.frombuffer(data, np.uint8)
    opening, closing = np.zeros(256, np.bool_), np.zeros(256, np.bool_)
    opening[[ord(mark), _BREAK]] = True
    closing[[ord(mark), _BREAK, _RETURN, ord(quote)]] = True
    last, count = -2, 0
    for start in range(0, len(view), _BLOCK_BYTES):
        at = np.flatnonzero(view[start : start + _BLOCK_BYTES] == ord(quote)) + start
        if not len(at):
            continue
        opens = opening[view[at - 1]] | (at == 0) | (np.diff(at, prepend=last) == 1)
        closes = closing[view[np.minimum(at + 1, len(view) - 1)]]
        if not np.all(np.where((np.arange(len(at)) + count) % 2 == 0, opens, closes)):
            return False
        last, count = int(at[-1]), count + len(at)
    return count % 2 == 0


def has_opening(data: bytes, mark: str, quote: str) -> bool:
    """Whether any field begins with a quote (spaces before it allowed)."""
    start = rb"(?:\A|[\n\r" + re.escape(mark.encode()) + rb"]) *" + re.escape(quote.encode())
    return re.search(start, data) is not None


@dataclass(frozen=True)
class Rows:
    """Widths of the rows of a delimited text.

    Args:
        fields: (rows,) number of fields in each.
        blank: (rows,) whether the line is empty.
        starts: (rows,) position of the first byte of each.
    """

    fields: Ints
    blank: Flags
    starts: Ints

    def content(self, data: bytes, row: int) -> bytes:
        """The bytes of one row, line break included."""
        stop = self.starts[row + 1] if row + 1 < len(self.starts) else len(data)
        return data[int(self.starts[row]) : int(stop)]


def measure(data: bytes, mark: str, quote: str | None) -> Rows:
    """Fields of every row of regular text; delimiters and line breaks within quotes do not count."""
    view = np.frombuffer(data, np.uint8)
    ends: list[Ints] = []
    marks_before: list[Ints] = []
    inside = marks = 0
    for start in range(0, len(view), _BLOCK_BYTES):
        block = view[start : start + _BLOCK_BYTES]
        is_break, is_mark = block == _BREAK, block == ord(mark)
        if quote is not None:
            # The running count may wrap at 256: only whether it is even matters.
            parity = (np.cumsum(block == ord(quote), dtype=np.uint8) + inside) & 1
            is_break &= parity == 0
            is_mark &= parity == 0
            inside = int(parity[-1])
        at = np.flatnonzero(is_break)
        where = np.flatnonzero(is_mark)
        ends.append(at + start)
        marks_before.append(np.searchsorted(where, at) + marks)
        marks += len(where)
    if len(view) and (view[-1] != _BREAK or inside):
        ends.append(np.array([len(view)]))
        marks_before.append(np.array([marks]))
    stops = np.concatenate([[-1], *ends]).astype(np.int64)
    counts = np.concatenate([[0], *marks_before]).astype(np.int64)
    starts, lengths = stops[:-1] + 1, np.diff(stops) - 1
    blank = lengths == 0
    single = np.flatnonzero(lengths == 1)
    blank[single] = view[starts[single]] == _RETURN
    return Rows(np.diff(counts) + 1, blank, starts)
