"""The short way for a few clean rows: what needs no cleaning is taken as it is.

A served model reads one row at a time, for which the vectorised readers are slow. This way takes only values whose
reading is beyond doubt, gives exactly what the readers give (a test holds the two together), and declines all else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sevenfold.core.dataset import Column, Kind
from sevenfold.data.parse.dates import ISO, gate
from sevenfold.data.parse.flags import answers
from sevenfold.data.parse.missing import spellings
from sevenfold.data.parse.numbers import PLAIN

if TYPE_CHECKING:
    import polars as pl

FEW_ROWS = 16
_PLAIN = re.compile(PLAIN)
_FIGURES = re.compile(r"^%[Ymd]([-./]%[Ymd]){2}([ T]%H:%M(:%S)?)?$")
_gate = lru_cache(maxsize=256)(gate)
_HARMLESS = frozenset({"units", "prefixes", "brackets"})
"""Keys of a number's `parse` that do not change how a plain number reads."""


class Unclean(Exception):  # noqa: N818
    """A value that the readers must look at."""


def quick(raw: pl.Series, column: Column) -> pl.Series | None:
    """The typed column if every value is clean, otherwise None.

    Args:
        raw: a few rows of String, Boolean, whole or floating-point type.
        column: what they should be.
    """
    import polars as pl

    take = _TAKERS.get(column.kind)
    plain = raw.dtype in (pl.String, pl.Boolean) or raw.dtype.is_integer() or raw.dtype.is_float()
    if take is None or not plain or "missing" in column.parse or "kept" in column.parse:
        return None
    gone = spellings(words=column.kind in (Kind.NUMBER, Kind.FLAG, Kind.DATE))
    values: list[Any] = []
    try:
        for value in raw.to_list():
            if isinstance(value, str):
                bare = value.strip(" ")
                values.append(None if bare in gone else take(bare, column))
            else:
                values.append(None if value is None else take(value, column))
    except Unclean:
        return None
    kinds: dict[Kind, Any] = {Kind.NUMBER: pl.Float64, Kind.FLAG: pl.Boolean, Kind.DATE: pl.Datetime("us")}
    return pl.Series(column.name, values, dtype=kinds.get(column.kind, pl.String))


def _number(value: Any, column: Column) -> float:
    if not column.parse.keys() <= _HARMLESS:
        raise Unclean
    if isinstance(value, str) and not _PLAIN.match(value):
        raise Unclean
    number = float(value)
    if not math.isfinite(number):
        raise Unclean
    return number


def _date(value: Any, column: Column) -> datetime:
    """Only the column's first format (ISO days without any), and only where it is of plain figures."""
    form = next(iter(column.parse.get("formats", ISO)))
    if not isinstance(value, str) or "epoch" in column.parse or not _FIGURES.match(form):
        raise Unclean
    if "%d" not in form or not re.match(_gate(form), value) or value.startswith("0"):
        raise Unclean
    try:
        return datetime.strptime(value, form)
    except ValueError:
        raise Unclean from None


def _flag(value: Any, column: Column) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii():
        found = answers(column.parse).get(value.lower())
        if found is not None:
            return found
    if not isinstance(value, str) and not column.parse and value in (0, 1):
        return bool(value)
    raise Unclean


def _label(value: Any, column: Column) -> str:
    numeric = bool(column.parse.get("numeric"))
    if column.parse.get("ignore_case") or isinstance(value, bool | float) or (isinstance(value, int) and not numeric):
        raise Unclean
    label = _text(value, column) if isinstance(value, str) else str(value)
    if label not in _as_set(_Same(column.levels)):
        raise Unclean
    return label


def _text(value: Any, column: Column) -> str:
    if not isinstance(value, str) or not value or not (_solid(value[0]) and _solid(value[-1])):
        raise Unclean
    if column.parse.get("numeric") and not value.isalnum():
        raise Unclean
    return value


def _solid(character: str) -> bool:
    """Certainly no blank of any kind."""
    return "!" <= character <= "~" or character.isalnum()


_TAKERS: Mapping[Kind, Callable[[Any, Column], Any]] = {
    Kind.NUMBER: _number,
    Kind.CATEGORY: _label,
    Kind.FLAG: _flag,
    Kind.DATE: _date,
    Kind.TEXT: _text,
    Kind.ID: _text,
}


class _Same:
    """A tuple that is equal to itself only: telling it apart costs nothing, however long it is."""

    __slots__ = ("values",)

    def __init__(self, values: tuple[str, ...]) -> None:
        self.values = values

    def __hash__(self) -> int:
        return id(self.values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.values is self.values


@lru_cache(maxsize=4096)
def _as_set(levels: _Same) -> frozenset[str]:
    return frozenset(levels.values)
