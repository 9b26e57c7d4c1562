"""Class labels: in which type, in which order, and which one counts as positive."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sevenfold.core.task import Goal, Label

if TYPE_CHECKING:
    import polars as pl

POSITIVE = frozenset({"yes", "y", "true", "t", "positive", "pos", "+", "1", "ja", "oui", "si", "sí", "present", "spam"})
NEGATIVE = frozenset({"no", "n", "false", "f", "negative", "neg", "-", "0", "-1", "nein", "non", "absent", "ham"})


def typed(levels: Sequence[str], raw: pl.Series | None = None) -> tuple[Label, ...]:
    """Labels as the data mean them: whole numbers as int, numbers as float, true and false as bool, the rest as str.

    Strings that a CSV file gives are told alike: '0' and '1' become 0 and 1 only where every label is a whole number
    without leading zeros.
    """
    import polars as pl

    lowered = {level.lower() for level in levels}
    if (raw is not None and raw.dtype == pl.Boolean) or lowered == {"true", "false"}:
        return tuple(level.lower() == "true" for level in levels)
    if levels and all(re.fullmatch(r"0|-?[1-9][0-9]{0,17}", level) for level in levels):
        return tuple(int(level) for level in levels)
    if levels and all(re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?(e[+-]?[0-9]+)?", level) for level in levels):
        floats = tuple(float(level) for level in levels)
        if len(set(floats)) == len(floats) and tuple(spelled(floats)) == tuple(levels):
            return floats
    return tuple(levels)


def spelled(labels: Sequence[Label]) -> list[str]:
    """Each label as a typed table writes it in a category column; true and false in lower case."""
    return [("true" if label else "false") if isinstance(label, bool) else str(label) for label in labels]


def order(levels: Sequence[str], raw: pl.Series, goal: Goal) -> tuple[tuple[Label, ...], list[str]]:
    """The labels in the order of probability columns, and why.

    Args:
        levels: as a typed table writes them, most frequent first.
        raw: the raw target.
        goal: for a binary one the second label is the positive class.
    """
    labels = typed(levels, raw)
    if goal is not Goal.BINARY:
        return tuple(sorted(labels, key=_rank)), []
    positive, why = _positive(labels)
    negative = next(label for label in labels if label != positive)
    return (negative, positive), [f"the positive class is {positive!r}: {why}"]


def _positive(labels: tuple[Label, ...]) -> tuple[Label, str]:
    """Which of two labels (most frequent first) is positive."""
    words = [re.sub(r"^['\"]|['\"]$", "", str(label).strip()).lower() for label in labels]
    affirming = [label for label, word in zip(labels, words, strict=True) if word in POSITIVE]
    denying = [word for word in words if word in NEGATIVE]
    if len(affirming) == 1 and (len(denying) == 1 or not _numeric(words)):
        return affirming[0], "it affirms"
    if len(denying) == 1:
        return next(
            label for label, word in zip(labels, words, strict=True) if word not in NEGATIVE
        ), "the other denies"
    if _numeric(words):
        return max(zip(map(float, words), labels, strict=True), key=lambda pair: pair[0])[1], "it is the greater number"
    return labels[-1], "it is the rarer one"


def _numeric(words: list[str]) -> bool:
    return all(re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", word) for word in words)


def _rank(label: Label) -> tuple[float, str]:
    return (float(label), "") if not isinstance(label, str) else (0.0, label)
