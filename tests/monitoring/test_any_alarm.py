"""No alarm of any kind is raised more often than stated while nothing changes; see `benchmarks/monitoring`."""

import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "monitoring"))

import false_alarms

from sevenfold.core.report import Score
from sevenfold.core.task import Goal
from sevenfold.monitoring import shares
from sevenfold.monitoring.drift import ALPHA
from sevenfold.monitoring.shares import clearly_worse, told_after_training


def tally(goal, models, **given):
    looks, alarms = Counter(), Counter()
    for number in models:
        found = false_alarms.clean(goal, number, **given)
        looks.update(found["looks"])
        alarms.update(found["alarms"])
    return looks, alarms


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.REGRESSION])
def test_a_model_that_is_as_good_as_ever_raises_no_alarm_in_its_first_windows(goal):
    looks, alarms = tally(goal, [200], windows=4, rows=300)
    assert set(looks) == set(false_alarms.KINDS) and looks["any"] == 4
    assert not +alarms


@pytest.mark.slow
@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.REGRESSION])
def test_alarms_of_every_kind_in_a_thousand_clean_windows_are_at_most_what_is_stated(goal):
    looks, alarms = tally(goal, range(3000, 3100))
    assert looks["any"] == 1000 and looks["rows told apart"] == 700
    assert alarms["any"] <= ALPHA * 1000
    for kind, share in false_alarms.STATED.items():
        assert alarms[kind] <= ALPHA * share * 1000, kind


def test_the_shares_add_up_to_the_whole():
    every = (shares.COLUMNS, shares.TARGET, shares.ROWS, shares.EXPECTED, shares.PERFORMANCE, shares.COVERAGE)
    assert sum(every) == pytest.approx(1.0)


def test_a_score_is_worse_only_beyond_what_both_intervals_leave_open():
    told = Score(0.80, 0.76, 0.84, 500)
    near, far = Score(0.75, 0.70, 0.80, 300), Score(0.55, 0.50, 0.60, 300)
    assert not clearly_worse(told, near, True, 0.001) and clearly_worse(told, far, True, 0.001)
    assert not clearly_worse(told, far, False, 0.001) and clearly_worse(far, told, False, 0.001)
    assert clearly_worse(told, near, True, 0.2)


def test_what_was_told_after_training_is_read_with_or_without_its_value():
    assert told_after_training({"test": {"low": 0.4, "high": 0.6}}) == Score(0.5, 0.4, 0.6, 0)
    assert told_after_training({"test": {"value": 0.55, "low": 0.4, "high": 0.6, "rows": 9}}).value == 0.55
    assert told_after_training({"test": {"low": None}}) is None and told_after_training({}) is None
