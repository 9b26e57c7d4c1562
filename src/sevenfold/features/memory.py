"""What was found in values of single rows, kept for a while: names, brands, measures and days come again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_KEPT_PARTS = 150_000  # of all that is kept: some 10 MB
_KEPT_LENGTH = 200
_ENTRY = 12  # parts that a value itself, and its place, count

Found = TypeVar("Found")


def remembered(
    find: Callable[[Any], Found],
    parts: Callable[[Found], int] = len,  # type: ignore[assignment]
) -> Callable[[Any], Found]:
    """The same function, which keeps what it found in all but long texts, up to so much; then it starts anew.

    Args:
        find: never gives None, and gives what nobody changes. Threads may share the result if they may share it.
        parts: numbers or texts in what was found, of which so many are kept.
    """
    kept: dict[Any, Found] = {}
    held = 0

    def ask(value: Any) -> Found:
        nonlocal held
        found = kept.get(value)
        if found is None:
            found = find(value)
            if type(value) is not str or len(value) <= _KEPT_LENGTH:
                size = _ENTRY + parts(found)
                if held + size > _KEPT_PARTS:
                    kept.clear()
                    held = 0
                held += size
                kept[value] = found
        return found

    return ask
