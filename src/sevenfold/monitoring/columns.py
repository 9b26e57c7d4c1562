"""The records of many requests as one typed table, read column by column.

A record says the same alone and among others: each column's values are read by `data.clean.read` in groups of one type,
which is how `deployment.rows` has them read, only without a frame for each request.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sevenfold.core.dataset import Column, Kind
from sevenfold.data.clean import read
from sevenfold.deployment.rows import groups_of
from sevenfold.deployment.runtime import Runtime

if TYPE_CHECKING:
    import polars as pl

_WIDEST = 2**53  # whole numbers up to here are numbers without a second look


def typed_table(runtime: Runtime, records: Sequence[Mapping[str, Any]], without: Collection[str] = ()) -> pl.DataFrame:
    """The table that `Runtime.read` gives for these records.

    Args:
        runtime: whose schema tells how columns are read.
        records: rows as they came.
        without: columns that are left out, and not even looked at.
    """
    import polars as pl

    numbers = {column.name for column in runtime.schema.of_kind(Kind.NUMBER)}
    target = runtime.predictor.task.target
    columns = [column for column in runtime.schema if column.name not in without]
    raw = _columns(records, dict.fromkeys(runtime.sources[column.name] for column in columns))
    if target in raw:
        raw[target] = [None] * len(records)
    made: list[pl.Series] = []
    for column in columns:
        source = runtime.sources[column.name]
        made.append(_typed(column, source, raw[source], source in numbers))
    return pl.DataFrame(made) if made else pl.DataFrame(height=len(records))


def _columns(records: Sequence[Mapping[str, Any]], names: Collection[str]) -> dict[str, Sequence[Any]]:
    """The values under some names, None where a record has none."""
    if len(names) > 1:
        try:
            return dict(zip(names, zip(*map(itemgetter(*names), records), strict=True), strict=True))
        except KeyError:  # a record lacks a name
            pass
    return {name: [record.get(name) for record in records] for name in names}


def _typed(column: Column, source: str, values: Sequence[Any], is_number: bool) -> pl.Series:
    import numpy as np
    import polars as pl

    series = _of_one_type(source, values, is_number)
    if series is not None:
        return read(series, column).values.alias(column.name)
    groups = groups_of(source, values, is_number)
    typed = pl.concat([read(part, column).values.alias(column.name) for part, _ in groups])
    return typed[np.argsort(np.concatenate([places for _, places in groups]))]


def _of_one_type(name: str, values: Sequence[Any], is_number: bool) -> pl.Series | None:
    """The raw column of values that are certainly of one type; None where that takes a closer look."""
    import numpy as np
    import polars as pl

    kinds = set(map(type, values))
    if kinds == {float}:
        return pl.Series(name, np.frombuffer(array("d", values))).fill_nan(None)
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
