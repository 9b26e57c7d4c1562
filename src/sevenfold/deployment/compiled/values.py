"""One value of a record, read as `data.clean` reads it.

A reader takes the values whose reading is beyond doubt and raises `Unclean` for all else, which `careful` then reads
through the vectorised readers. What it found is kept for a while: oddities come again and again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeAlias

from sevenfold.core.dataset import Column, Kind
from sevenfold.data.clean import read, shown
from sevenfold.data.parse.flags import answers
from sevenfold.data.parse.missing import meant_missing
from sevenfold.data.parse.numbers import PLAIN, TOKEN, either
from sevenfold.data.parse.quick import Unclean
from sevenfold.data.parse.reading import UNSEEN
from sevenfold.deployment.compiled.value_dates import date_reader
from sevenfold.deployment.rows import plain_time, series_of

Reader: TypeAlias = Callable[[Any], Any]
"""From a raw value to what the typed table would hold (NaN for a missing number); raises Unclean."""

Found: TypeAlias = tuple[Any, tuple[tuple[str, str], ...]]
"""A typed value, and code and received text of each violation."""

_KEPT_VALUES = 512
_KEPT_LENGTH = 200
_BLANKS = " \t\n\r"
_BROKEN = re.compile("[\ud800-\udfff]")  # halves of surrogate pairs, which are no text
_HARMLESS = frozenset({"units", "prefixes", "brackets", "missing", "kept", "low", "high"})
"""Keys of a number's `parse` that do not change how a plain number in a string reads."""
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}(?:\.[0-9]*)?")


@dataclass(frozen=True)
class ValueReader:
    """Reads one column of records.

    Args:
        column: of the schema.
        quick: the short way.
        is_number: whether raw values are taken for numbers (`rows.series_of`): the raw column bears a number's name.
        odd: what is found in a value that is beyond doubt but not as it should be; None where that is in doubt.
        kept: what the careful way found, by type and value.
    """

    column: Column
    quick: Reader
    is_number: bool
    odd: Callable[[Any], Found | None] | None = None
    kept: dict[tuple[type, Any], Found] = field(default_factory=dict)

    @classmethod
    def of(cls, column: Column, is_number: bool) -> ValueReader:
        """The reader of a column of any kind."""
        maker = _MAKERS.get(column.kind)
        if column.parse.keys() == {"from", "nth"} and column.kind is Kind.NUMBER and not is_number:
            return cls(column, _part(column), is_number)
        if maker is None or is_number != (column.kind is Kind.NUMBER):
            return cls(column, _never, is_number)  # a part of a composite, or a kind that has no short way
        return cls(column, maker(column), is_number, _unseen(column) if column.kind is Kind.CATEGORY else None)

    def careful(self, value: Any) -> Found:
        """Any value, as the vectorised readers read it."""
        if hasattr(value, "item") and not hasattr(value, "__len__"):  # a numpy scalar
            value = value.item()
            try:
                return self.quick(value), ()
            except Unclean:
                pass
        if self.odd is not None and (at_once := self.odd(value)) is not None:
            return at_once
        small = type(value) in (int, bool, float) or (type(value) is str and len(value) <= _KEPT_LENGTH)
        key = (type(value), value)
        if small and key in self.kept:
            return self.kept[key]
        raw = series_of(self.column.name, [value], self.is_number)
        reading = read(raw, self.column)
        typed = reading.values.item()
        if typed is None and self.column.kind is Kind.NUMBER:
            typed = math.nan
        codes = [code for code, mask in reading.problems if mask.item()]
        found = (typed, tuple((code, shown(raw.to_list()[0])) for code in codes))
        if small and value == value and value != 0:  # 0.0 and -0.0 are one key
            if len(self.kept) >= _KEPT_VALUES:
                self.kept.clear()
            self.kept[key] = found
        return found


def takes_any_number(column: Column) -> bool:
    """Whether every finite number is read as itself: the column holds numbers, without bounds and codes of missing."""
    parse = column.parse
    codes = any(re.fullmatch(PLAIN, code) for code in parse.get("missing", ()))
    return column.kind is Kind.NUMBER and not codes and parse.get("low") is None and parse.get("high") is None


def _never(value: Any) -> Any:
    raise Unclean


def _number(column: Column) -> Reader:
    parse = column.parse
    grouped = parse.get("thousands") == ","
    notation = parse.keys() <= (_HARMLESS | {"thousands"} if grouped else _HARMLESS)
    before = parse.get("prefixes")
    prefix = re.compile(rf"([+-]?) *(?:{either(before)}) *", re.IGNORECASE) if before else None
    units = {str(unit): float(size) for unit, size in parse.get("units", {}).items()}
    measured = re.compile(rf"({PLAIN[1:-1]})[ \t]*({either(units)})", re.IGNORECASE | re.ASCII) if units else None
    plain, gone = re.compile(PLAIN).match, meant_missing(parse, words=True)
    codes = frozenset(float(code) for code in parse.get("missing", ()) if re.fullmatch(PLAIN, code))
    low = -math.inf if parse.get("low") is None else float(parse["low"])
    high = math.inf if parse.get("high") is None else float(parse["high"])
    bounded = not takes_any_number(column)

    def quick(value: Any) -> float:
        kind = type(value)
        if kind is float:
            number = value
            if number - number != 0.0:
                if number != number:
                    return math.nan
                raise Unclean
        elif value is None:
            return math.nan
        elif (kind is int and -_WHOLE < value < _WHOLE) or kind is bool:
            number = float(value)
        elif kind is str and notation:
            bare = value.strip(_BLANKS)
            if bare in gone and not plain(bare):
                return math.nan
            if plain(bare):
                number = float(bare)
            elif measured is not None and (found := measured.fullmatch(bare)) is not None:
                number = float(found[1]) * units[found[2].lower()]
            elif not units and (written := _written(bare, prefix, grouped)) is not None and plain(written):
                number = float(written)
            else:
                raise Unclean
            if number - number != 0.0:
                raise Unclean
        else:
            raise Unclean
        if bounded:
            if number in codes:
                return math.nan
            if not low <= number <= high:
                raise Unclean
        return number

    return quick


def _written(bare: str, prefix: re.Pattern[str] | None, grouped: bool) -> str | None:
    """A number without its currency and the marks between its thousands; None where there are neither."""
    if not bare.isascii():
        return None
    before = bare
    if prefix is not None and (found := prefix.match(bare)) is not None:
        bare = found[1] + bare[found.end() :]
    if grouped and _GROUPED.fullmatch(bare):
        bare = bare.replace(",", "")
    return None if bare is before else bare


def _part(column: Column) -> Reader:
    """One number of a composite such as "190Nm@ 2000rpm"."""
    token, place, gone = re.compile(TOKEN, re.ASCII), int(column.parse["nth"]) - 1, meant_missing({}, words=True)

    def quick(value: Any) -> float:
        if value is None:
            return math.nan
        if type(value) is not str or not value.isascii():
            raise Unclean
        bare = value.strip(_BLANKS)
        if bare in gone:
            return math.nan
        if not (bare and _solid(bare[0]) and _solid(bare[-1])):
            raise Unclean
        found = token.findall(bare)
        if place >= len(found):
            raise Unclean
        number = float(found[place].replace(",", "").replace(" ", ""))
        if number - number != 0.0:
            raise Unclean
        return number

    return quick


_WHOLE = 2**1000
_EARLIEST, _LATEST = datetime(1, 1, 1), datetime(9999, 12, 31)


def _flag(column: Column) -> Reader:
    known, gone, bare_numbers = answers(column.parse), meant_missing(column.parse, words=True), not column.parse

    def quick(value: Any) -> bool | None:
        kind = type(value)
        if kind is bool:
            return bool(value)
        if value is None:
            return None
        if kind is str:
            bare = value.strip(_BLANKS)
            if bare in gone:
                return None
            found = known.get(bare.lower()) if bare.isascii() else None
            if found is not None:
                return found
        elif bare_numbers and kind in (int, float) and value in (0, 1):
            return bool(value)
        raise Unclean

    return quick


def _date(column: Column) -> Reader:
    """Typed times, and strings of the column's formats."""
    of_text, gone = date_reader(column.parse), meant_missing(column.parse, words=True)

    def quick(value: Any) -> datetime | None:
        if value is None:
            return None
        kind = type(value)
        if kind is str:
            bare = value.strip(_BLANKS)
            if bare in gone:
                return None
            if (found := of_text(bare)) is not None:
                return found
        elif kind is datetime or kind is date:
            return plain_time(value)
        raise Unclean

    return quick


def _label(column: Column) -> Reader:
    parse = column.parse
    gone, levels, numeric = meant_missing(parse, words=False), frozenset(column.levels), bool(parse.get("numeric"))
    same_case, spelled = not parse.get("ignore_case"), _spelled(column)

    def quick(value: Any) -> str | None:
        if type(value) is str:
            if value in gone:
                return None
            known = value in levels if same_case else value.isascii() and value.lower() in spelled
            fine = known and (not numeric or (same_case and value.isalnum()))
            if fine and value and _solid(value[0]) and _solid(value[-1]):
                return value if same_case else spelled[value.lower()]
        elif value is None:
            return None
        elif numeric and same_case and type(value) is int and str(value) in levels:
            return str(value)
        elif type(value) is float and value != value:
            return None
        raise Unclean

    return quick


def _spelled(column: Column) -> dict[str, str]:
    """The level that a label in small letters stands for where case does not matter."""
    first: dict[str, str] = {}
    for level in column.levels:
        first.setdefault(level.lower(), level)
    return first


def _unseen(column: Column) -> Callable[[Any], Found | None] | None:
    """A plain label that is none of the levels."""
    parse = column.parse
    gone, numeric = meant_missing(parse, words=False), bool(parse.get("numeric"))
    any_case = bool(parse.get("ignore_case"))
    levels = frozenset(_spelled(column)) if any_case else frozenset(column.levels)
    if not levels:
        return None

    def odd(value: Any) -> Found | None:
        if type(value) is not str or not value or value in gone or (any_case and not value.isascii()):
            return None
        if (value.lower() if any_case else value) in levels:
            return None
        if not (_solid(value[0]) and _solid(value[-1]) and (value.isalnum() or not numeric)):
            return None
        if not value.isascii() and _BROKEN.search(value):
            return None
        return value, ((UNSEEN, shown(value)),)

    return odd


def _text(column: Column) -> Reader:
    gone, numeric = meant_missing(column.parse, words=False), bool(column.parse.get("numeric"))

    def quick(value: Any) -> str | None:
        if value is None:
            return None
        if type(value) is str:
            bare = value.strip(_BLANKS)
            if bare in gone:
                return None
            plain = bare and _solid(bare[0]) and _solid(bare[-1]) and (not numeric or bare.isalnum())
            if plain and (bare.isascii() or not _BROKEN.search(bare)):
                return bare
        raise Unclean

    return quick


def _solid(character: str) -> bool:
    """Certainly no blank of any kind."""
    return "!" <= character <= "~" or character.isalnum()


_MAKERS: Mapping[Kind, Callable[[Column], Reader]] = {
    Kind.NUMBER: _number,
    Kind.CATEGORY: _label,
    Kind.FLAG: _flag,
    Kind.DATE: _date,
    Kind.TEXT: _text,
    Kind.ID: _text,
}
