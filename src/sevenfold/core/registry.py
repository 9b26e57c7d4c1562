"""Explicit catalogues: one line an item, described without importing heavy libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from sevenfold.core.errors import RequestError, unknown_name

T = TypeVar("T")


@cache
def installed_points() -> Any:
    """Entry points of all installed packages, each of whose files is read once in a process."""
    return entry_points()


class Catalogue(Generic[T]):
    """Named items, loaded on first use.

    Args:
        kind: what the items are, for messages ("Model").
        group: entry-point group through which other packages add items ("sevenfold.models").
        items: "module:attribute" of each item, by name, in the order in which they are shown.
    """

    def __init__(self, kind: str, group: str, items: dict[str, str]) -> None:
        self.kind = kind
        self.group = group
        self._items = dict(items)
        self._outside: Callable[[], None] | None = self._load_entry_points

    def _load_entry_points(self) -> None:
        self._outside = None
        for point in installed_points().select(group=self.group):
            if point.name in self._items:
                raise RequestError(
                    f"{self.kind} '{point.name}' is registered twice.", "a new name", point.value, "Rename one of them."
                )
            self._items[point.name] = point.value

    def names(self) -> list[str]:
        """Every name, built-in ones first."""
        if self._outside is not None:
            self._outside()
        return list(self._items)

    def entries(self) -> dict[str, str]:
        """Where each item is, as "module:attribute" by name."""
        self.names()
        return dict(self._items)

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def __iter__(self) -> Iterator[tuple[str, T]]:
        for name in self.names():
            yield name, self.get(name)

    def get(self, name: str) -> T:
        """The item of that name; an unknown name suggests the nearest known one."""
        if name not in self.names():
            raise unknown_name(self.kind, name, self._items)
        module, _, attribute = self._items[name].partition(":")
        item: T = getattr(import_module(module), attribute)
        return item
