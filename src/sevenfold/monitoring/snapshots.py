"""Counts on disk: one file for each window of each start of each replica, replaced whole whenever it grows.

A file holds everything its writer has counted in that window since it was started, and a digest of itself. So it does
not matter how often it is copied, sent or read, nor in which order: the latest of each origin counts, once.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sevenfold.deployment.documents import canonical, parse
from sevenfold.deployment.files import write_whole
from sevenfold.monitoring.sketches import Sketch, Snapshot, Snapshots

FORMAT = 1
_LARGEST_BYTES = 64 * 2**20
_COUNT_LIMIT = 2**62
_SAFE = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Counted:
    """One snapshot with all that tells what it counts.

    Args:
        model: digits of its digest.
        bins: digest of the bins.
        window: start, seconds since 1970.
        window_seconds: how long it lasts.
        replica: name of the machine or pod.
        boot: of one start of one server.
        snapshot: sequence and counts.
        updated: when, seconds since 1970.
        closed: whether the server said that it ends.
    """

    model: str
    bins: str
    window: int
    window_seconds: int
    replica: str
    boot: str
    snapshot: Snapshot
    updated: float = 0.0
    closed: bool = False

    def to_bytes(self) -> bytes:
        """The file's content."""
        data = {
            "format": FORMAT,
            "model": self.model,
            "bins": self.bins,
            "window": self.window,
            "window_seconds": self.window_seconds,
            "replica": self.replica,
            "boot": self.boot,
            "sequence": self.snapshot.sequence,
            "updated": self.updated,
            "closed": self.closed,
            **self.snapshot.sketch.to_json(),
        }
        return canonical({**data, "digest": _digest(data)})

    @classmethod
    def from_bytes(cls, content: bytes) -> Counted:
        """The snapshot that `to_bytes` wrote.

        Raises:
            ValueError: it is not whole.
        """
        try:
            data = parse(content, limit_bytes=_LARGEST_BYTES)
            told = data.pop("digest")
            if told != _digest(data) or data["format"] != FORMAT:
                raise ValueError("not what its digest says")
            sketch = Sketch.from_json(data)
            if any((c < 0).any() or (c > _COUNT_LIMIT).any() or c.ndim != 1 for c in sketch.counts.values()):
                raise ValueError("counts out of range")
            return cls(
                str(data["model"]), str(data["bins"]), int(data["window"]), int(data["window_seconds"]),
                str(data["replica"]), str(data["boot"]), Snapshot(int(data["sequence"]), sketch),
                float(data["updated"]), bool(data["closed"]),
            )  # fmt: skip
        except ValueError:
            raise
        except Exception as error:
            raise ValueError(f"no snapshot: {type(error).__name__}") from None

    def write(self, folder: Path) -> None:
        """Put the file into `folder`, complete or not at all."""
        place = folder / f"{self.window:012d}"
        place.mkdir(parents=True, exist_ok=True)
        write_whole(place / f"{safe_name(self.replica)}.{safe_name(self.boot)}.json", self.to_bytes())


@dataclass(frozen=True)
class Life:
    """What is known of one start of one replica.

    Args:
        replica, boot: which.
        first, last: windows in which it counted.
        closed: whether it ended as told.
    """

    replica: str
    boot: str
    first: int
    last: int
    closed: bool


@dataclass(frozen=True)
class Counts:
    """All snapshots of one model.

    Args:
        windows: by start of the window.
        window_seconds: length of the shortest window.
        lives: of each start of each replica.
        damaged: names of files that are not what their digest says, or count in other bins.
        boots: every boot that has files, damaged ones included.
    """

    windows: Mapping[int, Snapshots] = field(default_factory=dict)
    window_seconds: int = 3600
    lives: tuple[Life, ...] = ()
    damaged: tuple[str, ...] = ()
    boots: frozenset[str] = frozenset()


def read_counts(folder: Path, bins: str) -> Counts:
    """Everything that was counted into `folder` in these bins."""
    windows: dict[int, Snapshots] = {}
    lives: dict[tuple[str, str], Life] = {}
    damaged: list[str] = []
    boots: set[str] = set()
    seconds = 3600
    for path in _files(folder):
        boots.add(path.name.split(".")[1] if path.name.count(".") >= 2 else "")
        try:
            counted = Counted.from_bytes(path.read_bytes())
        except (ValueError, OSError):
            damaged.append(f"{path.parent.name}/{path.name}")
            continue
        if counted.bins != bins:
            damaged.append(f"{path.parent.name}/{path.name}")
            continue
        seconds = counted.window_seconds
        before = windows.get(counted.window, Snapshots())
        windows[counted.window] = before.with_snapshot(counted.replica, counted.boot, counted.snapshot)
        key = (counted.replica, counted.boot)
        known = lives.get(key)
        lives[key] = Life(
            *key,
            counted.window if known is None else min(known.first, counted.window),
            counted.window if known is None else max(known.last, counted.window),
            counted.closed or (known is not None and known.closed),
        )
    return Counts(dict(sorted(windows.items())), seconds, tuple(lives.values()), tuple(damaged), frozenset(boots))


def safe_name(text: str) -> str:
    """A name as part of a file's name: letters, digits, - and _, at most 64 of them."""
    return _SAFE.sub("-", text)[:64].strip("-") or "x"


def total(parts: Mapping[int, Snapshots]) -> Sketch:
    """All windows together."""
    summed = Sketch()
    for snapshots in parts.values():
        summed = summed + snapshots.total()
    return summed


def _files(folder: Path) -> Iterator[Path]:
    for window in sorted(folder.iterdir()) if folder.is_dir() else ():
        if window.is_dir() and window.name.isdigit():
            yield from sorted(window.glob("*.json"))


def _digest(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
