"""How many steps fit into the time that is left: measured, then planned."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

WARM_STEPS = 3
MEASURED_STEPS = 12
SHARE_USED = 0.9  # of the time left; the rest covers what has not been measured


@dataclass
class Pace:
    """Measures steps and checks and says what can still be done.

    Args:
        seconds_left: asked at any time.
        steps_per_epoch: steps between two checks on held-out rows.
        clock: monotonic seconds.
    """

    seconds_left: Callable[[], float]
    steps_per_epoch: int
    clock: Callable[[], float] = time.monotonic
    step_seconds: float = 0.0
    check_seconds: float = 0.0
    steps: int = 0
    _started: float = 0.0

    def step_done(self) -> bool:
        """Count a step; True once, when enough steps are measured for a first plan."""
        self.steps += 1
        if self.steps == WARM_STEPS:
            self._started = self.clock()
        elif self.steps > WARM_STEPS:
            self.step_seconds = (self.clock() - self._started) / (self.steps - WARM_STEPS)
        return self.steps == WARM_STEPS + MEASURED_STEPS

    def check_done(self, seconds: float) -> None:
        """Take note of what a check on held-out rows cost, and keep it out of the steps' time."""
        self.check_seconds = max(self.check_seconds, seconds)
        self._started += seconds if self.steps >= WARM_STEPS else 0.0

    def affordable_steps(self) -> float:
        """Steps that still fit, checks included; infinite where there is no limit or nothing is measured yet."""
        left = self.seconds_left()
        if math.isinf(left) or self.step_seconds == 0.0:
            return math.inf
        usable = left * SHARE_USED - self.check_seconds
        return max(0.0, usable / (self.step_seconds + self.check_seconds / self.steps_per_epoch))

    def out_of_time(self) -> bool:
        """Whether the next step and a last check might come too late."""
        return self.seconds_left() <= 2.0 * self.step_seconds + self.check_seconds
