import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.core.errors import RequestError
from sevenfold.core.space import Choice, Integer, Real, Space

SPACE = Space(
    alpha=Real(1.0, 1e-4, 1e4, log=True), leaves=Integer(31, 2, 255, log=True), kind=Choice("a", ("a", "b", None))
)


def test_defaults_are_overridden_and_checked() -> None:
    assert SPACE.resolve({"leaves": 8}) == {"alpha": 1.0, "leaves": 8, "kind": "a"}


@pytest.mark.parametrize("wrong", [{"alpha": 1e5}, {"leaves": 1}, {"leaves": 2.5}, {"kind": "c"}, {"alpha": True}])
def test_values_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(RequestError):
        SPACE.resolve(wrong)


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(RequestError, match="Did you mean 'alpha'"):
        SPACE.resolve({"alhpa": 1.0})


@given(st.integers(0, 2**31))
def test_samples_lie_in_range(seed: int) -> None:
    point = SPACE.sample(np.random.default_rng(seed))
    assert SPACE.resolve(point) == point


@given(st.integers(2, 9))
def test_grids_lie_in_range_without_repeats(points: int) -> None:
    for name, dimension in SPACE.items():
        grid = dimension.grid(points)
        assert len(grid) == len(set(grid))
        assert all(SPACE.resolve({name: value})[name] == value or name == "alpha" for value in grid[1:-1])
