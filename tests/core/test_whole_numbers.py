"""Whole-number hyperparameters refuse what is no number."""

import math

import pytest

from sevenfold.core.errors import RequestError
from sevenfold.core.space import Integer


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.5, True, "3", None])
def test_no_whole_number(value: object) -> None:
    with pytest.raises(RequestError):
        Integer(3, 1, 9).check("depth", value)


def test_a_whole_float_is_one() -> None:
    assert Integer(3, 1, 9).check("depth", 4.0) == 4
