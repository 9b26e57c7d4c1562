"""`registry:NAME@ALIAS`: how a version of a model is named wherever a MODEL is taken."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from sevenfold.core.errors import RequestError

PREFIX = "registry:"
CHAMPION = "champion"
CHALLENGER = "challenger"
PLACE_VARIABLE = "SEVENFOLD_REGISTRY"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Address:
    """A version of a model in a registry.

    Args:
        name: of the model.
        alias: that points to a version; None where the version itself is named.
        version: the version itself; None where an alias is named.
    """

    name: str
    alias: str | None = CHAMPION
    version: int | None = None

    @classmethod
    def parse(cls, text: str) -> Address:
        """`registry:NAME` (its champion), `registry:NAME@ALIAS` or `registry:NAME@3`.

        Raises:
            RequestError: it is none of these.
        """
        name, at, which = text.removeprefix(PREFIX).partition("@")
        check_name(name)
        if not at:
            return cls(name)
        if which.isascii() and which.isdigit() and 0 < len(which) < 10:
            return cls(name, None, int(which))
        check_alias(which)
        return cls(name, which)

    def __str__(self) -> str:
        return f"{PREFIX}{self.name}@{self.alias if self.version is None else self.version}"


def is_address(text: object) -> bool:
    """Whether a MODEL argument names a model in a registry."""
    return isinstance(text, str) and text.startswith(PREFIX)


def default_place() -> str:
    """The registry where none is named: $SEVENFOLD_REGISTRY, else the folder ~/.sevenfold/registry."""
    return os.environ.get(PLACE_VARIABLE) or str(Path.home() / ".sevenfold" / "registry")


def check_name(name: str) -> None:
    """Refuse a model's name that cannot stand in URLs and messages.

    Raises:
        RequestError: it cannot.
    """
    if not _NAME.fullmatch(name):
        raise RequestError(
            "A model cannot have this name.", "up to 64 letters, digits, . _ -", repr(name[:80]), "Choose another name."
        )


def check_alias(alias: str) -> None:
    """Refuse an alias that could be taken for a version.

    Raises:
        RequestError: it could.
    """
    if not _ALIAS.fullmatch(alias):
        raise RequestError(
            "An alias cannot have this name.",
            "a letter, then letters, digits, . _ -",
            repr(alias[:80]),
            "Say champion, challenger, or a word of your own.",
        )
