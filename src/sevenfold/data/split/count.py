"""How many folds a table of some size is worth."""

from __future__ import annotations

from dataclasses import dataclass

_SMALL, _MEDIUM, _LARGE = 2_000, 100_000, 1_000_000


@dataclass(frozen=True)
class Count:
    """How many folds, how often drawn, and why."""

    folds: int
    repeats: int
    reason: str


def count_folds(rows: int, folds: int | None) -> Count:
    """How many folds for so many training rows, and why."""
    if folds is not None:
        return Count(folds, 1, f"{folds} folds, as asked" if folds > 1 else "a single hold-out, as asked")
    if rows < _SMALL:
        return Count(5, 2, f"5 folds drawn twice: with {rows:,} training rows one draw is a matter of luck")
    if rows < _MEDIUM:
        return Count(5, 1, f"5 folds for {rows:,} training rows")
    if rows < _LARGE:
        return Count(3, 1, f"3 folds: {rows:,} training rows make a fold large enough to be exact")
    return Count(1, 1, f"a single hold-out: with {rows:,} training rows a tenth of them is exact enough")
