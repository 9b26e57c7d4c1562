from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.state import pack, unpack
from sevenfold.core.task import Goal, Target
from sevenfold.models.recommenders.events import Events

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(1, 5)), min_size=1, max_size=40)


def learned(rows: list[tuple[int, int, int]]) -> Events:
    codes = np.array([(user, item) for user, item, _ in rows], np.int32)
    inputs = Inputs.of(len(rows), [Block(Form.IDS, ("user", "item"), codes, (5, 7))])
    return Events.learn(inputs, Target(Goal.RECOMMENDATION, np.array([float(r) for _, _, r in rows])))


@given(ROWS)
def test_each_pair_is_kept_once_with_its_mean_rating(rows: list[tuple[int, int, int]]) -> None:
    events = learned(rows)
    for user in range(5):
        items, strengths = events.of(user)
        expected = {
            item: np.mean([r for u, i, r in rows if (u, i) == (user, item)]) for u, item, _ in rows if u == user
        }
        assert items.tolist() == sorted(expected)
        assert np.allclose(strengths, [expected[item] for item in items.tolist()])
    assert events.matrix().sum() == len(events.items_of) == events.counts.sum()


@given(ROWS, st.sampled_from([0.0, 0.3, 0.5, 0.9]))
def test_the_weak_are_left_out_and_never_all(rows: list[tuple[int, int, int]], share: float) -> None:
    events = learned(rows)
    least = events.quantile(share)
    strong = events.at_least(least)
    assert strong.strengths.tolist() == events.strengths[events.strengths >= least].tolist()
    assert strong.user_of.tolist() == events.user_of[events.strengths >= least].tolist()
    assert len(strong.strengths) >= (1 - share) * len(events.strengths)
    if share == 0:
        assert np.array_equal(strong.starts, events.starts)


def test_strangers_have_no_events_and_data_come_back() -> None:
    events = learned([(0, 1, 5), (4, 6, 2)])
    assert all(len(part) == 0 for user in (-1, 5, 99) for part in events.of(user))
    again = Events.restored(unpack(pack(events.state())))
    assert again.of(4)[0].tolist() == [6]
