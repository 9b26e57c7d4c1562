"""Columns of plain Python values: one type for each, the same for the same values, and never a crash."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import polars as pl

_LARGEST = 2**63


def column_of(name: str, values: Sequence[Any]) -> pl.Series:
    """Values as a column: all of one type keep it, numbers together become Float64, any other mixture text.

    None and NaN are null. Lists of numbers become List(Float64); other lists and mappings become JSON text. Whole
    numbers beyond 64 bits become text, so that no digit of a key is lost. Times with a zone become UTC without one.
    """
    import polars as pl

    simple = _simple(name, values)
    if simple is not None:
        return simple
    plain = [_plain(value) for value in values]
    kinds = {type(value) for value in plain if value is not None}
    if not kinds:
        return pl.Series(name, plain, dtype=pl.Null if not plain else pl.String)
    if kinds == {int}:
        if all(-_LARGEST <= value < _LARGEST for value in plain if value is not None):
            return pl.Series(name, plain, dtype=pl.Int64)
        return pl.Series(name, [None if value is None else str(value) for value in plain], dtype=pl.String)
    dtype = _dtype(kinds)
    if dtype is None:
        return pl.Series(name, [as_text(value) for value in plain], dtype=pl.String)
    if dtype == pl.Float64:
        plain = [None if value is None else float(value) for value in plain]
    elif dtype == pl.Datetime("us"):
        plain = [_moment(value) for value in plain]
    elif dtype == pl.List(pl.Float64):
        if not all(value is None or _is_numeric(value) for value in plain):
            return pl.Series(name, [as_text(value) for value in plain], dtype=pl.String)
        plain = [None if value is None else [None if v is None else float(v) for v in value] for value in plain]
    try:
        return pl.Series(name, plain, dtype=dtype)
    except (pl.exceptions.PolarsError, ArithmeticError, ValueError):  # beyond what the type can hold
        return pl.Series(name, [as_text(value) for value in plain], dtype=pl.String)


def _simple(name: str, values: Sequence[Any]) -> pl.Series | None:
    """The quick way for columns of nothing but texts, flags, small whole numbers or floats."""
    import polars as pl

    kinds = set(map(type, values)) - {type(None)}
    if len(kinds) != 1:
        return None
    kind = kinds.pop()
    if kind is float:
        floats = pl.Series(name, values, dtype=pl.Float64).fill_nan(None)
        return None if floats.null_count() == len(floats) else floats
    dtype = {str: pl.String, bool: pl.Boolean, int: pl.Int64}.get(kind)
    if dtype is None:
        return None
    try:
        return pl.Series(name, values, dtype=dtype)
    except (OverflowError, TypeError, UnicodeEncodeError, pl.exceptions.PolarsError):
        return None


def as_text(value: Any) -> str | None:
    """A value as text: strings as they are, the rest as JSON writes it. Halves of surrogate pairs become "?"."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, bool | int | float | list | dict):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return str(value).encode("utf-8", errors="replace").decode()


def _dtype(kinds: set[type]) -> pl.DataType | type[pl.DataType] | None:
    import polars as pl

    if kinds <= {int, float}:
        return pl.Float64
    if kinds == {date}:
        return pl.Date
    if kinds <= {date, datetime}:
        return pl.Datetime("us")
    single: dict[type, Any] = {
        bool: pl.Boolean, str: pl.String, bytes: pl.Binary, time: pl.Time, timedelta: pl.Duration("us"),
        list: pl.List(pl.Float64),
    }  # fmt: skip
    return single.get(next(iter(kinds))) if len(kinds) == 1 else None


def _plain(value: Any) -> Any:
    """A value in one of the types that columns have: numpy's, decimals and near relations are brought home."""
    kind = type(value)
    if kind in (str, int, bool) or value is None:
        return value
    if kind is float:
        return None if math.isnan(value) else value
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        return _from_numpy(value)
    if isinstance(value, Decimal):
        return None if value.is_nan() else float(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, datetime):
        # pandas' NaT is a datetime that equals nothing, not even itself.
        return value if value == value else None
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in (sorted(value, key=repr) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | int | float | date | time | timedelta | dict):
        return value
    return None if type(value).__name__ in ("NAType", "NaTType") else str(value)


def _from_numpy(value: np.generic[Any]) -> Any:
    if isinstance(value, np.datetime64 | np.timedelta64):
        if np.isnat(value):
            return None
        unit = "datetime64[us]" if isinstance(value, np.datetime64) else "timedelta64[us]"
        return value.astype(unit).item()
    return _plain(value.item())


def _moment(value: date | datetime | None) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    if value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    # A subclass such as pandas' Timestamp would carry its nanoseconds along.
    return datetime(value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond)


def _is_numeric(values: Iterable[Any]) -> bool:
    return all(value is None or type(value) in (int, float) for value in values)
