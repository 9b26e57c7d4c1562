"""What was found in values of single rows, kept for a while: names, brands, measures and days come again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_KEPT = 10_000
_KEPT_LENGTH = 200

Found = TypeVar("Found")


def remembered(find: Callable[[Any], Found]) -> Callable[[Any], Found]:
    """The same function, which keeps what it found in all but long texts; at most 10,000, then it starts anew.

    Args:
        find: never gives None, and gives what nobody changes. Threads may share the result if they may share it.
    """
    kept: dict[Any, Found] = {}

    def ask(value: Any) -> Found:
        found = kept.get(value)
        if found is None:
            found = find(value)
            if type(value) is not str or len(value) <= _KEPT_LENGTH:
                if len(kept) >= _KEPT:
                    kept.clear()
                kept[value] = found
        return found

    return ask
