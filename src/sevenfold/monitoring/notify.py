"""Which alerts are told to somebody: once when they persist, again only after they have been away.

What has been told is kept beside the store, one file, replaced whole. What a channel did not take is owed to that
channel and tried again by later looks, after a pause that doubles; the channels that took it are left in peace. Only
who looks waits for a channel: no server does.
"""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sevenfold.core.report import Finding, Severity
from sevenfold.deployment.documents import canonical
from sevenfold.deployment.files import write_whole

STATE = "alerts.json"
REARM_LOOKS = 3  # an alert that was away for so many looks is news when it comes back
PERSIST_LOOKS = 1  # drift has persisted over windows already before it is an alert at all
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 60.0, 3600.0  # of a channel that failed: once, or again and again
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
class Owed:
    """What one channel has not taken.

    Args:
        alerts: their keys.
        tries: failures in a row.
        next: before this it is not tried again unless there is something new, seconds since 1970.
    """

    alerts: tuple[str, ...]
    tries: int
    next: float

    @classmethod
    def after_failure(cls, before: Owed | None, keys: Sequence[str], now: float) -> Owed:
        """One failure more: the pause doubles, up to an hour."""
        tries = 1 + (0 if before is None else before.tries)
        pause = min(FIRST_PAUSE_SECONDS * 2.0 ** min(tries - 1, 30), LONGEST_PAUSE_SECONDS)
        return cls(tuple(sorted(set(keys))), tries, now + pause)


@dataclass(frozen=True)
class Memory:
    """Every alert that is there or was there lately.

    Args:
        alerts: by key.
        owed: by the key of a channel.
    """

    alerts: Mapping[str, Told] = field(default_factory=dict)
    owed: Mapping[str, Owed] = field(default_factory=dict)

    @classmethod
    def load(cls, store: Path) -> Memory:
        """What was told before; nothing where that cannot be read: telling twice is better than not at all."""
        try:
            data = json.loads((store / STATE).read_bytes())
            owed = {
                str(key): Owed(tuple(map(str, one["alerts"])), int(one["tries"]), float(one["next"]))
                for key, one in data.get("owed", {}).items()
            }
            return cls({str(key): Told(**told) for key, told in data["alerts"].items()}, owed)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def save(self, store: Path) -> None:
        """Write it, complete or not at all."""
        alerts = {key: vars(told) for key, told in self.alerts.items()}
        owed = {key: {**vars(one), "alerts": list(one.alerts)} for key, one in self.owed.items()}
        write_whole(store / STATE, canonical({"alerts": alerts, "owed": owed}))

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
        kept = dict(sorted(made.items())[:_MOST_KEYS])
        left = {k: replace(o, alerts=tuple(a for a in o.alerts if a in kept)) for k, o in self.owed.items()}
        return Memory(kept, {channel: owed for channel, owed in left.items() if owed.alerts})

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
        told = {k: Told(t.seen, t.away, t.told or k in keys, t.since) for k, t in self.alerts.items()}
        return replace(self, alerts=told)

    def for_channel(self, channel: str, found: Sequence[Finding], due: Sequence[Finding], now: float) -> list[Finding]:
        """What a channel is told at this look: what is new to it with what it is owed, or that once its pause is over.

        Args:
            channel: its key.
            found: all alerts of this look.
            due: those that nobody had taken when the look began.
            now: seconds since 1970.
        """
        owed = self.owed.get(channel, Owed((), 0, 0.0))
        fresh = any(key_of(finding) not in owed.alerts for finding in due)
        if not fresh and now < owed.next and owed.next - now <= LONGEST_PAUSE_SECONDS:  # else a clock was set back
            return []
        keys = {*owed.alerts, *map(key_of, due)}
        return [finding for finding in found if key_of(finding) in keys]

    def when_tried(self, channel: str, tried: Sequence[Finding], taken: bool, now: float) -> Memory:
        """The same, once a channel has taken these or failed to."""
        others = {key: owed for key, owed in self.owed.items() if key != channel}
        if taken:
            return replace(self, owed=others).when_told(tried)
        failed = Owed.after_failure(self.owed.get(channel), [key_of(finding) for finding in tried], now)
        return replace(self, owed={**others, channel: failed})


def key_of(finding: Finding) -> str:
    """What makes two findings the same alert: code and columns, not the figures."""
    return "/".join((finding.code, *finding.columns, str(finding.evidence.get("replica", ""))))


@dataclass(frozen=True)
class Channel:
    """A way to tell somebody.

    Args:
        key: stands for it in the memory: a digest of the target, which may hold a secret.
        name: shows it to people, without secrets.
        tell: raises where the other side did not take the alerts.
    """

    key: str
    name: str
    tell: Callable[[Sequence[Finding], Mapping[str, Any]], None]


@dataclass(frozen=True)
class Undelivered:
    """What a channel has not taken so far.

    Args:
        to: its name.
        alerts: codes.
        tries: failures in a row.
        next: when it will be tried again, by the first look after it; seconds since 1970.
    """

    to: str
    alerts: tuple[str, ...]
    tries: int
    next: float

    def to_json(self) -> dict[str, Any]:
        """Plain data; the time in ISO form."""
        moment = datetime.datetime.fromtimestamp(self.next, datetime.UTC)
        return {
            "to": self.to, "alerts": list(self.alerts), "tries": self.tries,
            "next": moment.isoformat(timespec="seconds"),
        }  # fmt: skip


@dataclass(frozen=True)
class Delivery:
    """What came of telling.

    Args:
        told: alerts that some channel took at this look.
        failed: what a channel said that could not.
        undelivered: what channels are owed still.
    """

    told: tuple[Finding, ...]
    failed: tuple[str, ...] = ()
    undelivered: tuple[Undelivered, ...] = ()


def notify(
    store: Path,
    found: Sequence[Finding],
    channels: Sequence[Channel],
    about: Mapping[str, Any],
    now: float | None = None,
) -> Delivery:
    """Tell what is new through every channel, and what a channel is owed through that one.

    Args:
        store: where memory lies.
        found: all alerts of this look.
        channels: see `channels`.
        about: of which store and model.
        now: seconds since 1970.
    """
    moment = time.time() if now is None else now
    memory = Memory.load(store).after_look(found, moment)
    due = memory.due(found)
    failed: list[str] = []
    told: set[str] = set()
    for channel in channels:
        tried = memory.for_channel(channel.key, found, due, moment)
        if not tried:
            continue
        taken = False
        try:
            channel.tell(tried, about)
            taken = True
        except Exception as error:  # one channel that fails must not keep the others from being used
            failed.append(str(error).splitlines()[0] if str(error) else type(error).__name__)
        told.update(key_of(finding) for finding in tried if taken)
        memory = memory.when_tried(channel.key, tried, taken, moment)
        memory.save(store)  # before the next one is asked: who took it is not told again, whatever happens there
    memory.save(store)
    still = tuple(
        _undelivered(channel, memory.owed[channel.key], found) for channel in channels if channel.key in memory.owed
    )
    return Delivery(tuple(finding for finding in found if key_of(finding) in told), tuple(failed), still)


def _undelivered(channel: Channel, owed: Owed, found: Sequence[Finding]) -> Undelivered:
    codes = {key_of(finding): finding.code for finding in found}
    return Undelivered(
        channel.name, tuple(codes.get(key, key.split("/")[0]) for key in owed.alerts), owed.tries, owed.next
    )
