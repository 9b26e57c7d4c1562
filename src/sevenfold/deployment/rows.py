"""Rows in any form that a user may hold, as raw frames for `data.clean.conform`.

A record's values keep the type they came with: a number is never turned into text and read again. Records whose types
differ in a column are read in groups of equal types, so that a row gives the same alone and within any batch.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.errors import DataError, RequestError

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.core.arrays import Ints

Record = Mapping[str, Any]
GROUPS_LIMIT = 256  # more than this is no data set, but an attempt to keep a server busy


def raw_groups(rows: Any, schema: Schema) -> list[tuple[pl.DataFrame, Ints | None]]:
    """Raw frames with the places of their rows among all rows; None where one frame holds all rows in order.

    Args:
        rows: a polars, pandas or Arrow frame, a record, or a sequence of records.
        schema: tells which columns hold numbers.
    Raises:
        RequestError: rows of another form.
        DataError: a record that is no mapping from column names to values.
    """
    import polars as pl

    if isinstance(rows, pl.DataFrame):
        return [(rows, None)]
    if isinstance(rows, pl.LazyFrame):
        return [(rows.collect(), None)]
    if isinstance(rows, Mapping):
        return list(_groups([rows], schema))
    if isinstance(rows, list | tuple):
        return list(_groups(rows, schema))
    if hasattr(rows, "columns") or hasattr(rows, "column_names") or hasattr(rows, "__arrow_c_stream__"):
        from sevenfold.data.readers.read import read

        return [(read(rows).frame, None)]
    raise RequestError(
        "These rows cannot be read.",
        "a polars, pandas or Arrow frame, a record (dict), or a list of records",
        type(rows).__name__,
        "Turn them into one of these first.",
    )


def _groups(records: Sequence[Any], schema: Schema) -> Iterator[tuple[pl.DataFrame, Ints | None]]:
    import numpy as np

    for record in records:
        if not isinstance(record, Mapping) or not all(isinstance(name, str) for name in record):
            raise DataError(
                "A row is not a record.", "an object with a value for each column name", type(record).__name__
            )
    numbers = {column.name for column in schema.of_kind(Kind.NUMBER)}
    names = dict.fromkeys(name for record in records for name in record)
    check_names(names)
    types = {name: [_type(record.get(name), name in numbers) for record in records] for name in names}
    mixed = [name for name in names if len({t for t in types[name] if t != "none"}) > 1]
    if not mixed:
        yield _frame(records, types), None
        return
    places: dict[tuple[str, ...], list[int]] = {}
    for row, signature in enumerate(zip(*(types[name] for name in mixed), strict=True)):
        places.setdefault(signature, []).append(row)
    if len(places) > GROUPS_LIMIT:
        raise DataError(
            "The types of values differ from row to row in too many ways.",
            "one type in each column",
            f"{len(places)} combinations in {len(records)} rows",
            "Write numbers as numbers in every row, or send fewer rows at a time.",
        )
    for group in places.values():
        some = [records[row] for row in group]
        yield _frame(some, {name: [types[name][row] for row in group] for name in names}), np.array(group)


def _frame(records: Sequence[Record], types: Mapping[str, list[str]]) -> pl.DataFrame:
    import polars as pl

    series = []
    for name, of_rows in types.items():
        series.append(_series(name, [record.get(name) for record in records], of_rows))
    # A record without any column is still a row.
    return pl.DataFrame(series) if series else pl.DataFrame(height=len(records))


def series_of(name: str, values: Sequence[Any], number: bool) -> pl.Series:
    """Values of one type as the raw column that records with them become.

    Args:
        name: the column's.
        values: None where missing.
        number: whether the schema's column holds numbers.
    """
    return _series(name, values, [_type(value, number) for value in values])


def _series(name: str, values: Sequence[Any], types: Sequence[str]) -> pl.Series:
    import polars as pl

    form = next((t for t in types if t != "none"), "text")
    return pl.Series(name, [_CONVERT[form](v) for v in values], dtype=_dtype(form), strict=True)


def _dtype(form: str) -> Any:
    import polars as pl

    return {
        "number": pl.Float64,
        "whole": pl.Int64,
        "flag": pl.Boolean,
        "bytes": pl.Binary,
        "time": pl.Datetime("us"),
        "numbers": pl.List(pl.Float64),
        "text": pl.String,
    }[form]


def _type(value: Any, number: bool) -> str:
    if value is None:
        return "none"
    if hasattr(value, "item") and not hasattr(value, "__len__"):  # a numpy scalar
        value = value.item()
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int):
        if number:
            return "number" if abs(value) < 2**1023 else "text"
        return "whole" if -(2**63) <= value < 2**63 else "text"
    if isinstance(value, float):
        return "number"
    if isinstance(value, bytes):
        return "bytes"
    if isinstance(value, datetime.date):  # a datetime is a date, too
        return "time"
    if isinstance(value, list | tuple) and all(type(v) in (int, float) for v in value):
        return "numbers"
    return "text"


def plain_time(value: Any) -> Any:
    """A date or time as a time without zone, in UTC where it had one."""
    if value is None or isinstance(value, datetime.datetime):
        return value if value is None or value.tzinfo is None else value.astimezone(datetime.UTC).replace(tzinfo=None)
    return datetime.datetime(value.year, value.month, value.day)


def check_names(names: Iterable[str]) -> None:
    """Refuse names that are no text.

    Raises:
        DataError: one holds half of a surrogate pair.
    """
    for name in names:
        if not name.isascii() and any("\ud800" <= letter <= "\udfff" for letter in name):
            raise DataError("A column's name is no text.", "names in Unicode", repr(name)[:80])


def _text(value: Any) -> str | None:
    """Halves of surrogate pairs, which are no text, become "?"."""
    return None if value is None else str(value).encode("utf-8", errors="replace").decode()


_CONVERT: dict[str, Any] = {
    "number": lambda v: None if v is None or v != v else float(v),
    "whole": lambda v: None if v is None else int(v),
    "flag": lambda v: None if v is None else bool(v),
    "bytes": lambda v: v,
    "time": plain_time,
    "numbers": lambda v: None if v is None else [float(x) for x in v],
    "text": _text,
}
