"""Which alerts are told to somebody: once when they persist, again only after they have been away.

What has been told is kept beside the store, one file, replaced whole; a look that fails to tell tries again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sevenfold.core.report import Finding, Severity
from sevenfold.deployment.documents import canonical
from sevenfold.deployment.files import write_whole

STATE = "alerts.json"
REARM_LOOKS = 3  # an alert that was away for so many looks is news when it comes back
PERSIST_LOOKS = 1  # drift has persisted over windows already before it is an alert at all
_MOST_KEYS = 10_000


@dataclass(frozen=True)
class Told:
    """What is known of one alert.

    Args:
        seen: looks in a row at which it was there.
        away: looks in a row at which it was not.
        told: whether somebody was told since it came.
        since: when it came, seconds since 1970.
    """

    seen: int = 0
    away: int = 0
    told: bool = False
    since: float = 0.0


@dataclass(frozen=True)
class Memory:
    """Every alert that is there or was there lately."""

    alerts: Mapping[str, Told] = field(default_factory=dict)

    @classmethod
    def load(cls, store: Path) -> Memory:
        """What was told before; nothing where that cannot be read: telling twice is better than not at all."""
        try:
            data = json.loads((store / STATE).read_bytes())
            return cls({str(key): Told(**told) for key, told in data["alerts"].items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def save(self, store: Path) -> None:
        """Write it, complete or not at all."""
        write_whole(store / STATE, canonical({"alerts": {key: vars(told) for key, told in self.alerts.items()}}))

    def after_look(self, found: Sequence[Finding], now: float, rearm: int = REARM_LOOKS) -> Memory:
        """What is known once these alerts were seen; what has been away long enough is forgotten."""
        present = {key_of(finding) for finding in found}
        made: dict[str, Told] = {}
        for key in present:
            before = self.alerts.get(key, Told(since=now))
            made[key] = Told(before.seen + 1, 0, before.told, before.since)
        for key, before in self.alerts.items():
            if key not in present and before.told and before.away + 1 < rearm:
                made[key] = Told(0, before.away + 1, True, before.since)
        return Memory(dict(sorted(made.items())[:_MOST_KEYS]))

    def due(self, found: Sequence[Finding], persist: int = PERSIST_LOOKS) -> list[Finding]:
        """The alerts that somebody has to be told of now."""
        waiting: list[Finding] = []
        for finding in found:
            known = self.alerts.get(key_of(finding), Told())
            if finding.severity is not Severity.NOTE and not known.told and known.seen >= persist:
                waiting.append(finding)
        return waiting

    def when_told(self, found: Sequence[Finding]) -> Memory:
        """The same, with these told."""
        keys = {key_of(finding) for finding in found}
        return Memory({k: Told(t.seen, t.away, t.told or k in keys, t.since) for k, t in self.alerts.items()})


def key_of(finding: Finding) -> str:
    """What makes two findings the same alert: code and columns, not the figures."""
    return "/".join((finding.code, *finding.columns, str(finding.evidence.get("replica", ""))))


@dataclass(frozen=True)
class Delivery:
    """What came of telling.

    Args:
        told: alerts that were told, by every channel.
        failed: what a channel said that could not.
    """

    told: tuple[Finding, ...]
    failed: tuple[str, ...] = ()


Channel = Callable[[Sequence[Finding], Mapping[str, Any]], None]


def notify(
    store: Path,
    found: Sequence[Finding],
    channels: Sequence[Channel],
    about: Mapping[str, Any],
    now: float | None = None,
) -> Delivery:
    """Tell what is new through every channel; an alert counts as told once one channel has taken it.

    Args:
        store: where memory lies.
        found: all alerts of this look.
        channels: see `channels`.
        about: of which store and model.
        now: seconds since 1970.
    """
    memory = Memory.load(store).after_look(found, time.time() if now is None else now)
    due = memory.due(found)
    failed: list[str] = []
    delivered = not channels
    for channel in channels if due else ():
        try:
            channel(due, about)
            delivered = True
        except Exception as error:  # one channel that fails must not keep the others from being used
            failed.append(str(error).splitlines()[0] if str(error) else type(error).__name__)
    if due and delivered:
        memory = memory.when_told(due)
    memory.save(store)
    return Delivery(tuple(due) if delivered else (), tuple(failed))
