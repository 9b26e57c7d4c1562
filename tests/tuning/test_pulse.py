"""The pulse tells how slow the machine is from timed pieces of work."""

import itertools

import pytest

from sevenfold.tuning.pulse import Pulse


def pulse(seconds: float) -> Pulse:
    ticks = itertools.count()
    return Pulse(clock=lambda: seconds * next(ticks), work=lambda: None)


def test_before_the_first_beat_the_machine_is_an_ordinary_one() -> None:
    assert Pulse().slowness == 1.0


def test_twice_the_time_is_twice_as_slow() -> None:
    one, two = pulse(0.002), pulse(0.004)
    one.beat(3)
    two.beat(3)
    assert two.slowness == pytest.approx(2 * one.slowness)


def test_it_stays_within_reason() -> None:
    stuck, instant = pulse(60.0), pulse(0.0)
    stuck.beat()
    instant.beat()
    assert stuck.slowness == 12.0
    assert instant.slowness == 0.5


def test_real_work_is_timed() -> None:
    real = Pulse()
    real.beat(2)
    assert 0.5 <= real.slowness <= 12.0


def test_what_others_take_from_workers_counts() -> None:
    alone, shared = pulse(0.0014), pulse(0.0014)
    for made in (alone, shared):
        made.beat(3)
    for _ in range(5):
        alone.worked(1.0, 1.0)
        shared.worked(3.0, 1.0)
        shared.worked(9.0, 0.001)
    assert shared.slowness == pytest.approx(3 * alone.slowness)
