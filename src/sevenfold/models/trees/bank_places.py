"""Where the columns of one row lie among the thresholds of a bank, and which rows of its table that means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sevenfold.core.arrays import Ints


@dataclass(frozen=True)
class Column:
    """A column that some tree asks about.

    Args:
        place: among the row's columns.
        bounds: thresholds of all trees, ascending.
        rows: (bounds + 2, cells) rows of the table for each interval, at last those for NaN.
    """

    place: int
    bounds: list[float]
    rows: npt.NDArray[np.int32]


@dataclass(frozen=True)
class Places:
    """The columns' rows end to end, and their bounds so that one search serves all columns.

    Args:
        asked: (columns,) places among the row's columns.
        bounds: complex numbers, ordered by column (real part), then by bound.
        begins, ends: (columns,) where a column's bounds begin, and one place behind the last.
        rows: all columns' rows, at last the table's row that rules nothing out.
        firsts, widths: (columns,) where a column's rows begin, and how long one is.
    """

    asked: Ints
    bounds: npt.NDArray[np.complex128]
    begins: Ints
    ends: Ints
    rows: Ints
    firsts: Ints
    widths: Ints

    @classmethod
    def of(cls, columns: Sequence[Column], nothing: int) -> Places:
        """Those of some columns."""
        counts, sizes = [len(column.bounds) for column in columns], [column.rows.size for column in columns]
        # The last one is of no column: behind it NaN is found, in the last column too.
        bounds = np.empty(sum(counts) + 1, np.complex128)
        bounds.real = np.repeat(np.arange(len(columns) + 1), [*counts, 1])
        bounds.imag = [*(bound for column in columns for bound in column.bounds), 0.0]
        begins = np.cumsum([0, *counts])[:-1]
        return cls(
            np.array([column.place for column in columns], np.int64),
            bounds,
            begins,
            begins + np.array(counts, np.int64) + 1,
            np.concatenate([*(column.rows.ravel() for column in columns), [nothing]]).astype(np.int32),
            np.cumsum([0, *sizes])[:-1],
            np.array([column.rows.shape[1] for column in columns], np.int64),
        )

    def asker(self, order: Ints) -> Callable[[Sequence[float]], Ints]:
        """From one row's columns to the table's rows.

        Args:
            order: wanted ones, as places among the rows of all columns for one row, then the one that rules nothing
                out.
        """
        # Of each wanted row its column and its place there; the last column is the one that rules nothing out.
        column = np.repeat(np.arange(len(self.widths) + 1), [*self.widths.tolist(), 1])
        first = np.cumsum([0, *self.widths.tolist()])
        of, place = column[order], order - first[column[order]]
        asked, begins, ends, widths, rows = self.asked, self.begins, self.ends, self.widths, self.rows
        firsts = np.append(self.firsts - begins * widths, len(rows) - 1)
        search, least, array = self.bounds.searchsorted, np.minimum, np.array
        keys = np.arange(len(asked)).astype(np.complex128)
        empty = not len(asked)

        def places(values: Sequence[float]) -> Ints:
            if empty:
                return rows.take(order)
            own = keys.copy()
            own.imag = array(values).take(asked)
            interval = search(own)
            least(interval, ends, out=interval)  # NaN is found behind all others: its rows are a column's last
            interval *= widths
            begin = firsts.copy()
            begin[:-1] += interval
            wanted = begin.take(of)
            wanted += place
            return rows.take(wanted)

        return places
