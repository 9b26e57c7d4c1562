"""What every recommender keeps to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.model import FitContext, Recommender, Size
from sevenfold.core.state import pack, unpack
from sevenfold.core.task import Goal, Target
from sevenfold.models.recommenders.ease import Ease
from sevenfold.models.recommenders.factor_ratings import FactorRatings
from sevenfold.models.recommenders.item_neighbours import ItemNeighbours
from sevenfold.models.recommenders.popularity import Popularity

EVERY: list[tuple[type[Recommender], dict[str, Any]]] = [
    (Popularity, {}),
    (Ease, {"ridge": 5.0}),
    (ItemNeighbours, {}),
    (ItemNeighbours, {"neighbours": 3}),
    (FactorRatings, {"factors": 4}),
    (FactorRatings, {"factors": 0}),
    (Ease, {"weak": 0.3}),
]
every = pytest.mark.parametrize(("kind", "params"), EVERY)
USERS, ITEMS = 30, 12


def ids(pairs: Any, users: int = USERS, items: int = ITEMS) -> Inputs:
    codes = np.asarray(pairs, np.int32).reshape(-1, 2)
    return Inputs.of(len(codes), [Block(Form.IDS, ("user", "item"), codes, (users, items))])


def events(seed: int = 0) -> tuple[Inputs, Target]:
    """Users of even number take items of the first half, others of the second; item 0 is everybody's."""
    generator = np.random.default_rng(seed)
    pairs, ratings = [], []
    for user in range(USERS - 1):  # the last one has no events
        own = np.arange(1, 6) if user % 2 == 0 else np.arange(6, 11)  # nobody has item 11
        for item in [0, *generator.choice(own, 3, replace=False)]:
            pairs.append((user, item))
            ratings.append(float(np.clip(3 + (user % 3 - 1) + generator.normal(), 1, 5)))
    return ids(pairs), Target(Goal.RECOMMENDATION, np.array(ratings))


def fitted(kind: type[Recommender], params: dict[str, Any]) -> Recommender:
    model = kind(**params)
    model.fit(*events(), None, FitContext(np.random.default_rng(0)))
    return model


@every
def test_ranks_every_item_and_leaves_out_what_the_user_has(kind: type[Recommender], params: dict[str, Any]) -> None:
    model = fitted(kind, params)
    users = np.array([3, -1, USERS - 1, 0], np.int32)
    ranked = model.rank(users)
    assert ranked.shape == (4, ITEMS)
    inputs, _ = events()
    codes = inputs[Form.IDS].values
    for row, user in enumerate(users):
        seen = set(codes[codes[:, 0] == user, 1].tolist()) if user >= 0 else set()
        assert set(np.flatnonzero(np.isneginf(ranked[row])).tolist()) == seen
        assert np.isfinite(np.delete(ranked[row], sorted(seen))).all()


@every
def test_predictions_are_the_scores_that_rank(kind: type[Recommender], params: dict[str, Any]) -> None:
    model = fitted(kind, params)
    ranked = model.rank(np.arange(USERS, dtype=np.int32))
    user, item = np.nonzero(ranked > -np.inf)
    assert np.array_equal(model.predict(ids(np.column_stack([user, item]))), ranked[user, item])


@every
def test_predictions_are_finite_for_strangers(kind: type[Recommender], params: dict[str, Any]) -> None:
    model = fitted(kind, params)
    predicted = model.predict(ids([(-1, 0), (0, -1), (-1, -1), (USERS - 1, 3), (USERS + 5, ITEMS + 5)]))
    assert predicted.shape == (5,)
    assert np.isfinite(predicted).all()
    assert model.predict(ids([])).shape == (0,)


@every
def test_a_row_alone_gives_what_it_gives_among_others(kind: type[Recommender], params: dict[str, Any]) -> None:
    model = fitted(kind, params)
    pairs = np.random.default_rng(3).integers(-1, ITEMS, (60, 2))
    together = model.predict(ids(pairs))
    assert np.array_equal(together, np.concatenate([model.predict(ids([pair])) for pair in pairs]))
    users = np.array([5, -1, 2, 5], np.int32)
    assert np.array_equal(model.rank(users), np.concatenate([model.rank(users[i : i + 1]) for i in range(4)]))


@every
def test_restored_from_data_it_does_the_same(kind: type[Recommender], params: dict[str, Any]) -> None:
    model = fitted(kind, params)
    again = kind(**params)
    again.restore(unpack(pack(model.state())))
    users = np.arange(-1, USERS, dtype=np.int32)
    assert np.array_equal(model.rank(users), again.rank(users))


@every
def test_rows_of_strangers_are_not_learned_from(kind: type[Recommender], params: dict[str, Any]) -> None:
    inputs, target = events()
    more = np.concatenate([inputs[Form.IDS].values, [[-1, 3], [4, -1]]])
    model = kind(**params)
    values = Target(Goal.RECOMMENDATION, np.append(target.values, [5.0, 5.0]))
    model.fit(ids(more), values, None, FitContext(np.random.default_rng(0)))
    users = np.arange(USERS, dtype=np.int32)
    assert np.array_equal(model.rank(users), fitted(kind, params).rank(users))
    with pytest.raises(DataError, match="no events"):
        model.fit(ids([(-1, 0)]), Target(Goal.RECOMMENDATION, np.ones(1)), None, FitContext(np.random.default_rng(0)))


@pytest.mark.parametrize(("kind", "params"), EVERY[1:4])
def test_finds_what_goes_together(kind: type[Recommender], params: dict[str, Any]) -> None:
    ranked = fitted(kind, params).rank(np.arange(USERS - 1, dtype=np.int32))
    for user, scores in enumerate(ranked):
        own, other = (slice(1, 6), slice(6, 11)) if user % 2 == 0 else (slice(6, 11), slice(1, 6))
        assert np.max(scores[own]) > np.max(scores[other])


@every
def test_other_blocks_are_refused(kind: type[Recommender], params: dict[str, Any]) -> None:
    block = Block(Form.IDS, ("user",), np.zeros((2, 1), np.int32), (3,))
    with pytest.raises(DataError, match="two columns"):
        kind(**params).fit(
            Inputs.of(2, [block]), Target(Goal.RECOMMENDATION, np.ones(2)), None, FitContext(np.random.default_rng(0))
        )


@every
def test_another_goal_and_a_wrong_value_are_refused(kind: type[Recommender], params: dict[str, Any]) -> None:
    inputs, target = events()
    wrong = Target(Goal.REGRESSION, target.values)
    with pytest.raises(RequestError, match="cannot reach the goal"):
        kind(**params).fit(inputs, wrong, None, FitContext(np.random.default_rng(0)))
    for name, dimension in kind.spec.space.items():
        assert dimension.help
        with pytest.raises(RequestError):
            kind(**{name: "nonsense"})


@every
def test_what_it_states_is_usable(kind: type[Recommender], params: dict[str, Any]) -> None:
    spec = kind.spec
    small, large = (spec.cost(spec.space.defaults(), Size(rows, 2)) for rows in (1000, 1_000_000))
    assert 0 < small.seconds < large.seconds
    assert 0 < small.memory_bytes < large.memory_bytes
    for entry in spec.portfolio:
        assert all(value != spec.space[name].default for name, value in entry.items())
        fitted(kind, dict(entry))
