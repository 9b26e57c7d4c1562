from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.core.space import Choice, Integer, Real, Space
from sevenfold.tuning.samplers.catalogue import SAMPLERS

SPACE = Space(x=Real(0.5, 0.0, 1.0), n=Integer(3, 1, 100, log=True), c=Choice("a", ("a", "b")))


def loss(point: dict[str, Any]) -> float:
    return (point["x"] - 0.2) ** 2 + abs(np.log(point["n"] / 20)) * 0.1 + (0.3 if point["c"] == "a" else 0.0)


@pytest.mark.parametrize("name", SAMPLERS.names())
def test_points_are_valid_and_repeatable(name: str) -> None:
    sampler = SAMPLERS.get(name)()
    told: list[tuple[dict[str, Any], float]] = []
    for number in range(12):
        point = sampler.propose(SPACE, told, number, np.random.default_rng(number))
        again = SAMPLERS.get(name)().propose(SPACE, told, number, np.random.default_rng(number))
        assert point is not None
        assert point == again
        assert SPACE.resolve(point) == point
        told.append((point, loss(point)))


def test_bayes_beats_random_on_average() -> None:
    best = {}
    for name in ("bayes", "random"):
        finals = []
        for seed in range(4):
            told: list[tuple[dict[str, Any], float]] = []
            for number in range(25):
                point = SAMPLERS.get(name)().propose(SPACE, told, number, np.random.default_rng([seed, number]))
                assert point is not None
                told.append((point, loss(point)))
            finals.append(min(value for _, value in told))
        best[name] = np.mean(finals)
    assert best["bayes"] < best["random"]


def test_the_grid_visits_every_point_once_then_ends() -> None:
    space = Space(c=Choice(1, (1, 2, 3)), d=Choice("a", ("a", "b")))
    sampler = SAMPLERS.get("grid")()
    points = [sampler.propose(space, [], number, np.random.default_rng(0)) for number in range(6)]
    assert len({tuple(sorted(p.items())) for p in points if p}) == 6
    assert sampler.propose(space, [], 6, np.random.default_rng(0)) is None


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.0, 1.0), st.integers(1, 100), st.sampled_from(["a", "b"]), st.floats(1e-3, 1e3), st.integers(0, 10**6)
)
def test_steps_of_bayes_stay_within_the_space_and_move(x: float, n: int, c: str, rate: float, seed: int) -> None:
    space = Space(**dict(SPACE.items()), rate=Real(1.0, 1e-3, 1e3, log=True))
    known = {"x": x, "n": n, "c": c, "rate": rate}
    near = SAMPLERS.get("bayes")().propose(space, [(known, 1.0)], 0, np.random.default_rng(seed))
    assert near is not None
    assert space.resolve(near).keys() == known.keys()
    assert abs(near["x"] - x) <= 1.0 and abs(np.log(near["rate"] / rate)) <= np.log(1e6)
    assert near != known or n in (1, 2, 3)  # a short step of a small whole number may round to where it was
