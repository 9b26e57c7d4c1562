import threading

import numpy as np
import pytest
from tiny_parts import PARTS, table

from sevenfold.deployment.bundle import load
from sevenfold.deployment.hosting import Hosted
from sevenfold.deployment.traffic.shadow import WAITING_ROWS, Mirrored, Shadow

ROWS = 12


@pytest.fixture(scope="module")
def models(bundles):
    return [load(path, parts=PARTS) for path in bundles]


def test_both_answers_are_handed_on_as_each_version_gives_them(models):
    served, other = Hosted(models[0], "m", "1"), Hosted(models[1], "m", "2")
    pairs = []
    shadow = Shadow(other, pairs.append)
    recorder = Mirrored(None, shadow)
    recorder.served = served
    rows = table(ROWS, seed=3)
    recorder.record("r1", models[0].answer(rows))
    shadow.close()
    shadow.close()
    (pair,) = pairs
    assert (pair.request, pair.served, pair.shadow) == ("r1", served, other)
    np.testing.assert_array_equal(pair.answer.values, models[0].predict_proba(rows))
    np.testing.assert_array_equal(pair.other.values, models[1].predict_proba(rows))
    assert (shadow.answered, shadow.failed, shadow.dropped) == (1, 0, 0)


def test_who_is_served_never_waits_and_what_is_dropped_is_counted(models):
    """The shadow is held up at its first request: all others are shown at once, and those beyond the bound dropped."""
    held, going = threading.Event(), threading.Event()

    def sink(pair):
        held.set()
        going.wait()

    shadow = Shadow(Hosted(models[1], "m", "2"), sink, waiting=5)
    served, answer = Hosted(models[0], "m", "1"), models[0].answer(table(1))
    shadow.show("r0", served, answer)
    held.wait()
    for number in range(20):
        shadow.show(f"r{number + 1}", served, answer)
    assert shadow.dropped == 15
    going.set()
    shadow.close()
    assert shadow.answered == 6


def test_a_shadow_that_fails_is_counted_and_goes_on(models):
    calls = []

    def sink(pair):
        calls.append(pair)
        if len(calls) < 3:
            raise OSError("no room")

    shadow = Shadow(Hosted(models[1], "m", "2"), sink)
    recorder = Mirrored(None, shadow)
    served, answer = Hosted(models[0], "m", "1"), models[0].answer(table(1))
    for number in range(5):
        shadow.show(str(number), served, answer)
    shadow.close()
    assert (shadow.failed, shadow.answered, recorder.dropped) == (2, 3, 2)


def test_a_request_of_very_many_rows_is_passed_over(models):
    class Large:
        labels = range(WAITING_ROWS + 1)

    shadow = Shadow(Hosted(models[1], "m", "2"), lambda pair: None)
    shadow.show("r", Hosted(models[0], "m", "1"), Large())
    shadow.close()
    assert (shadow.dropped, shadow.answered) == (1, 0)


def test_another_version_takes_over_in_the_shadow(models):
    pairs = []
    shadow = Shadow(Hosted(models[1], "m", "2"), pairs.append)
    shadow.swap(Hosted(models[0], "m", "1"))
    shadow.show("r", Hosted(models[0], "m", "1"), models[0].answer(table(1)))
    shadow.close()
    assert pairs[0].shadow.version == "1"
