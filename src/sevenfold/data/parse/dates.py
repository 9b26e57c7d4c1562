"""Reading dates and times: by stated formats, as seconds since 1970, or typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sevenfold.data.parse.reading import UNREADABLE, WRONG_TYPE, Reading, stripped

if TYPE_CHECKING:
    import polars as pl

ISO = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%#z",
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
)
"""Formats that leave nothing to guess: any date column understands them, beside its own."""

EPOCHS = {"s": 1_000_000, "ms": 1_000, "us": 1}
"""Microseconds in each unit of a count since 1970."""

_SHAPES = {
    "Y": "[0-9]{4}",
    "y": "[0-9]{2}",
    **dict.fromkeys("mdHI", "[0-9]{1,2}"),
    **dict.fromkeys("MS", "[0-9]{1,2}"),
    "b": "[A-Za-z]{3}",
    "B": "[A-Za-z]{3,9}",
    "a": "[A-Za-z]{3}",
    "A": "[A-Za-z]{6,9}",
    "p": "[AaPp][Mm]",
    ".f": r"\.[0-9]{1,9}",
    "#z": "(?:[Zz]|[+-][0-9]{2}:?(?:[0-9]{2})?)",
}
_LAST_MICROSECOND = 253_402_300_800_000_000  # the year 10,000
_FIRST_MICROSECOND = -62_135_596_800_000_000  # the year 1


def gate(form: str) -> str:
    """The regular expression of the strings that a format may be tried on: parsers are laxer than formats look."""
    out: list[str] = []
    position = 0
    while position < len(form):
        match = re.match(r"%(\.f|#z|[A-Za-z])", form[position:])
        if match and match[1] in _SHAPES:
            compact = re.fullmatch(r"(%[YmdHMS])+", form) is not None
            shape = _SHAPES[match[1]]
            out.append(shape.replace("{1,2}", "{2}") if compact else shape)
            position += len(match[0])
        else:
            out.append(re.escape(form[position]))
            position += 1
    return "^" + "".join(out) + "$"


def read_dates(raw: pl.Series, parse: Mapping[str, Any]) -> Reading:
    """A column as Datetime("us") without zone; what has a zone is told in UTC.

    Keys of `parse`: `formats` (strftime formats, tried in order, before ISO ones), `epoch` ("s", "ms" or "us": counts
    since 1970), `ambiguous` (day and month could not be told apart; for people), `missing` and `kept` (spellings).
    """
    import polars as pl

    kind = pl.Datetime("us")
    if isinstance(raw.dtype, pl.Datetime):
        zoned = raw.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if raw.dtype.time_zone else raw
        return Reading(zoned.cast(kind))
    if raw.dtype == pl.Date:
        return Reading(raw.cast(kind))
    epoch = parse.get("epoch")
    compact = [form for form in parse.get("formats", ()) if re.fullmatch(r"(%[Ymd])+", form)]
    if raw.dtype.is_numeric() and epoch:
        return _since_1970(raw.cast(pl.Float64), raw.is_not_null(), str(epoch))
    if not (raw.dtype == pl.String or (raw.dtype.is_numeric() and compact) or isinstance(raw.dtype, pl.Categorical)):
        nothing = pl.Series(raw.name, [None], dtype=kind).new_from_index(0, len(raw))
        return Reading(nothing, ((WRONG_TYPE, raw.is_not_null()),))
    text = stripped(raw, dict(parse), words=True)
    if epoch:
        counts = text.cast(pl.Float64, strict=False)
        reading = _since_1970(counts, counts.is_not_null(), str(epoch))
        values = reading.values
    else:
        values = pl.Series(raw.name, [None], dtype=kind).new_from_index(0, len(raw))
    for form in dict.fromkeys((*parse.get("formats", ()), *ISO)):
        left = (values.is_null() & text.is_not_null()).arg_true()
        if not len(left):
            break
        values = values.scatter(left, read_format(text.gather(left), form))
    return Reading(values, ((UNREADABLE, text.is_not_null() & values.is_null()),))


def read_format(text: pl.Series, form: str) -> pl.Series:
    """Strings by one format, null where they are not of it. A month without a day is its first day."""
    import polars as pl

    if "%#z" in form:
        text = text.str.replace(r"(?i)\s*(?:utc|gmt)$", "Z")
    fits = text.str.contains(gate(form)).fill_null(False)
    text = text.zip_with(fits, pl.Series([None], dtype=pl.String))
    if not fits.any():
        return pl.Series(text.name, [None], dtype=pl.Datetime("us")).new_from_index(0, len(text))
    if "%d" not in form:
        text, form = text + " 1", form + " %d"
    if "%#z" in form:
        return text.str.strptime(pl.Datetime("us", "UTC"), form, strict=False).dt.replace_time_zone(None)
    return text.str.strptime(pl.Datetime("us"), form, strict=False)


def _since_1970(counts: pl.Series, given: pl.Series, unit: str) -> Reading:
    import polars as pl

    microseconds = (counts * EPOCHS[unit]).round(0)
    possible = microseconds.is_finite() & microseconds.is_between(_FIRST_MICROSECOND, _LAST_MICROSECOND)
    possible = possible.fill_null(False)
    values = microseconds.zip_with(possible, pl.Series([None], dtype=pl.Float64)).cast(pl.Int64).cast(pl.Datetime("us"))
    return Reading(values.alias(counts.name), ((UNREADABLE, given & counts.is_not_nan().fill_null(False) & ~possible),))
