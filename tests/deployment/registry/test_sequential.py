import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.core.errors import DataError, RequestError
from sevenfold.deployment.registry.sequential import limits, log_wealth, weigh

ROWS, REPEATS = 300, 1_000


def nulls(kind, repeats, rows):
    """(repeats, rows) gains whose mean is 0."""
    stream = np.random.default_rng(7)
    if kind == "rare":  # most rows alike, few against each other: as two good classifiers give them
        return stream.choice([-1.0, 0.0, 1.0], (repeats, rows), p=[0.05, 0.9, 0.05])
    if kind == "skewed":  # small gains often, large losses seldom
        return np.where(stream.random((repeats, rows)) < 0.9, 0.1, -0.9)
    return stream.uniform(-1, 1, (repeats, rows))


@pytest.mark.parametrize("kind", ["rare", "skewed", "even"])
@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_looking_after_every_row_promotes_wrongly_at_most_as_often_as_stated(kind, alpha):
    wealth = log_wealth(nulls(kind, REPEATS, ROWS))
    wrong = (wealth.max(axis=1) >= np.log(1 / alpha)).mean()
    assert wrong <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / REPEATS)


def test_the_wealth_is_a_fair_game():
    """Its mean stays 1 where nothing is gained."""
    wealth = np.exp(log_wealth(nulls("rare", 20_000, 30)))
    assert abs(wealth[:, -1].mean() - 1) < 5 * wealth[:, -1].std() / np.sqrt(20_000)


def test_a_real_gain_is_found():
    stream = np.random.default_rng(3)
    gains = stream.choice([-1.0, 0.0, 1.0], (300, 2_000), p=[0.03, 0.88, 0.09])  # errors fall by six points
    assert (log_wealth(gains).max(axis=1) >= np.log(20)).mean() > 0.95


def test_the_interval_holds_at_every_look_together():
    stream = np.random.default_rng(11)
    missed = 0
    for _ in range(60):
        gains = stream.choice([-1.0, 0.0, 1.0], 300, p=[0.05, 0.85, 0.10])
        low, high = limits(gains, 0.1)  # those of all looks until now
        missed += not low <= 0.05 <= high
    assert missed / 60 <= 0.2 + 3 * np.sqrt(0.16 / 60)  # each limit has its own tenth


def test_the_interval_narrows_around_the_mean():
    gains = np.random.default_rng(5).choice([-1.0, 0.0, 1.0], 10_000, p=[0.05, 0.85, 0.10])
    wide, narrow = limits(gains[:500], 0.05), limits(gains, 0.05)
    assert wide[0] < narrow[0] < gains.mean() < narrow[1] < wide[1]
    assert narrow[1] - narrow[0] < 0.03


def test_the_three_decisions():
    stream = np.random.default_rng(1)
    good, bad = (stream.random(3_000) < p for p in (0.1, 0.2))
    found = weigh(bad.astype(float), good.astype(float))
    assert found.decision == "promote" and found.e_value > 20 and found.low > 0
    turned = weigh(good.astype(float), bad.astype(float))
    assert turned.decision == "keep" and turned.e_value < 1 and turned.high < 0
    assert turned.e_value_worse == pytest.approx(found.e_value)
    same = weigh(good.astype(float), good.astype(float))
    assert (same.decision, same.e_value, same.gain) == ("undecided", 1.0, 0.0)
    assert same.low < 0 < same.high
    assert same.to_json()["gain"] == {"value": 0.0, "low": same.low, "high": same.high}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=60))
def test_limits_stay_in_range_and_only_narrow(gains):
    values = np.array(gains)
    low, high = limits(values, 0.05)
    before = limits(values[:-1], 0.05) if len(values) > 1 else (-1.0, 1.0)
    assert -1 <= before[0] <= low and high <= before[1] <= 1
    assert np.isfinite(log_wealth(values)).all()


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 400), st.floats(-0.9, 0.9), st.floats(0, 1), st.sampled_from([0.05, 0.3])
)
def test_the_limits_that_are_told_are_those_of_the_decision(seed, rows, shift, noise, alpha):
    """Above 0 if and only if the answer is "promote", below 0 if and only if it is "keep"."""
    stream = np.random.default_rng(seed)
    gains = np.clip(shift + noise * stream.normal(size=rows), -1, 1)
    found = weigh(np.maximum(gains, 0), np.maximum(-gains, 0), alpha)
    assert (found.low >= 0) == (found.decision == "promote")
    assert (found.high <= 0) == (found.decision == "keep")


def test_a_decision_at_the_very_edge_is_told_with_a_limit_above_0():
    """The first row at which the evidence is enough, and a decision that later rows no longer bear out."""
    gains = np.random.default_rng(2).choice([-1.0, 0.0, 1.0], 3_000, p=[0.05, 0.85, 0.10])
    decided = int(np.argmax(log_wealth(gains) >= np.log(20)))
    at_once = weigh(np.maximum(gains, 0)[: decided + 1], np.maximum(-gains, 0)[: decided + 1])
    assert at_once.decision == "promote" and 0 < at_once.low < 0.02
    before = weigh(np.maximum(gains, 0)[:decided], np.maximum(-gains, 0)[:decided])
    assert before.decision == "undecided" and before.low < 0
    faded = np.concatenate([gains[: decided + 1], -gains[:200]])
    later = weigh(np.maximum(faded, 0), np.maximum(-faded, 0))
    assert later.e_value < 20 and later.decision == "promote" and later.low > 0


def test_a_gain_that_turns_is_told_as_such():
    gains = np.concatenate([np.full(300, 0.2), np.full(900, -0.3)])
    found = weigh(np.maximum(gains, 0), np.maximum(-gains, 0))
    assert found.decision == "promote" and found.turned and found.to_json()["turned"]
    assert 0 < found.low < found.high
    assert not weigh(np.full(300, 0.2), np.zeros(300)).turned


def test_what_cannot_be_weighed_is_told():
    with pytest.raises(DataError, match="paired"):
        weigh(np.zeros(0), np.zeros(0))
    with pytest.raises(DataError, match="paired"):
        weigh(np.zeros(2), np.zeros(3))
    with pytest.raises(DataError, match="out of range"):
        weigh(np.array([2.0]), np.array([0.0]))
    with pytest.raises(DataError, match="out of range"):
        weigh(np.array([np.nan]), np.array([0.0]))
    with pytest.raises(RequestError, match="alpha"):
        weigh(np.zeros(1), np.zeros(1), alpha=1.0)


def unpredictable(kind, repeats, rows, stream):
    """(repeats, rows) gains of which none can be foretold from those before, though they are not independent."""
    if kind == "restless":  # large after large ones, as when one hard hour follows another
        gains = np.zeros((repeats, rows))
        size = np.full(repeats, 0.2)
        for row in range(rows):
            gains[:, row] = size * stream.choice([-1.0, 1.0], repeats)
            size = np.where(stream.random(repeats) < 0.9, size, stream.uniform(0.02, 1.0, repeats))
        return gains
    if kind == "worse":  # a challenger that is worse, by a hair
        return stream.choice([-1.0, 0.0, 1.0], (repeats, rows), p=[0.055, 0.895, 0.05])
    return stream.choice([-0.9, 0.1], (repeats, rows), p=[0.1, 0.9])  # "skewed"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["restless", "worse", "skewed"])
def test_wrong_promotions_stay_below_alpha_over_thousands_of_looks(kind):
    stream, wrong, repeats = np.random.default_rng(23), 0, 0
    for _ in range(8):
        gains = unpredictable(kind, 500, 3_000, stream)
        wrong += int((log_wealth(gains).max(axis=1) >= np.log(20)).sum())
        repeats += 500
    assert wrong / repeats <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / repeats)


def test_alike_rows_of_one_request_foretell_each_other_unless_they_count_once():
    """Twenty rows that are asked together and have the same luck: row by row the bet would be unfair."""
    luck = np.random.default_rng(29).choice([-1.0, 0.0, 1.0], (400, 60), p=[0.1, 0.8, 0.1])
    by_request = (log_wealth(luck).max(axis=1) >= np.log(20)).mean()
    by_row = (log_wealth(np.repeat(luck, 20, axis=1)).max(axis=1) >= np.log(20)).mean()
    assert by_request <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert by_row > 0.3
