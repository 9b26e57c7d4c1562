"""Whether a stored profile has the form that profiles are written in: nobody else checks it before it is used."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

_MOST_ROWS = 2**62
_NUMBERS = ("low", "high", "mean", "deviation")


def check_column(data: Mapping[str, Any]) -> None:
    """Refuse what `ColumnProfile.to_json` never writes.

    Raises:
        ValueError: a value has another type, edges do not ascend, or numbers of rows contradict each other.
        KeyError: something is not there.
    """
    _is(isinstance(data["name"], str), "name")
    rows, missing = _count(data["rows"]), _count(data["missing"])
    _is(missing <= rows, "missing")
    _is(data.get("distinct") is None or _count(data["distinct"]) >= 0, "distinct")
    _is(all(data.get(key) is None or _is_number(data[key]) for key in _NUMBERS), "numbers")
    _is(_is_list(data["quantiles"]) and all(map(_is_number, data["quantiles"])), "quantiles")
    _check_bins(data["edges"], data["counts"], rows - missing)
    top = data["top"]
    _is(_is_list(top) and all(_is_list(pair) and len(pair) == 2 and isinstance(pair[0], str) for pair in top), "top")
    _is(len({label for label, _ in top}) == len(top), "top")
    listed = sum(_count(count) for _, count in top)
    _is(listed + _count(data.get("rest", 0)) <= rows - missing, "rest")
    _is(_count(data.get("singles", 0)) <= rows - missing, "singles")
    _is(isinstance(data.get("aspects", {}), Mapping), "aspects")
    _check_remembered(data.get("remembered", {}))


def _check_bins(edges: Any, counts: Any, present: int) -> None:
    _is(_is_list(edges) and all(map(_is_number, edges)) and len(edges) != 1, "edges")
    _is(all(low <= high for low, high in pairwise(edges)), "edges")
    _is(_is_list(counts) and len(counts) == max(0, len(edges) - 1), "counts")
    _is(sum(map(_count, counts)) <= present, "counts")


def _check_remembered(remembered: Any) -> None:
    _is(isinstance(remembered, Mapping), "remembered")
    words, marks = remembered.get("words", ()), remembered.get("marks", ())
    share = remembered.get("share", 1)
    _is(_is_list(words) and all(isinstance(word, str) for word in words), "words")
    _is(_is_list(marks) and all(type(mark) is int and 0 <= mark < 2**64 for mark in marks), "marks")
    _is(_is_number(share) and 0 <= share <= 1, "share")


def _count(value: Any) -> int:
    _is(type(value) is int and 0 <= value <= _MOST_ROWS, "a number of rows")
    return int(value)


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and abs(value) <= sys.float_info.max


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _is(fine: bool, what: str) -> None:
    if not fine:
        raise ValueError(f"the profile of a column is not as it is written: {what}")
