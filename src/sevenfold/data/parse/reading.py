"""What reading a raw column gives: typed values, and where a value could not be taken as it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenfold.data.parse.missing import is_missing

if TYPE_CHECKING:
    import polars as pl

UNREADABLE = "unreadable"
UNSEEN = "unseen-category"
OUT_OF_RANGE = "out-of-range"
WRONG_TYPE = "wrong-type"
_BROKEN = re.compile("[\udc80-\udcff]")  # what surrogateescape makes of bytes that are not UTF-8


@dataclass(frozen=True)
class Reading:
    """A column that was read.

    Args:
        values: (rows,) of the kind's polars type; null where missing or not readable.
        problems: code and (rows,) Boolean series for each kind of trouble, true at the rows concerned.
    """

    values: pl.Series
    problems: tuple[tuple[str, pl.Series], ...] = ()


def as_text(raw: pl.Series) -> pl.Series:
    """Any column as strings; a whole number has no decimal point, whatever its type, so that 3 and 3.0 agree."""
    import polars as pl

    if raw.dtype == pl.String:
        return raw
    if raw.dtype == pl.Binary:
        return _of_bytes(raw)
    if raw.dtype.is_float():
        whole = raw.is_finite() & (raw.round(0) == raw) & (raw.abs() < 2**53)
        integers = raw.zip_with(whole, pl.Series([None], dtype=raw.dtype)).cast(pl.Int64).cast(pl.String)
        return integers.zip_with(whole.fill_null(False), raw.fill_nan(None).cast(pl.String))
    if raw.dtype.is_decimal():
        return raw.cast(pl.String).str.replace(r"\.0+$", "")
    if isinstance(raw.dtype, pl.List | pl.Array):
        inner = raw.cast(pl.List(pl.String)) if isinstance(raw.dtype, pl.List) else raw.arr.to_list()
        return inner.cast(pl.List(pl.String)).list.join(" ")
    if raw.dtype in (pl.Object, pl.Duration) or isinstance(raw.dtype, pl.Struct):
        return pl.Series(raw.name, [None if v is None else str(v) for v in raw.to_list()], dtype=pl.String)
    return raw.cast(pl.String)


def _of_bytes(raw: pl.Series) -> pl.Series:
    """Bytes as the text that they are in UTF-8; a byte that is none is read as Windows-1252, as in a text file."""
    import polars as pl

    try:
        return raw.cast(pl.String)
    except pl.exceptions.PolarsError:
        return pl.Series(raw.name, [None if v is None else _decoded(v) for v in raw.to_list()], dtype=pl.String)


def _decoded(value: bytes) -> str:
    text = value.decode("utf-8", errors="surrogateescape")
    return _BROKEN.sub(lambda match: bytes([ord(match[0]) - 0xDC00]).decode("cp1252", errors="replace"), text)


def stripped(raw: pl.Series, parse: dict[str, object], *, words: bool) -> pl.Series:
    """A column as strings without surrounding blanks, null where it says in any spelling that it is missing.

    Args:
        raw: any column.
        parse: the schema column's `parse`.
        words: whether words such as "none" and "unknown" also mean missing (numbers, dates, flags).
    """
    import polars as pl

    text = as_text(raw).str.strip_chars()
    return text.zip_with(~is_missing(text, parse, words=words), pl.Series([None], dtype=pl.String))
