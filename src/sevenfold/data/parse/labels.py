"""Reading categories, ids and text: strings as they stand, less surrounding blanks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sevenfold.data.parse.reading import UNSEEN, WRONG_TYPE, Reading, stripped

if TYPE_CHECKING:
    import polars as pl


def read_labels(raw: pl.Series, parse: Mapping[str, Any], levels: Sequence[str] = ()) -> Reading:
    """A column as String: a level that was never seen stays as it is and is reported, where `levels` are given.

    Keys of `parse`: `numeric` (labels are whole numbers: "3", "3.0", 3 and 3.0 are one; where it is not set, a typed
    number is not what the column holds: 1 never stands for "001"), `ignore_case` (a label that differs from a level in
    case only is that level), `missing` and `kept` (spellings).
    """
    import polars as pl

    text = stripped(raw, dict(parse), words=False)
    problems: list[tuple[str, pl.Series]] = []
    if parse.get("numeric"):
        if raw.dtype == pl.String:
            text = text.str.replace(r"^\+?(-?[0-9]+)\.0*$", "$1")
    elif raw.dtype.is_numeric() and levels:
        problems.append((WRONG_TYPE, text.is_not_null() & ~_written(text, levels)))
    if (parse.get("ignore_case") or raw.dtype == pl.Boolean) and levels:
        text = _respelled(text, levels)
    if levels and not problems:
        problems.append((UNSEEN, text.is_not_null() & ~text.is_in(list(levels))))
    return Reading(text, tuple(problems))


def _written(text: pl.Series, levels: Sequence[str]) -> pl.Series:
    """Whether a number written out is a level that no zero-padded level could also mean."""
    padded = {level.lstrip("0") or "0" for level in levels if level.startswith("0") and len(level) > 1}
    return text.is_in([level for level in levels if level not in padded]).fill_null(False)


def _respelled(text: pl.Series, levels: Sequence[str]) -> pl.Series:
    """Each label in the spelling of the first (most frequent) level that it equals but for case."""
    import polars as pl

    first: dict[str, str] = {}
    for level in levels:
        first.setdefault(level.lower(), level)
    lowered = text.str.to_lowercase()
    known = lowered.replace_strict(list(first), list(first.values()), default=None, return_dtype=pl.String)
    return known.fill_null(text)


def read_text(raw: pl.Series, parse: Mapping[str, Any]) -> Reading:
    """A column of free text or ids as String. Keys of `parse`: `numeric` (ids), `missing` and `kept`."""
    import polars as pl

    text = stripped(raw, dict(parse), words=False)
    if parse.get("numeric") and raw.dtype == pl.String:
        text = text.str.replace(r"^\+?(-?[0-9]+)\.0*$", "$1")
    return Reading(text)
