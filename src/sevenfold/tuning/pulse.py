"""How slow this machine is at present: a fixed piece of work, timed again and again while a run goes on."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import numpy as np

_EXPECTED_SECONDS = 0.0014  # of one piece of work, on an ordinary core that nobody else uses
_KEPT = 24
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

    def beat(self, times: int = 1) -> None:
        """Time the work, which takes about a millisecond."""
        for _ in range(times):
            started = self._clock()
            self._work()
            self._seconds.append(self._clock() - started)

    @property
    def slowness(self) -> float:
        """Mean of the last beats over the expected time, between 0.5 and 12; 1 before the first beat."""
        if not self._seconds:
            return 1.0
        return float(np.clip(np.mean(self._seconds) / _EXPECTED_SECONDS, _LEAST, _MOST))


def _piece() -> float:
    total = 0
    for number in range(10_000):
        total += number * number
    values = np.arange(20_000.0)[::-1] % 977
    values.sort()
    return float(np.exp(values * -1e-3).sum()) + total
