"""How many broken rows a reading bears: a few are reported, more are an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sevenfold.core.errors import DataError

_SHARE = 0.01
_AT_LEAST = 10
_SHOWN = 20


def bear(name: str, broken: Mapping[int, str], rows: int, expected: str, lines: Mapping[int, int]) -> dict[str, Any]:
    """Report broken rows, or raise where they are too many: all, or more than 1 % (in small tables 10 %, up to 10).

    Args:
        name: of the content.
        broken: what is wrong, by row number from 0.
        rows: number of all rows.
        expected: what each row should have been.
        lines: line number in the file, from 1, of each of the first broken rows.
    Returns:
        `{"count": ..., "rows": first row numbers, "what": [sentences]}`.
    """
    shown = sorted(broken)[:_SHOWN]
    told = [
        f"row {row} (line {lines[row]}) {broken[row]}" if row in lines else f"row {row} {broken[row]}" for row in shown
    ]
    borne = max(1, _SHARE * rows, min(_AT_LEAST, rows / 10))
    if len(broken) > borne or (rows and len(broken) == rows):
        raise DataError(
            f"{name} has {len(broken):,} broken rows among {rows:,}.",
            f"{expected}; at most 1 % of the rows (10 % of a small table) may differ",
            "; ".join(told[:5]) + ("; ..." if len(broken) > 5 else ""),
            "Repair these rows, or name the delimiter and the quote if they were guessed wrongly.",
        )
    return {"count": len(broken), "rows": shown, "what": told}


def shown_first(broken: Mapping[int, str]) -> list[int]:
    """The broken rows whose line numbers are worth counting."""
    return sorted(broken)[:_SHOWN]
