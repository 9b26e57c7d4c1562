"""What single cells of a text look like: evidence for the delimiter, the header and the decimal mark."""

from __future__ import annotations

import re

_NUMBER = re.compile(
    r"\s*[-+]?(?:[$€£¥]\s*)?(?:\d[\d., '\u00a0]*|[.,]\d+)(?:[eE][-+]?\d+)?\s*[%]?\s*|\s*[-+]?(?:inf|Infinity)\s*"
)
_DATE = re.compile(
    r"\s*(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[-/ ][A-Za-z]{3,9}[-/ ]\d{2,4})?"
    r"[T ]?(?:\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[aApP][mM])?)?(?:Z|[-+]\d{2}:?\d{2})?\s*"
)
_MISSING = frozenset(
    {"", "?", "-", "--", ".", "na", "n/a", "nan", "null", "none", "nil", "missing", "unknown", "#n/a", "\\n"}
)
_POINT = re.compile(r"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?")
_COMMA = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")
_QUOTED_NUMBER = re.compile(r"'[-+]?\d+(?:[.,]\d+)?'")


def is_missing(cell: str | None) -> bool:
    """Whether the cell is empty or a usual spelling of missing."""
    return cell is None or cell.strip().lower() in _MISSING


def is_number(cell: str) -> bool:
    """Whether the cell reads as a number: with marks, a currency or a percent sign, or within single quotes."""
    return _NUMBER.fullmatch(cell) is not None or _QUOTED_NUMBER.fullmatch(cell) is not None


def is_date(cell: str) -> bool:
    """Whether the cell reads as a date, a time, or both."""
    return any(c.isdigit() for c in cell) and _DATE.fullmatch(cell) is not None


def is_typed(cell: str) -> bool:
    """Whether the cell is a number, a date or a time, and so hardly a name."""
    return is_number(cell) or is_date(cell)


def decimal_mark(columns: list[list[str | None]]) -> str | None:
    """The decimal mark of the sample: "." or ",", or None where there are no decimals.

    A comma counts as a decimal mark where columns hold numbers with one comma that cannot divide thousands.
    """
    point = comma = 0
    for column in columns:
        present = [cell.strip() for cell in column if not is_missing(cell) and cell is not None]
        if not present:
            continue
        with_point = sum(_POINT.fullmatch(cell) is not None for cell in present)
        with_comma = [cell for cell in present if _COMMA.fullmatch(cell)]
        thousands = sum(re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", cell) is not None for cell in with_comma)
        point += with_point > 0.3 * len(present)
        comma += len(with_comma) > 0.3 * len(present) and thousands < len(with_comma)
    if point == comma == 0:
        return None
    return "," if comma > point else "."
