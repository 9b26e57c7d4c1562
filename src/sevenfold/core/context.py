"""Time, randomness and resources, passed in and never taken from globals."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


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
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        text = _first_text(path)
        if text and text.isdigit():
            memory = min(memory, int(text))
    return memory


def _first_text(path: str) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None
