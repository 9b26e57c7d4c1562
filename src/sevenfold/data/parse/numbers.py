"""Reading numbers: plain, with marks, currencies, units, brackets for negatives, or as clock times."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.data.parse.reading import OUT_OF_RANGE, UNREADABLE, WRONG_TYPE, Reading, as_text, stripped

if TYPE_CHECKING:
    import polars as pl

PLAIN = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
CLOCK = r"^([0-9]{1,3}):([0-5][0-9])(?::([0-5][0-9](?:\.[0-9]+)?))?$"
TOKEN = r"(?:^[+-]|\s[+-])?[0-9](?:,[0-9]{3}|[0-9])*(?:\.[0-9]+)?"
"""One number of a composite. A hyphen within, as in '1750-2750rpm', is no sign."""
SIGNS = "\u2212\u2013"
"""Minus sign and dash, written for a hyphen."""


def read_numbers(raw: pl.Series, parse: Mapping[str, Any]) -> Reading:
    """A column as Float64.

    Keys of `parse`: `decimal` and `thousands` (marks), `units` (factor by unit, lower case), `prefixes` (currencies),
    `brackets` (bracketed values are negative), `clock` (hours:minutes:seconds, as seconds), `nth` (the nth number of
    a composite such as "190Nm@ 2000rpm", from 1), `missing` and `kept` (spellings), `low` and `high` (limits outside
    of which a value is reported). A typed number is taken as it stands, a duration or time of day in seconds.
    """
    import polars as pl

    if not parse and (plain := _as_they_stand(raw)) is not None:
        return Reading(plain)
    if raw.dtype == pl.String or isinstance(raw.dtype, pl.Categorical | pl.Enum) or raw.dtype in (pl.Binary, pl.Object):
        values, bad = _of_text(raw, parse)
        if bad is None and not parse and (plain := _as_they_stand(values)) is not None:
            return Reading(plain)
        problems = [] if bad is None else [(UNREADABLE, bad)]
    elif raw.dtype.is_numeric() or raw.dtype == pl.Boolean:
        values, problems = raw.cast(pl.Float64), []
    elif raw.dtype in (pl.Time, pl.Duration):
        nanoseconds = raw.dt.total_nanoseconds() if raw.dtype == pl.Duration else raw.cast(pl.Int64)
        seconds, rest = nanoseconds // 1_000_000_000, nanoseconds % 1_000_000_000
        values, problems = seconds.cast(pl.Float64) + rest.cast(pl.Float64) * 1e-9, []
    else:
        nothing = pl.Series(raw.name, [None] * len(raw), dtype=pl.Float64)
        return Reading(nothing, ((WRONG_TYPE, raw.is_not_null()),))
    values = values.fill_nan(None)
    infinite = values.is_infinite().fill_null(False)
    if infinite.any():
        values = values.zip_with(~infinite, pl.Series([None], dtype=pl.Float64))
        problems.append((OUT_OF_RANGE, infinite))
    codes = [float(code) for code in parse.get("missing", ()) if re.fullmatch(PLAIN, code)]
    if codes:
        values = values.zip_with(~values.is_in(codes).fill_null(False), pl.Series([None], dtype=pl.Float64))
    for key, outside in (("low", values.lt), ("high", values.gt)):
        if parse.get(key) is not None:
            problems.append((OUT_OF_RANGE, outside(float(parse[key])).fill_null(False)))
    return Reading(values, tuple(problems))


def _as_they_stand(raw: pl.Series) -> pl.Series | None:
    """Typed numbers that are all finite or null, or None. Without an expression: these take longer than short columns
    do, and there may be ten thousand."""
    import polars as pl

    if not (raw.dtype.is_integer() or raw.dtype.is_float()) or raw.dtype in (pl.Int128, pl.Float16):
        return None
    values = raw if raw.dtype == pl.Float64 else raw.cast(pl.Float64)
    array = values.to_numpy()  # nulls become NaN
    finite = int(np.isfinite(array).sum())
    return values if finite == len(array) - values.null_count() else None


def _of_text(raw: pl.Series, parse: Mapping[str, Any]) -> tuple[pl.Series, pl.Series | None]:
    """Values and where one could not be read (None for nowhere). Each value is read by itself, so one row reads as a
    million do."""
    import polars as pl

    text = as_text(raw) if raw.dtype in (pl.String, pl.Binary) else raw.cast(pl.String, strict=False)
    by_rule = any(parse.get(key) for key in ("clock", "nth")) or _ambiguous_point(parse)
    values = _none(text) if by_rule else text.cast(pl.Float64, strict=False)
    if values.null_count() == text.null_count():
        return values, None
    rest = (values.is_null() & text.is_not_null()).arg_true()
    words = stripped(text.gather(rest), dict(parse), words=True)
    read = _by_notation(words, parse)
    values = values.scatter(rest, read)
    failed = rest.filter(words.is_not_null() & read.is_null())
    if not len(failed):
        return values, None
    bad = pl.Series([False], dtype=pl.Boolean).new_from_index(0, len(text))
    return values, bad.scatter(failed, True)


def _ambiguous_point(parse: Mapping[str, Any]) -> bool:
    return "." in str(parse.get("thousands", "")) or parse.get("decimal", ".") != "."


def _none(like: pl.Series) -> pl.Series:
    import polars as pl

    return pl.Series(like.name, [None], dtype=pl.Float64).new_from_index(0, len(like))


def _by_notation(text: pl.Series, parse: Mapping[str, Any]) -> pl.Series:
    """Stripped strings as numbers, by the notation that `parse` states and no other."""
    import polars as pl

    if parse.get("clock"):
        return _clock(text)
    text = text.str.replace_all(f"[{SIGNS}]", "-")
    if parse.get("nth"):
        found = text.str.extract_all(TOKEN).list.get(int(parse["nth"]) - 1, null_on_oob=True)
        return found.str.replace_all(r"[,\s]", "").cast(pl.Float64, strict=False)
    negative = None
    if parse.get("brackets"):
        negative = text.str.contains(r"^\(.*\)$")
        text = text.str.replace(r"^\((.*)\)$", "$1").str.strip_chars()
    factor = None
    if units := parse.get("units"):
        pattern = rf"(?i)^(.*?[0-9.])\s*({either(units)})$"
        unit = text.str.extract(pattern, 2).str.to_lowercase()
        text = text.str.extract(pattern, 1).fill_null(text)
        if any(value != 1.0 for value in units.values()):
            names, sizes = list(units), [float(value) for value in units.values()]
            factor = unit.replace_strict(names, sizes, default=1.0, return_dtype=pl.Float64)
    if prefixes := parse.get("prefixes"):
        text = text.str.replace(rf"(?i)^([+-]?)\s*(?:{either(prefixes)})\s*", "$1")
    decimal, thousands = str(parse.get("decimal", ".")), str(parse.get("thousands", ""))
    if thousands:
        point, mark = re.escape(decimal), f"[{re.escape(thousands)}]"
        grouped = text.str.contains(rf"^[+-]?[0-9]{{1,3}}(?:{mark}[0-9]{{2,3}})*{mark}[0-9]{{3}}(?:{point}[0-9]*)?$")
        text = text.str.replace_all(mark, "").zip_with(grouped.fill_null(False), text)
    if decimal != ".":
        # A point that is not the decimal mark makes the value unreadable: it must not become one.
        text = text.str.replace_all(".", "?", literal=True).str.replace_all(decimal, ".", literal=True)
    plain = text.str.contains(PLAIN)
    values = text.zip_with(plain.fill_null(False), pl.Series([None], dtype=pl.String)).cast(pl.Float64, strict=False)
    if factor is not None:
        values = values * factor
    if negative is not None:
        values = values * negative.replace_strict([True, False], [-1.0, 1.0], return_dtype=pl.Float64)
    return values


def _clock(text: pl.Series) -> pl.Series:
    import polars as pl

    parts = [text.str.extract(CLOCK, group).cast(pl.Float64, strict=False) for group in (1, 2, 3)]
    return parts[0] * 3600.0 + parts[1] * 60.0 + parts[2].fill_null(0.0)


def either(words: Any) -> str:
    """The words as alternatives of a regular expression, longest first, so that 'km/kg' is not taken for 'km'."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
