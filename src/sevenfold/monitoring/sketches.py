"""Exact counts of a column's values in bins that were frozen at training; merging is addition.

The memory a sketch takes depends on the bins alone, not on the rows it has seen or the values they hold.
"""

from __future__ import annotations

import datetime
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.errors import DataError

if TYPE_CHECKING:
    import polars as pl

_DAY_SECONDS = 86400.0
MISSING = 0  # the first cell of every kind of bins


class Bins(ABC):
    """Into which cell each value of a column falls. Cell 0 is for missing values."""

    @property
    def ordered(self) -> bool:
        """Whether the other cells ascend, so that values can move from one to the next."""
        return False

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """One name a cell."""

    @abstractmethod
    def count(self, series: pl.Series) -> Ints:
        """(cells,) how many values fall into each cell."""


@final
@dataclass(frozen=True)
class NumberBins(Bins):
    """Cells between edges: below the first, [edge, next edge), ..., [edge, last edge], above the last.

    Texts are counted by their number of characters, sequences by their length.

    Args:
        edges: ascending, finite, at least two; see `data.profile.ColumnProfile`.
    """

    edges: tuple[float, ...]

    @property
    def ordered(self) -> bool:
        """They do."""
        return True

    @property
    def names(self) -> tuple[str, ...]:
        """Limits of each cell."""
        inner = [f"{low:g} to {high:g}" for low, high in zip(self.edges, self.edges[1:], strict=False)]
        return ("missing", f"below {self.edges[0]:g}", *inner, f"above {self.edges[-1]:g}")

    def count(self, series: pl.Series) -> Ints:
        """Counts of a Float64, String or List series; infinite values fall into the outer cells."""
        counts = self._in_bins(_numbers(series))
        counts[MISSING] = series.null_count()
        return counts

    @cached_property
    def _limits(self) -> Floats:
        return np.array(self.edges)

    def _in_bins(self, values: Floats) -> Ints:
        """(cells,) counts as `data.profile.bin_counts` gives them, with no missing ones; one pass of numpy or two."""
        limits, last = self._limits, len(self.edges)
        if last == 2 and self.edges[0] == self.edges[1]:
            from sevenfold.data.profile import bin_counts

            return np.concatenate([[0], bin_counts(values, limits)]).astype(np.int64)
        places = limits.searchsorted(values, side="right")
        counts = np.zeros(last + 2, dtype=np.int64)
        counts[1:] = np.bincount(places, minlength=last + 1)
        if counts[-1]:  # the last edge itself belongs below it, and what is no number nowhere
            above = int((values > limits[-1]).sum())
            counts[-2] += int((values == limits[-1]).sum())
            counts[-1] = above
        return counts


def _numbers(series: pl.Series) -> Floats:
    """What is present, as numbers. Numbers come without a query of polars, which is dear beside a busy server."""
    import polars as pl

    if series.dtype == pl.Float64:
        values = series.to_numpy()
        gaps = np.isnan(values)
        if gaps.sum() == series.null_count():
            return values[~gaps] if gaps.any() else values
    present = series.drop_nulls()
    if series.dtype == pl.String:
        present = present.str.len_chars()
    elif isinstance(series.dtype, pl.List):
        present = present.list.len()
    return present.cast(pl.Float64).to_numpy()


@final
@dataclass(frozen=True)
class CategoryBins(Bins):
    """A cell for each frequent value, one for the other known values, one for values that training has not seen.

    Args:
        top: frequent values.
        known: every value seen in training; None where they are too many to list, and the rest cannot be told from
            the unseen.
    """

    top: tuple[str, ...]
    known: tuple[str, ...] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The values themselves, for the frequent ones."""
        return ("missing", *self.top, "(rest)", "(unseen)")

    @cached_property
    def _cells(self) -> dict[str, int]:
        rest = dict.fromkeys(self.known or (), len(self.top) + 1)
        return {**rest, **{value: cell for cell, value in enumerate(self.top, start=1)}}

    def count(self, series: pl.Series) -> Ints:
        """Counts of a String or Boolean series."""
        import polars as pl

        counts = np.zeros(len(self.top) + 3, dtype=np.int64)
        counts[MISSING] = series.null_count()
        elsewhere = len(self.top) + (1 if self.known is None else 2)
        given = series.cast(pl.String).alias("value").drop_nulls()
        known = given.filter(given.is_in(pl.Series(list(self._cells), dtype=pl.String).implode()))
        for value, rows in known.value_counts(name="rows").iter_rows():
            counts[self._cells[value]] += rows
        counts[elsewhere] += len(given) - len(known)  # never looked at one by one: they may be many
        return counts


@final
@dataclass(frozen=True)
class PresenceBins(Bins):
    """Missing or not."""

    @property
    def names(self) -> tuple[str, ...]:
        """The two cells."""
        return ("missing", "present")

    def count(self, series: pl.Series) -> Ints:
        """Counts of any series."""
        missing = series.null_count()
        return np.array([missing, len(series) - missing], dtype=np.int64)


@final
@dataclass(frozen=True)
class DateBins(Bins):
    """Dates before the training rows', among them or soon after, and long after.

    Dates move on by themselves, and so does the window in which they come: that is no drift. What is watched is
    whether they fall out of the range altogether, as a wrong unit, a default of 1970 or a mixed-up century does.

    Args:
        low, high: of the training rows, seconds since 1970; "soon" is as long again as the range between them.
    """

    low: float
    high: float

    @property
    def names(self) -> tuple[str, ...]:
        """Missing and three ranges."""
        first, last = _day(self.low), _day(self._end)
        return ("missing", f"before {first}", f"{first} to {last}", f"after {last}")

    @property
    def _end(self) -> float:
        return self.high + max(self.high - self.low, _DAY_SECONDS)

    def count(self, series: pl.Series) -> Ints:
        """Counts of a Datetime series."""
        import polars as pl

        seconds = series.drop_nulls().dt.epoch("us").cast(pl.Float64).to_numpy() / 1e6
        early, late = int((seconds < self.low).sum()), int((seconds > self._end).sum())
        return np.array([series.null_count(), early, len(seconds) - early - late, late], dtype=np.int64)


@final
@dataclass(frozen=True)
class AmongBins(Bins):
    """The cells of other bins, but only of rows that have a value: an aspect is null where there is nothing to say."""

    bins: Bins

    @property
    def ordered(self) -> bool:
        """As the bins."""
        return self.bins.ordered

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the bins."""
        return self.bins.names

    def count(self, series: pl.Series) -> Ints:
        """Counts of what is not null."""
        return self.bins.count(series.drop_nulls())


def _day(seconds: float) -> str:
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=max(-6e10, min(seconds, 2.5e11)))
    return moment.date().isoformat()


@dataclass(frozen=True)
class Sketch:
    """Counts of some columns over some rows.

    Args:
        rows: how many rows were counted.
        counts: (cells,) int64 by column.
    """

    rows: int = 0
    counts: Mapping[str, Ints] = field(default_factory=dict)

    @classmethod
    def of(cls, bins: Mapping[str, Bins], table: pl.DataFrame) -> Sketch:
        """Count the rows of a typed table; columns that it lacks are not counted at all."""
        return cls(table.height, {n: b.count(table.get_column(n)) for n, b in bins.items() if n in table.columns})

    def __add__(self, other: Sketch) -> Sketch:
        """The counts of both together: associative, commutative, and `Sketch()` changes nothing.

        Raises:
            DataError: a column was counted in different bins.
        """
        counts = dict(self.counts)
        for name, more in other.counts.items():
            if name not in counts:
                counts[name] = more
            elif len(counts[name]) != len(more):
                raise DataError(f"'{name}' was counted in different bins.", "one model's bins", "two models' bins")
            else:
                counts[name] = counts[name] + more
        return Sketch(self.rows + other.rows, counts)

    def to_json(self) -> dict[str, Any]:
        """Plain data, the inverse of `from_json`."""
        return {"rows": self.rows, "counts": {name: counts.tolist() for name, counts in self.counts.items()}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Sketch:
        """The sketch that `to_json` wrote."""
        return cls(
            int(data["rows"]), {name: np.array(counts, dtype=np.int64) for name, counts in data["counts"].items()}
        )


@dataclass(frozen=True)
class Snapshot:
    """What one replica has counted since it was started.

    Args:
        sequence: grows with every snapshot of the same start.
        sketch: everything counted so far, not what is new since the last snapshot.
    """

    sequence: int
    sketch: Sketch


@dataclass(frozen=True)
class Snapshots:
    """The latest snapshot of each start of each replica: sent twice, late or out of order, nothing counts twice.

    Args:
        latest: by (replica, start).
    """

    latest: Mapping[tuple[str, str], Snapshot] = field(default_factory=dict)

    def with_snapshot(self, replica: str, start: str, snapshot: Snapshot) -> Snapshots:
        """These and one more."""
        return self | Snapshots({(replica, start): snapshot})

    def __or__(self, other: Snapshots) -> Snapshots:
        """The latest of both: associative, commutative, idempotent."""
        latest = dict(self.latest)
        for key, snapshot in other.latest.items():
            if key not in latest or latest[key].sequence < snapshot.sequence:
                latest[key] = snapshot
        return replace(self, latest=latest)

    def total(self) -> Sketch:
        """All replicas together."""
        total = Sketch()
        for key in sorted(self.latest):
            total = total + self.latest[key].sketch
        return total


def shares(counts: Ints) -> Floats:
    """(cells,) counts as shares of all; zeros where nothing was counted."""
    total = counts.sum()
    return counts / total if total else counts.astype(np.float64)
