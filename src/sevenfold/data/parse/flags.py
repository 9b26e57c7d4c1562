"""Reading flags: yes or no, in the spellings that the column uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sevenfold.data.parse.reading import UNREADABLE, WRONG_TYPE, Reading, stripped

if TYPE_CHECKING:
    import polars as pl

PAIRS = (
    *(("true", "false"), ("t", "f"), ("yes", "no"), ("y", "n"), ("on", "off")),
    *(("ja", "nein"), ("j", "n"), ("oui", "non"), ("si", "no"), ("sí", "no"), ("sim", "não")),
)
"""Spellings of yes and of no that are taken for a flag where a column holds just the two."""

ALWAYS = (("true", "1"), ("false", "0"))
"""Spellings that any flag understands, beside its own."""


def pair_of(levels: Iterable[str]) -> tuple[str, str] | None:
    """The pair (yes, no), lower case, that exactly these levels make, in any case and mixed with 1 and 0, or None."""
    lowered = {level.lower() for level in levels} - {"0", "1", "0.0", "1.0"}
    return next((pair for pair in PAIRS if lowered == set(pair)), None)


def answers(parse: Mapping[str, Any]) -> dict[str, bool]:
    """The answer by spelling, lower case."""
    known = dict.fromkeys(ALWAYS[1], False) | dict.fromkeys(ALWAYS[0], True)
    return known | dict.fromkeys(parse.get("false", ()), False) | dict.fromkeys(parse.get("true", ()), True)


def read_flags(raw: pl.Series, parse: Mapping[str, Any]) -> Reading:
    """A column as Boolean. Keys of `parse`: `true` and `false`, each a list of spellings in lower case."""
    import polars as pl

    if raw.dtype == pl.Boolean:
        return Reading(raw)
    if raw.dtype.is_temporal() or raw.dtype.is_nested():
        return Reading(pl.Series(raw.name, [None] * len(raw), dtype=pl.Boolean), ((WRONG_TYPE, raw.is_not_null()),))
    text = stripped(raw, dict(parse), words=True).str.to_lowercase()
    if raw.dtype == pl.String:
        text = text.str.replace(r"^([01])\.0+$", "$1")
    known = answers(parse)
    values = text.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.Boolean)
    return Reading(values, ((UNREADABLE, text.is_not_null() & values.is_null()),))
