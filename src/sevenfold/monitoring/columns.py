"""The records of many requests as one typed table, read column by column.

A record says the same alone and among others: each column's values are read by `data.clean.read` in groups of one type,
which is how `deployment.rows` has them read, only without a frame for each request.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.dataset import Column, Kind
from sevenfold.data.clean import read
from sevenfold.deployment.rows import groups_of
from sevenfold.deployment.runtime import Runtime

if TYPE_CHECKING:
    import polars as pl

_WIDEST = 2**53  # whole numbers up to here are numbers without a second look


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
        self._sources = [name for name in dict.fromkeys(runtime.sources[c.name] for c in columns) if name != target]
        places = {name: place for place, name in enumerate(self._sources)}
        self._columns = [
            (column, source, places.get(source), source in numbers)
            for column, source in ((column, runtime.sources[column.name]) for column in columns)
        ]
        self._all = itemgetter(*self._sources) if len(self._sources) > 1 else None

    def values(self, record: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values of a record that are read, and nothing else of it: names take more memory than values."""
        if self._all is not None:
            try:
                found: tuple[Any, ...] = self._all(record)
                return found
            except KeyError:  # the record lacks a name
                pass
        return tuple(map(record.get, self._sources))

    def table(self, rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
        """The table that `Runtime.read` gives for the records of these values."""
        import polars as pl

        raw = list(zip(*rows, strict=True))
        nothing = (None,) * len(rows)
        made = [
            _typed(column, source, nothing if place is None else raw[place], is_number)
            for column, source, place, is_number in self._columns
        ]
        return pl.DataFrame(made) if made else pl.DataFrame(height=len(rows))


def _typed(column: Column, source: str, values: Sequence[Any], is_number: bool) -> pl.Series:
    import polars as pl

    kinds = set(map(type, values))
    if kinds == {float} and is_number and column.kind is Kind.NUMBER:
        numbers = np.frombuffer(array("d", values))
        if _is_plain(numbers, column.parse):
            return pl.Series(column.name, numbers)
    series = _of_one_type(source, values, kinds, is_number)
    if series is not None:
        return read(series, column).values.alias(column.name)
    groups = groups_of(source, values, is_number)
    typed = pl.concat([read(part, column).values.alias(column.name) for part, _ in groups])
    return typed[np.argsort(np.concatenate([places for _, places in groups]))]


def _is_plain(numbers: Floats, parse: Mapping[str, Any]) -> bool:
    """Whether reading leaves all of these numbers as they are: finite, no code for a missing value, within bounds."""
    if parse.get("missing") or not np.isfinite(numbers).all():
        return False
    low, high = parse.get("low"), parse.get("high")
    return (low is None or bool((numbers >= float(low)).all())) and (
        high is None or bool((numbers <= float(high)).all())
    )


def _of_one_type(name: str, values: Sequence[Any], kinds: set[type], is_number: bool) -> pl.Series | None:
    """The raw column of values that are certainly of one type; None where that takes a closer look."""
    import polars as pl

    kinds.discard(type(None))
    if not kinds or kinds == {str}:
        return pl.Series(name, values, dtype=pl.String)
    if kinds == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if kinds == {float}:
        return pl.Series(name, values, dtype=pl.Float64).fill_nan(None)
    if not is_number or not kinds <= {float, int}:
        return None
    if not all(-_WIDEST < value < _WIDEST for value in values if type(value) is int):
        return None
    plain = [None if value is None else float(value) for value in values]
    return pl.Series(name, plain, dtype=pl.Float64).fill_nan(None)
