"""Time, randomness and resources, passed in and never taken from globals."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_UNLIMITED_BYTES = 2**62  # version 1 writes a number near 2**63 where there is no limit


@dataclass(frozen=True)
class Streams:
    """One seed, a random stream for each name: a new consumer changes no other's numbers."""

    seed: int

    def generator(self, *name: str | int) -> np.random.Generator:
        """The stream of that name; the same seed and name always give the same numbers."""
        return np.random.default_rng(self.integer(*name))

    def integer(self, *name: str | int) -> int:
        """A seed below 2**31 of that name, for libraries that want a number."""
        text = "/".join(map(str, (self.seed, *name)))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


@dataclass(frozen=True)
class Deadline:
    """A point in time that everything ends before.

    Args:
        seconds: the whole budget, or infinity.
        started: when it began, on `clock`.
        clock: monotonic seconds.
    """

    seconds: float = float("inf")
    started: float = 0.0
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def starting_now(cls, seconds: float, already_spent: float = 0.0) -> Deadline:
        """A deadline whose first `already_spent` seconds are gone."""
        return cls(seconds, time.monotonic() - already_spent)

    def spent(self) -> float:
        """Seconds since it began."""
        return self.clock() - self.started

    def left(self) -> float:
        """Seconds left, 0 when it has passed."""
        return max(0.0, self.seconds - self.spent())


@dataclass(frozen=True)
class Resources:
    """What this process may use: the container's limits, not the machine's size."""

    cores: int
    memory_bytes: int

    @classmethod
    def detect(cls) -> Resources:
        """Read affinity and cgroup limits (v2, then v1), and fall back to the machine's."""
        return cls(_cores(), _memory_bytes())


def process_seconds() -> float:
    """Seconds since this process was started, interpreter start included; 0 where that is not known."""
    try:
        ticks = float(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
        uptime = float(Path("/proc/uptime").read_text().split()[0])
    except (OSError, IndexError, ValueError):
        return 0.0
    return max(0.0, uptime - ticks / os.sysconf("SC_CLK_TCK"))


def _cores() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    quota = _first_text("/sys/fs/cgroup/cpu.max")
    if quota and not quota.startswith("max"):
        limit, period = quota.split()[:2]
        cores = min(cores, max(1, round(int(limit) / int(period))))
    old = _first_text("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
    if old and int(old) > 0:
        period_text = _first_text("/sys/fs/cgroup/cpu/cpu.cfs_period_us") or "100000"
        cores = min(cores, max(1, round(int(old) / int(period_text))))
    return max(1, cores)


def _memory_bytes() -> int:
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        memory = 8 * 2**30
    return min([memory, *memory_limits()])


def memory_limits(root: Path = Path("/")) -> list[int]:
    """Every limit of memory that this process is under, in bytes: those of its control group and of all groups around
    it, of either version; the machine's own is not among them.

    Args:
        root: where `proc` and `sys` are mounted.
    """
    version_2, version_1 = root / "sys/fs/cgroup", root / "sys/fs/cgroup/memory"
    # Within a container the group is seen at the root of the mount, whatever path the kernel names.
    files = {version_2 / "memory.max", version_1 / "memory.limit_in_bytes"}
    for line in (_first_text(str(root / "proc/self/cgroup")) or "").splitlines():
        number, controllers, path = (*line.split(":", 2), "", "")[:3]
        group = Path(path.lstrip("/"))
        for part in (group, *group.parents):
            if number == "0" and not controllers:
                files.add(version_2 / part / "memory.max")
            elif "memory" in controllers.split(","):
                files.add(version_1 / part / "memory.limit_in_bytes")
    limits = [int(text) for file in sorted(files) if (text := _first_text(str(file))) and text.isdigit()]
    return [limit for limit in limits if 0 < limit < _UNLIMITED_BYTES]


def _first_text(path: str) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None
