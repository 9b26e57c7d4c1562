import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.features.categories.levels import Levels

STRINGS = st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=40)


@given(STRINGS, STRINGS)
@settings(deadline=None)
def test_few_and_many_rows_get_the_same_codes(training, others):
    levels, _ = Levels.count(pl.Series(training, dtype=pl.String))
    few = levels.codes(pl.Series(others, dtype=pl.String), missing=-7)
    many = levels.codes(pl.Series(others * 2100, dtype=pl.String), missing=-7)[: len(others)]
    assert np.array_equal(few, many)
    for value, code in zip(others, few, strict=True):
        expected = -7 if value is None else training and levels.values.index(value) if value in levels.values else -1
        assert code == expected


def test_levels_are_ordered_by_count_then_alphabet():
    levels, counts = Levels.count(pl.Series(["b", "a", "c", "c", None]))
    assert levels.values == ("c", "a", "b") and counts.tolist() == [2, 1, 1]


def test_rare_levels_and_levels_beyond_the_limit_are_left_out():
    series = pl.Series(["a"] * 3 + ["b"] * 2 + ["c"])
    assert Levels.count(series, minimum=2)[0].values == ("a", "b")
    assert Levels.count(series, limit=1)[0].values == ("a",)


def test_weights_count_instead_of_rows():
    levels, amounts = Levels.count(pl.Series(["a", "a", "b"]), weights=np.array([1.0, 1.0, 5.0]))
    assert levels.values == ("b", "a") and amounts.tolist() == [5, 2]
