from __future__ import annotations

import math

import pytest

from sevenfold.training.pace import MEASURED_STEPS, WARM_STEPS, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def walked(clock: Clock, pace: Pace, steps: int, seconds: float) -> list[bool]:
    told = []
    for _ in range(steps):
        clock.now += seconds
        told.append(pace.step_done())
    return told


def test_slow_first_steps_are_not_measured() -> None:
    clock = Clock()
    pace = Pace(lambda: 100.0 - clock.now, steps_per_epoch=10, clock=clock)
    walked(clock, pace, WARM_STEPS, 5.0)
    told = walked(clock, pace, MEASURED_STEPS, 0.1)
    assert told == [False] * (MEASURED_STEPS - 1) + [True]
    assert pace.step_seconds == pytest.approx(0.1)


def test_affordable_steps_pay_for_the_checks_too() -> None:
    clock = Clock()
    pace = Pace(lambda: 20.0, steps_per_epoch=10, clock=clock)
    walked(clock, pace, WARM_STEPS + 10, 0.1)
    clock.now += 2.0
    pace.check_done(2.0)
    walked(clock, pace, 1, 0.1)
    assert pace.step_seconds == pytest.approx(0.1)  # the check is not taken for a step
    assert pace.affordable_steps() == pytest.approx((0.9 * 20.0 - 2.0) / 0.3)


def test_without_a_limit_everything_is_affordable() -> None:
    pace = Pace(lambda: math.inf, steps_per_epoch=10)
    pace.step_done()
    assert pace.affordable_steps() == math.inf
    assert not pace.out_of_time()


def test_out_of_time_before_the_time_is_out() -> None:
    clock = Clock()
    pace = Pace(lambda: 2.0 - clock.now, steps_per_epoch=10, clock=clock)
    walked(clock, pace, 15, 0.1)
    pace.check_done(0.0)
    assert not pace.out_of_time()
    walked(clock, pace, 4, 0.1)
    assert pace.out_of_time()
    assert clock.now < 2.0
