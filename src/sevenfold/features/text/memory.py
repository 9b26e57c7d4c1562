"""What was found in texts, kept for a while: names, brands and measures come again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_KEPT = 10_000
_KEPT_LENGTH = 200

Found = TypeVar("Found")


def remembered(find: Callable[[Any], Found]) -> Callable[[Any], Found]:
    """The same function, which keeps what it found in short texts; at most 10,000, then it starts anew.

    Args:
        find: never gives None, and gives what nobody changes. Threads may share the result if they may share it.
    """
    kept: dict[Any, Found] = {}

    def ask(text: str | None) -> Found:
        found = kept.get(text)
        if found is None:
            found = find(text)
            if text is None or len(text) <= _KEPT_LENGTH:
                if len(kept) >= _KEPT:
                    kept.clear()
                kept[text] = found
        return found

    return ask
