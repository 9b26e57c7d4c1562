"""What a registry tells of versions and decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sevenfold.core.errors import RequestError
from sevenfold.deployment.registry.lineage import Lineage

ADD, PROMOTE, ROLLBACK, REFUSE, SERVE = "add", "promote", "rollback", "refuse", "serve"


@dataclass(frozen=True)
class Version:
    """One version of a model; it never changes.

    Args:
        model, version: what it is called; versions count from 1.
        sha256, bytes: of its file.
        lineage: where it comes from.
        parent: version that was champion when it was added; None for the first.
        time, who, why: of the adding.
        aliases: that point to it now.
    """

    model: str
    version: int
    sha256: str
    bytes: int
    lineage: Lineage
    parent: int | None
    time: str
    who: str
    why: str
    aliases: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "name": self.model,
            "version": self.version,
            "aliases": list(self.aliases),
            "sha256": self.sha256,
            "bytes": self.bytes,
            "parent": self.parent,
            "time": self.time,
            "who": self.who,
            "why": self.why,
            "lineage": self.lineage.to_json(),
        }


@dataclass(frozen=True)
class Entry:
    """One line of the log.

    Args:
        action: add, promote, rollback, refuse (the gate said no) or serve (what a server did with a version).
        previous: the version that the alias pointed to before.
        details: what the gate found, and the like.
    """

    number: int
    time: str
    who: str
    action: str
    model: str
    alias: str | None
    version: int | None
    previous: int | None
    why: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "number": self.number, "time": self.time, "who": self.who, "action": self.action, "name": self.model,
            "alias": self.alias, "version": self.version, "previous": self.previous, "why": self.why,
            "details": dict(self.details),
        }  # fmt: skip


def stack_of(entries: Iterable[Entry]) -> list[int]:
    """The versions of one alias to go back through, the present one last.

    Args:
        entries: of the alias, oldest first.
    """
    stack: list[int] = []
    for entry in entries:
        if entry.version is None:
            continue
        if entry.action == PROMOTE and stack[-1:] != [entry.version]:
            stack.append(entry.version)
        elif entry.action == ROLLBACK:
            stack.pop()
    return stack


def another_by_now(name: str, alias: str, expected: int | None, found: int | None) -> RequestError:
    """The error for who decided on a state that is not there any more."""
    return RequestError(
        f"The {alias} of '{name}' is another one by now; nothing was changed.",
        f"version {expected}" if expected else "no version",
        f"version {found}" if found else "no version",
        "Look at it, then decide again.",
    )


def nothing_before(name: str, alias: str, stack: list[int]) -> RequestError:
    """The error for an alias that cannot go back."""
    return RequestError(
        f"The {alias} of '{name}' cannot be rolled back.",
        "a version that it pointed to before",
        f"version {stack[0]} is the first" if stack else "no such alias yet",
        f"See sevenfold registry show {name}.",
    )
