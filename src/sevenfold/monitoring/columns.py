"""The records of many requests as one typed table, read column by column.

A record says the same alone and among others: each column's values are read by `data.clean.read` in groups of one type,
which is how `deployment.rows` has them read, only without a frame for each request.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import itemgetter
from struct import Struct
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.dataset import Column, Kind
from sevenfold.data.clean import read
from sevenfold.deployment.rows import groups_of
from sevenfold.deployment.runtime import Runtime

if TYPE_CHECKING:
    import polars as pl

KeptRow: TypeAlias = "tuple[bytes | tuple[Any, ...], tuple[Any, ...]]"
"""The values of number columns, as doubles where all of them are plain numbers, and those of other columns."""

_WIDEST = 2**53  # whole numbers up to here are numbers without a second look
_FLOATS = {float}
_NUMBERS = {float, int, type(None)}
_NAN = float("nan")


class ColumnReader:
    """Reads what is kept of records. Threads may share it.

    Args:
        runtime: whose schema tells how columns are read.
        without: columns that are left out, and not even looked at.
    """

    def __init__(self, runtime: Runtime, without: Collection[str] = ()) -> None:
        numbers = {column.name for column in runtime.schema.of_kind(Kind.NUMBER)}
        columns = [column for column in runtime.schema if column.name not in without]
        target = runtime.predictor.task.target
        sources = [name for name in dict.fromkeys(runtime.sources[c.name] for c in columns) if name != target]
        self._numbers = [name for name in sources if name in numbers]
        self._others = [name for name in sources if name not in numbers]
        self._columns = [(column, runtime.sources[column.name]) for column in columns]
        # The values of a record; a KeyError where it lacks one.
        self.numbers_of, self.others_of = _getter(self._numbers), _getter(self._others)
        self._pack = Struct(f"={len(self._numbers)}d").pack
        self.has_others = bool(self._others)
        # Flags, and whole numbers of any size, are then read as the doubles that they are made here.
        self.are_numbers = all(c.kind is Kind.NUMBER for c, source in self._columns if source in numbers)

    @property
    def width(self) -> int:
        """Number columns: doubles of a record."""
        return len(self._numbers)

    def keep(self, record: Mapping[str, Any]) -> KeptRow:
        """The values of a record that are read, and nothing else of it: names take more memory than values."""
        numbers, others = self.taken(record)
        doubles = as_doubles(numbers)
        return numbers if doubles is None else self._pack(*doubles), others

    def taken(self, record: Mapping[str, Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The values of number columns, and those of other columns; None where the record lacks one."""
        try:
            return self.numbers_of(record), self.others_of(record)
        except KeyError:
            return tuple(map(record.get, self._numbers)), tuple(map(record.get, self._others))

    def table(self, rows: Sequence[KeptRow]) -> pl.DataFrame:
        """The table that `Runtime.read` gives for the records of these rows."""
        packed = [numbers for numbers, _ in rows if isinstance(numbers, bytes)]
        odd = [numbers for numbers, _ in rows if not isinstance(numbers, bytes)]
        order = np.argsort(np.array([not isinstance(numbers, bytes) for numbers, _ in rows]), kind="stable")
        matrix = np.frombuffer(b"".join(packed)).reshape(len(packed), len(self._numbers))
        return self._made(matrix, [others for _, others in rows], odd, order)

    def table_of_doubles(self, matrix: Floats, others: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
        """`table` of records whose numbers are all doubles.

        Args:
            matrix: (rows, width) NaN where missing.
            others: (rows,) values of the other columns.
        """
        return self._made(matrix, others, [], None)

    def _made(
        self, matrix: Floats, others: Sequence[tuple[Any, ...]], odd: Sequence[Sequence[Any]], order: Ints | None
    ) -> pl.DataFrame:
        """A table; `odd` are rows of numbers as they came, and `order` tells where all of them belong."""
        import polars as pl

        of_numbers = dict(zip(self._numbers, matrix.T.copy(), strict=True))  # the rows are used again
        of_others = dict(zip(self._others, zip(*others, strict=True), strict=False))
        height = len(matrix) + len(odd)
        nothing = (None,) * height
        made: list[pl.Series] = []
        for column, source in self._columns:
            if source not in of_numbers:
                made.append(_typed(column, source, of_others.get(source, nothing), False))
                continue
            parts = [_of_numbers(column, source, of_numbers[source])] if len(matrix) or not odd else []
            if odd:
                place = self._numbers.index(source)
                parts.append(_typed(column, source, [values[place] for values in odd], True))
            made.append(parts[0] if len(parts) == 1 or order is None else _placed(pl.concat(parts), order))
        return pl.DataFrame(made) if made else pl.DataFrame(height=height)


def as_doubles(values: tuple[Any, ...]) -> Sequence[float] | None:
    """Numbers and missing values as they are packed; None where one of them takes a closer look."""
    if not are_plain(values):
        return None
    return [_NAN if value is None else value for value in values]


def are_plain(values: tuple[Any, ...]) -> bool:
    """Whether all are numbers that are doubles without a second look, or missing."""
    kinds = set(map(type, values))
    if kinds == _FLOATS:
        return True
    wide = int in kinds and any(type(v) is int and not -_WIDEST < v < _WIDEST for v in values)
    return kinds <= _NUMBERS and not wide


def _getter(names: Sequence[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Gives the values of some names as a tuple.

    Raises, when called:
        KeyError: one is not there.
    """
    if len(names) > 1:
        return itemgetter(*names)
    return lambda record: tuple([record[name] for name in names])


def _placed(series: pl.Series, order: Ints) -> pl.Series:
    return series[np.argsort(order)]


def _of_numbers(column: Column, source: str, numbers: Floats) -> pl.Series:
    """A column of doubles, NaN where missing."""
    import polars as pl

    if column.kind is Kind.NUMBER and _is_plain(numbers, column.parse):
        return pl.Series(column.name, numbers)
    return read(pl.Series(source, numbers).fill_nan(None), column).values.alias(column.name)


def _typed(column: Column, source: str, values: Sequence[Any], is_number: bool) -> pl.Series:
    import polars as pl

    series = _of_one_type(source, values)
    if series is not None:
        return read(series, column).values.alias(column.name)
    groups = groups_of(source, values, is_number)
    typed = pl.concat([read(part, column).values.alias(column.name) for part, _ in groups])
    return _placed(typed, np.concatenate([places for _, places in groups]))


def _is_plain(numbers: Floats, parse: Mapping[str, Any]) -> bool:
    """Whether reading leaves all of these numbers as they are: finite, no code for a missing value, within bounds."""
    if parse.get("missing") or not np.isfinite(numbers).all():
        return False
    low, high = parse.get("low"), parse.get("high")
    return (low is None or bool((numbers >= float(low)).all())) and (
        high is None or bool((numbers <= float(high)).all())
    )


def _of_one_type(name: str, values: Sequence[Any]) -> pl.Series | None:
    """The raw column of values that are certainly of one type; None where that takes a closer look."""
    import polars as pl

    kinds = set(map(type, values)) - {type(None)}
    if not kinds or kinds == {str}:
        return pl.Series(name, values, dtype=pl.String)
    if kinds == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if kinds == {float}:
        return pl.Series(name, values, dtype=pl.Float64).fill_nan(None)
    return None
