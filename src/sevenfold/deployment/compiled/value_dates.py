"""Strings of a date column's formats, where their reading is beyond doubt."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from sevenfold.data.parse.dates import ISO, gate

Parser: TypeAlias = Callable[[str], datetime | None]
"""From a string that is of a format to its time; None where it is left to the vectorised reader."""

_PARTS = {"Y": "([0-9]{4})", **dict.fromkeys("mdHMS", "([0-9]{1,2})"), "b": "([A-Za-z]{3})", "B": "([A-Za-z]{3,9})"}
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_NAMES = {"b": {name[:3]: place for place, name in enumerate(_MONTHS, 1)},
          "B": {name: place for place, name in enumerate(_MONTHS, 1)}}  # fmt: skip
_ORDER = "YmdHMS"
_KEPT, _KEPT_LENGTH = 10_000, 40  # texts that were read: days come again and again
_NOT_KEPT = datetime(1, 1, 1)


def date_reader(parse: Mapping[str, Any]) -> Parser:
    """The formats of a column as one function. Of those tried in order the first that a string could be of decides.

    Args:
        parse: see `data.parse.dates.read_dates`.
    """
    if "epoch" in parse:
        return lambda text: None
    forms = dict.fromkeys((*parse.get("formats", ()), *ISO))
    tried = [(re.compile(gate(form), re.ASCII).match, _parser(form)) for form in forms]

    def read(text: str) -> datetime | None:
        if not text.isascii():
            return None
        for could_be, parser in tried:
            if could_be(text):
                return None if parser is None else parser(text)
        return None

    kept: dict[str, datetime | None] = {}

    def remembered(text: str) -> datetime | None:
        found = kept.get(text, _NOT_KEPT)
        if found is _NOT_KEPT:
            found = read(text)
            if len(text) <= _KEPT_LENGTH:
                if len(kept) >= _KEPT:
                    kept.clear()
                kept[text] = found
        return found

    return remembered


def _parser(form: str) -> Parser | None:
    """Of a format made of figures and names of months; None for any other."""
    directives = re.findall("%(.)", form)
    kinds = ["m" if directive in _NAMES else directive for directive in directives]
    whole = {"Y", "m", "d"} <= set(kinds) and kinds.count("m") == 1
    ordinary = set(directives) <= set(_PARTS) and len(set(kinds)) == len(kinds)
    clock = [part for part in "HMS" if part in kinds]
    apart = re.search("%.%", form) is None  # parsers cut figures without a mark between them in ways of their own
    if not (whole and ordinary and apart and clock in ([], ["H", "M"], ["H", "M", "S"])):
        return None
    pattern = re.compile(
        re.sub("%(.)", lambda m: _PARTS[m[1]], re.escape(form).replace(r"\%", "%")), re.ASCII
    ).fullmatch
    names = next((_NAMES[directive] for directive in directives if directive in _NAMES), None)
    month, year = kinds.index("m"), kinds.index("Y")
    places = [kinds.index(part) if part in kinds else -1 for part in _ORDER]

    def parse(text: str) -> datetime | None:
        match = pattern(text)
        if match is None:
            return None
        parts: list[Any] = list(match.groups())
        if names is not None:
            parts[month] = names.get(parts[month].lower())
        if parts[month] is None or parts[year].startswith("0"):
            return None
        try:
            return datetime(*(int(parts[place]) if place >= 0 else 0 for place in places))  # type: ignore[arg-type]
        except ValueError:
            return None

    return parse
