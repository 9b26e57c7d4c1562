"""The many spellings of "there is no value"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

SURE = (
    "",
    *("?", "??", "-", "--", "---", "–", "—", "\\n"),
    *("na", "n/a", "n.a.", "n.a", "n/a.", "#n/a", "#na", "<na>", "#n/a n/a"),
    *("nan", "-nan", "null", "(null)", "<null>", "#null!", "nil"),
)
"""Missing in a column of any kind."""

AMONG_VALUES = (
    *(".", "..", "...", "*", "**", "none", "missing", "unknown", "unk", "undefined", "not available", "not applicable"),
    *("not known", "no data", "nodata", "no value", "no answer", "empty", "blank", "tbd", "tba", "n.d.", "nd", "n/d"),
    *("#div/0!", "#value!", "#ref!", "#name?", "#num!", "-1.#ind", "1.#qnan"),
)
"""Missing where the column holds numbers, dates or flags; elsewhere such a word may be a level like any other."""


def _cased(words: Iterable[str]) -> set[str]:
    """Each word in the usual cases. 'Na' is left out: it is more often sodium than a missing value."""
    cased = {form for word in words for form in (word, word.upper(), word.capitalize(), word.title())}
    return (cased | {"NaN", "-NaN", "N/a"}) - {"Na"}


@cache
def spellings(*, words: bool) -> frozenset[str]:
    """Every spelling of missing; with `words` also those that mean it among numbers, dates and flags only."""
    return frozenset(_cased(SURE + AMONG_VALUES if words else SURE))


def meant_missing(parse: Mapping[str, Any], *, words: bool) -> frozenset[str]:
    """The spellings for a column: the usual ones, plus `parse["missing"]`, less `parse["kept"]`."""
    return (spellings(words=words) | frozenset(parse.get("missing", ()))) - frozenset(parse.get("kept", ()))


def is_missing(text: pl.Series, parse: Mapping[str, Any], *, words: bool) -> pl.Series:
    """(rows,) Boolean: null, or one of the column's spellings of missing. `text` has no surrounding blanks."""
    return text.is_in(sorted(meant_missing(parse, words=words))).fill_null(True)
