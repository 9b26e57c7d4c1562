"""Column names that are text, unique and not empty; every change is told."""

from __future__ import annotations

import re
from collections.abc import Iterable

_AROUND = re.compile(r"^[\s\ufeff]+|[\s\ufeff]+$")


def tidy(names: Iterable[object], *, strip: bool = False) -> tuple[list[str], list[str]]:
    """Names as text, empty ones named by position, repeated ones numbered; and notes on what was done.

    With `strip`, spaces around names are taken off as well: text files have them by accident, frames on purpose.

    >>> tidy(["a", " a ", None])
    (['a', ' a ', 'unnamed_2'], ["1 column name empty and got a name by position ('unnamed_2')"])
    """
    given = ["" if name is None else str(name).encode("utf-8", errors="replace").decode() for name in names]
    stripped = [_AROUND.sub("", name) for name in given] if strip else given
    notes: list[str] = []
    spaced = [new for old, new in zip(given, stripped, strict=True) if old != new and new]
    if spaced:
        notes.append(f"spaces around {_count(len(spaced))} were taken off ({_some(spaced)})")
    taken = {name for name in stripped if name}
    result: list[str] = []
    used: set[str] = set()
    unnamed: list[str] = []
    repeated: list[str] = []
    for position, name in enumerate(stripped):
        if not name:
            unique = _free(f"unnamed_{position}", used | taken)
            unnamed.append(unique)
        elif name in used:
            unique = _free(name, used | taken, first=2)
            repeated.append(f"{name} -> {unique}")
        else:
            unique = name
        used.add(unique)
        result.append(unique)
    if unnamed:
        notes.append(f"{_count(len(unnamed))} empty and got a name by position ({_some(unnamed)})")
    if repeated:
        notes.append(f"{_count(len(repeated))} repeated and got a number ({_some(repeated)})")
    return result, notes


def positions(count: int) -> list[str]:
    """The names of columns without a header: "0", "1", ..."""
    return [str(position) for position in range(count)]


def _free(name: str, used: set[str], first: int = 1) -> str:
    if first == 1 and name not in used:
        return name
    number = max(first, 2)
    while f"{name}_{number}" in used:
        number += 1
    return f"{name}_{number}"


def _count(count: int) -> str:
    return f"{count} column name" + ("" if count == 1 else "s")


def _some(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names[:5]) + (", ..." if len(names) > 5 else "")
