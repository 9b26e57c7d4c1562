"""How slow this machine is at present: a fixed piece of work timed again and again, and what workers got of a core."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import numpy as np

_EXPECTED_SECONDS = 0.0014  # of one piece of work, on an ordinary core that nobody else uses
_KEPT = 24
_SHORT_SECONDS = 0.05
_LEAST, _MOST = 0.5, 12.0


class Pulse:
    """Seconds here for a second on an ordinary idle core; other processes on the same cores count.

    Args:
        clock: wall seconds, finely resolved.
        work: what is timed.
    """

    def __init__(
        self, clock: Callable[[], float] = time.perf_counter, work: Callable[[], object] | None = None
    ) -> None:
        self._clock = clock
        self._work = work or _piece
        self._seconds: deque[float] = deque(maxlen=_KEPT)
        self._waits: deque[float] = deque(maxlen=_KEPT)

    def beat(self, times: int = 1) -> None:
        """Time the work, which takes about a millisecond."""
        for _ in range(times):
            started = self._clock()
            self._work()
            self._seconds.append(self._clock() - started)

    def worked(self, wall_seconds: float, core_seconds: float) -> None:
        """Take note of work done elsewhere: how long it took, and how much of that it had a core. A short piece of work
        is seldom interrupted; what others take from longer ones shows here."""
        if core_seconds > _SHORT_SECONDS:
            self._waits.append(max(1.0, wall_seconds / core_seconds))

    @property
    def slowness(self) -> float:
        """Between 0.5 and 12; 1 before anything was timed."""
        if not self._seconds:
            return 1.0
        alone = float(np.min(self._seconds)) / _EXPECTED_SECONDS
        shared = alone * float(np.median(self._waits)) if self._waits else 0.0
        return float(np.clip(max(float(np.mean(self._seconds)) / _EXPECTED_SECONDS, shared), _LEAST, _MOST))


def _piece() -> float:
    total = 0
    for number in range(10_000):
        total += number * number
    values = np.arange(20_000.0)[::-1] % 977
    values.sort()
    return float(np.exp(values * -1e-3).sum()) + total
