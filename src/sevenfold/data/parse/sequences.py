"""Reading sequences of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sevenfold.data.parse.reading import UNREADABLE, WRONG_TYPE, Reading, stripped

if TYPE_CHECKING:
    import polars as pl

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
SHAPE = rf"^\[\s*(?:{_NUMBER}\s*(?:,\s*{_NUMBER}\s*)*)?\]$"
"""A list of numbers as JSON writes it."""


def read_sequences(raw: pl.Series, parse: Mapping[str, Any]) -> Reading:
    """A column as List(Float64): lists, arrays, or strings such as "[1, 2.5]". `parse`: `missing` and `kept`."""
    import polars as pl

    kind = pl.List(pl.Float64)
    if isinstance(raw.dtype, pl.Array):
        raw = raw.arr.to_list()
    if isinstance(raw.dtype, pl.List) and (raw.dtype.inner.is_numeric() or raw.dtype.inner == pl.Null):
        return Reading(raw.cast(kind))
    nothing = pl.Series(raw.name, [None], dtype=kind)
    if raw.dtype != pl.String:
        return Reading(nothing.new_from_index(0, len(raw)), ((WRONG_TYPE, raw.is_not_null()),))
    text = stripped(raw, dict(parse), words=True)
    shaped = text.str.contains(SHAPE).fill_null(False)
    inner = text.zip_with(shaped, pl.Series([None], dtype=pl.String)).str.replace_all(r"[\[\]\s]", "")
    values = inner.str.split(",").list.eval(pl.element().cast(pl.Float64, strict=False)).list.drop_nulls()
    return Reading(values.cast(kind), ((UNREADABLE, text.is_not_null() & ~shaped),))
