"""Finding out how a column of strings writes its numbers: marks, units, currencies, brackets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sevenfold.data.parse.numbers import CLOCK, PLAIN, SIGNS, read_numbers
from sevenfold.data.parse.units import CURRENCIES, SHORT, factors

if TYPE_CHECKING:
    import polars as pl

READABLE_SHARE = 0.95
"""At least this share of the values must read as numbers for the column to be one of numbers."""

_EITHER = "|".join(re.escape(word) for word in sorted(CURRENCIES, key=len, reverse=True))
_NUMBER = r"[0-9][0-9.,'’ \u00a0\u202f]*[0-9]|[0-9]+[.,]?|[.,][0-9]+"
_UNIT = r"[%‰°\p{L}µ\"'€$£¥₹₩₽₺฿][^0-9]{0,19}"
WRITTEN = rf"(?i)^(\()?\s*([+-])?\s*({_EITHER})?\s*([+-])?({_NUMBER})((?:e[+-]?[0-9]+)?)(\s*)({_UNIT})?\s*(\))?$"
MOST_UNITS = 6


@dataclass(frozen=True)
class Notation:
    """How numbers are written.

    Args:
        parse: keys for `read_numbers`.
        share: share of the values that read as numbers by it, in [0, 1].
        notes: what a person should know, one clause each.
    """

    parse: dict[str, Any] = field(default_factory=dict)
    share: float = 0.0
    notes: tuple[str, ...] = ()


def recognise(values: pl.Series, counts: pl.Series) -> Notation:
    """The notation by which most of a column's values read as numbers.

    Args:
        values: (distinct,) stripped strings without missing ones.
        counts: (distinct,) how often each occurs.
    """
    total = int(counts.sum() or 0)
    if not total:
        return Notation()
    plain = values.str.contains(PLAIN)
    share = _share(plain, counts, total)
    if share == 1.0:
        return Notation({}, 1.0, _point_note(values))
    clock = _share(values.str.contains(CLOCK), counts, total)
    if clock >= READABLE_SHARE:
        return Notation({"clock": True}, clock, ("times of day or durations, in seconds",))
    parse, notes = _written(values, counts)
    if parse:
        read = read_numbers(values, parse).values.is_not_null()
        by_notation = _share(read, counts, total)
        if by_notation > share:
            return Notation(parse, by_notation, tuple(notes))
    return Notation({}, share, ())


def _share(mask: pl.Series, counts: pl.Series, total: int) -> float:
    return float(counts.filter(mask.fill_null(False)).sum() or 0) / total


def _point_note(values: pl.Series) -> tuple[str, ...]:
    pointed = values.filter(values.str.contains(".", literal=True))
    if len(pointed) >= 3 and pointed.str.contains(r"^[+-]?[1-9][0-9]{0,2}\.[0-9]{3}$").all():
        return ("every point has three digits behind it: if it marks thousands, set decimal to ','",)
    return ()


def _written(values: pl.Series, counts: pl.Series) -> tuple[dict[str, Any], list[str]]:
    """Keys for `read_numbers` from the shape of the values, and notes."""
    import polars as pl

    groups = values.str.replace_all(f"[{SIGNS}]", "-").str.extract_groups(WRITTEN).struct.unnest()
    groups.columns = ["open", "sign", "prefix", "sign2", "number", "exponent", "gap", "unit", "close"]
    frame = groups.with_columns(counts.alias("rows")).filter(pl.col("number").is_not_null())
    if not frame.height:
        return {}, []
    parse: dict[str, Any] = {}
    notes: list[str] = []
    frame, units = _units(frame)
    if units:
        parse["units"] = units
        notes.append(_units_note(frame, units))
    prefixes = frame.get_column("prefix").drop_nulls().str.to_lowercase().unique().sort().to_list()
    if prefixes:
        parse["prefixes"] = prefixes
        notes.append("with " + " and ".join(f"'{prefix}'" for prefix in prefixes))
    if (frame.get_column("open").is_not_null() & frame.get_column("close").is_not_null()).any():
        parse["brackets"] = True
        notes.append("brackets mean negative")
    marks, said = _marks(frame.get_column("number"))
    return {**parse, **marks}, notes + said


def _units(frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, float]]:
    """The rows whose unit is accepted (or that have none), and the factor of each accepted unit."""
    import polars as pl

    frame = frame.with_columns(pl.col("unit").str.strip_chars().str.to_lowercase())
    rows = int(frame.get_column("rows").sum())
    found = (
        frame.filter(pl.col("unit").is_not_null())
        .group_by("unit")
        .agg(pl.col("rows").sum(), touching=(pl.col("gap") == "").any())
    )
    common = found.filter(pl.col("rows") >= max(1, 0.001 * rows)).sort(["rows", "unit"], descending=[True, False])
    accepted: dict[str, int] = {}
    for unit, count, touching in common.iter_rows():
        wordy = not re.fullmatch(r"[^\s()\[\]{}:;!?,]+( [^\s()\[\]{}:;!?,]+)?", unit)
        stray = " " in unit and count < 0.5 * rows  # the rest of an address, not a unit
        code = touching and len(unit) < 2 and unit not in SHORT
        if not (wordy or stray or code):
            accepted[unit] = count
    if len(accepted) > MOST_UNITS:
        return frame.filter(pl.col("unit").is_null()), {}
    kept = frame.filter(pl.col("unit").is_null() | pl.col("unit").is_in(list(accepted)))
    return kept, factors(accepted)


def _units_note(frame: pl.DataFrame, units: dict[str, float]) -> str:
    import polars as pl

    rows = int(frame.filter(pl.col("unit").is_not_null()).get_column("rows").sum())
    parts: list[str] = []
    for unit, factor in units.items():
        share = int(frame.filter(pl.col("unit") == unit).get_column("rows").sum()) / rows
        parts.append(
            f"'{unit}'" + (f" ({share:.1%})" if len(units) > 1 else "") + (f" × {factor:g}" if factor != 1 else "")
        )
    kind = "unit " if len(units) == 1 else "units "
    alike = {unit.rstrip("s") for unit in units}
    unlike = len(alike) > 1 and set(units.values()) == {1.0}
    return kind + ", ".join(parts) + (", read as they stand without conversion" if unlike else "")


def _marks(numbers: pl.Series) -> tuple[dict[str, str], list[str]]:
    """Which of point, comma, blank and apostrophe is the decimal mark and which separates thousands."""
    spaced = numbers.filter(numbers.str.contains(r"['’ \u00a0\u202f]"))
    blank = "".join(sorted(set("".join(spaced.to_list())) & set("'’ \u00a0\u202f")))
    comma, point = numbers.str.contains(",", literal=True), numbers.str.contains(".", literal=True)
    if not comma.any():
        several = numbers.str.contains(r"^[1-9][0-9]{0,2}(\.[0-9]{3}){2,}$").any()
        if several and numbers.filter(point).str.contains(r"^[1-9][0-9]{0,2}(\.[0-9]{3})+$").all():
            return {"decimal": ",", "thousands": "." + blank}, ["points mark thousands"]
        return ({"thousands": blank}, ["blanks or apostrophes mark thousands"]) if blank else ({}, [])
    both = numbers.filter(comma & point)
    comma_last = int((both.str.find(r",[0-9]*$").is_not_null() & ~both.str.contains(r",.*\.")).sum())
    not_grouping = numbers.filter(comma & ~point).str.contains(
        r"^(0,[0-9]*|[0-9]+,([0-9]{0,2}|[0-9]{4,})|[0-9]{4,},[0-9]+|,[0-9]+)$"
    )
    for_decimal = comma_last + int(not_grouping.sum())
    for_thousands = len(both) - comma_last + int(numbers.str.contains(r"^[0-9]{1,3}(,[0-9]{2,3})+,[0-9]{3}").sum())
    if for_decimal > for_thousands:
        dotted = "." if (comma & point).any() or numbers.str.contains(r"^[1-9][0-9]{0,2}(\.[0-9]{3})+$").any() else ""
        return {"decimal": ",", **({"thousands": dotted + blank} if dotted + blank else {})}, ["decimal comma"]
    said = ["commas mark thousands"]
    if not for_thousands and not (point & ~comma).any():
        said = [
            "every comma has three digits behind it and is read as a thousands mark; if it is a decimal comma, say so"
        ]
    return {"thousands": "," + blank}, said
