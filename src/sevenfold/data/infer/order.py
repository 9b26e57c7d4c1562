"""Levels that have an order which their words show: "less than 1", "1 to 4", "more than 4"; low, medium, high."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sevenfold.data.parse.units import FAMILIES

SCALES: tuple[tuple[str, ...], ...] = (
    ("very low", "low", "medium", "high", "very high"),
    ("low", "moderate", "high", "severe", "extreme"),
    ("low", "med", "high", "vhigh"),
    ("small", "med", "big"),
    ("none", "low", "medium", "high"),
    ("xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl"),
    ("very small", "small", "medium", "large", "very large", "extra large"),
    ("very poor", "poor", "fair", "average", "good", "very good", "excellent"),
    ("bad", "poor", "fair", "good", "very good", "excellent"),
    ("po", "fa", "ta", "gd", "ex"),
    ("never", "rarely", "seldom", "sometimes", "often", "usually", "frequently", "always"),
    ("strongly disagree", "disagree", "neutral", "agree", "strongly agree"),
    ("very dissatisfied", "dissatisfied", "neutral", "satisfied", "very satisfied"),
    ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"),
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    (
        *("january", "february", "march", "april", "may", "june"),
        *("july", "august", "september", "october", "november", "december"),
    ),
    ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    ("preschool", "primary", "secondary", "tertiary"),
    ("bronze", "silver", "gold", "platinum", "diamond"),
)
_SPANS = FAMILIES[-1]
"""Days in spans of time, so that 'under 6 months' comes before '1 year'."""
MOST_LEVELS = 60
_RANGE = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")
_BELOW = re.compile(r"(?i)^\s*(?:less|under|below|up to|at most|younger|<|\.\.\. <)")
_ABOVE = re.compile(r"(?i)(?:more|over|above|at least|older|plus|\+\s*$|^\s*>|and up)")
_NOTHING = re.compile(r"(?i)^(?:none|no|new|never|zero|no [a-z]+)$")


def order_of(levels: Sequence[str]) -> list[str] | None:
    """The levels from least to most where their words show it, otherwise None."""
    if not 3 <= len(levels) <= MOST_LEVELS:
        return None
    return _by_scale(levels) or _by_ranges(levels)


def _by_scale(levels: Sequence[str]) -> list[str] | None:
    by_lower = {level.lower(): level for level in levels}
    if len(by_lower) < len(levels):
        return None
    for scale in SCALES:
        if set(by_lower) <= set(scale):
            return [by_lower[word] for word in scale if word in by_lower]
    return None


def _by_ranges(levels: Sequence[str]) -> list[str] | None:
    """Levels whose numbers order them: each but one or two holds a number, and words such as 'to' or 'more than'."""
    keyed: list[tuple[float, float, str]] = []
    numbered = 0
    for level in levels:
        size = next((_SPANS[word] for word in re.findall("[a-z]+", level.lower()) if word in _SPANS), 1.0)
        numbers = [float(found.replace(",", "")) * size for found in _RANGE.findall(level)]
        if numbers and len(numbers) <= 2:
            numbered += 1
            shift = -0.5 if _BELOW.search(level) else 0.5 if _ABOVE.search(level) else 0.0
            keyed.append((numbers[0] + shift, numbers[-1], level))
        elif _NOTHING.match(level):
            keyed.append((-1.0, -1.0, level))
        else:
            return None
    tails = {re.sub(r"[0-9.,\s]+", " ", level).strip().lower() for level in levels}
    phrased = any(_BELOW.search(level) or _ABOVE.search(level) or len(_RANGE.findall(level)) == 2 for level in levels)
    if numbered < 2 or not phrased or len(tails) > 8 or len({key[:2] for key in keyed}) < len(keyed):
        return None
    return [level for _, _, level in sorted(keyed)]
