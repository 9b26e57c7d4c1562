from __future__ import annotations

import pytest

from sevenfold.data.infer.order import order_of


@pytest.mark.parametrize(
    "levels",
    [
        ["less than 1", "1 to 4", "4 to 7", "more than 7"],
        ["none", "1 to 2", "3 to 5", "more than 5"],
        ["no change", "under 6 months", "1 year", "2 to 3 years"],
        ["< 1 year", "1 year", "2 years", "10+ years"],
        ["Low", "Medium", "High"],
        ["Jan", "Feb", "Dec"],
        ["18-25", "26-35", "36+"],
        ["XS", "S", "XL"],
    ],
)
def test_levels_whose_words_show_an_order(levels: list[str]) -> None:
    assert order_of(levels) == levels
    assert order_of(levels[::-1]) == levels


@pytest.mark.parametrize(
    "levels",
    [
        ["red", "green", "blue"],
        ["A1", "B2", "C3"],
        ["1 a", "x", "3 b"],
        ["low", "high"],
        ["Low", "LOW", "high"],
        ["1", "2", "3"],
    ],
)
def test_levels_without_one(levels: list[str]) -> None:
    assert order_of(levels) is None
