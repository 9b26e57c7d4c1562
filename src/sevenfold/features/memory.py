"""What was found in values of single rows, kept for a while: names, brands, measures and days come again and again."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import Any, TypeVar

_KEPT = 10_000
_KEPT_NUMBERS = 50_000  # of all that was found: some two megabytes
_KEPT_LENGTH = 200

Found = TypeVar("Found", bound=Sized)


def remembered(find: Callable[[Any], Found], size: Callable[[Found], int] = len) -> Callable[[Any], Found]:
    """The same function, which keeps what it found in all but long texts; when that has become much, it starts anew.

    Args:
        find: never gives None, and gives what nobody changes. Threads may share the result if they may share it.
        size: how many numbers were found.
    """
    kept: dict[Any, Found] = {}
    numbers = 0

    def ask(value: Any) -> Found:
        nonlocal numbers
        found = kept.get(value)
        if found is None:
            found = find(value)
            if type(value) is not str or len(value) <= _KEPT_LENGTH:
                numbers += size(found)
                if len(kept) >= _KEPT or numbers > _KEPT_NUMBERS:
                    kept.clear()
                    numbers = size(found)
                kept[value] = found
        return found

    return ask
