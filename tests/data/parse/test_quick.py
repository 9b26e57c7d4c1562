from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.core.dataset import Column, Kind
from sevenfold.data.clean import read, read_carefully
from sevenfold.data.parse.quick import quick

COLUMNS = [
    Column("n", Kind.NUMBER),
    Column("n", Kind.NUMBER, parse={"units": {"kg": 1.0, "g": 0.001}}),
    Column("n", Kind.NUMBER, parse={"decimal": ",", "thousands": "."}),
    Column("n", Kind.NUMBER, parse={"thousands": ","}),
    Column("n", Kind.NUMBER, parse={"missing": ["-999"], "low": 0}),
    Column("c", Kind.CATEGORY, levels=("a", "B", "none", "NA", "1", "true", "é")),
    Column("c", Kind.CATEGORY, parse={"numeric": True}, levels=("1", "0", "-2")),
    Column("c", Kind.CATEGORY, parse={"ignore_case": True}, levels=("Yes", "No", "a")),
    Column("c", Kind.CATEGORY, parse={"kept": ["NA"]}, levels=("NA", "a")),
    Column("f", Kind.FLAG, parse={"true": ["yes"], "false": ["no"]}),
    Column("f", Kind.FLAG),
    Column("t", Kind.TEXT),
    Column("i", Kind.ID, parse={"numeric": True}),
    Column("d", Kind.DATE, parse={"formats": ["%d.%m.%Y"]}),
    Column("d", Kind.DATE, parse={"formats": ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d"]}),
    Column("d", Kind.DATE),
    Column("d", Kind.DATE, parse={"epoch": "s"}),
]
WORDS = st.sampled_from(
    [
        *["1", "1.0", " 1", "1 ", "+1", "-2", "1e3", "1e999", "1,5", "1.500", "5 kg", "a", "B", "b", "none", "NA", ""],
        *["yes", "No", "TRUE", "0", "0.0", "inf", "nan", "é", "\u00a0a", "\u3000", "?", "-999", "2.", ".5", "İ", " ? "],
        *["2019-03-04", "2019-02-30", "2019-3-4 10:11:12", "2019-03-04 24:00:00", "2019-03-04 10:11:60", "20190304"],
        *["4.3.2019", "04.03.2019", "31.04.2019", "0000-01-01", "2019-03-04 10:11:12", " 2019-03-04"],
    ]
)
CELLS = st.one_of(
    st.lists(st.none() | WORDS | st.text(max_size=3), min_size=1, max_size=4),
    st.lists(st.none() | st.floats(), min_size=1, max_size=4),
    st.lists(st.none() | st.sampled_from([0.0, 1.0, 3.0, -2.0, 1.5]), min_size=1, max_size=4),
    st.lists(st.none() | st.integers(-(2**60), 2**60) | st.integers(-3, 3), min_size=1, max_size=4),
    st.lists(st.none() | st.booleans(), min_size=1, max_size=4),
)


@settings(deadline=None, max_examples=150)
@given(CELLS, st.sampled_from(COLUMNS))
def test_the_short_way_gives_what_the_readers_give(values: list[object], column: Column) -> None:
    raw = pl.Series("x", values)
    short, careful = read(raw, column), read_carefully(raw, column)
    assert short.values.alias("x").equals(careful.values.alias("x"), check_dtypes=True)
    noted = {code: mask.arg_true().to_list() for code, mask in careful.problems if mask.any()}
    assert {code: mask.arg_true().to_list() for code, mask in short.problems if mask.any()} == noted


@pytest.mark.parametrize(
    ("value", "column"),
    [
        *[(1.5, COLUMNS[0]), ("1.5", COLUMNS[0]), (7, COLUMNS[1]), ("a", COLUMNS[5]), (1, COLUMNS[6])],
        *[(True, COLUMNS[10]), ("Yes", COLUMNS[9]), (1, COLUMNS[10]), ("two words", COLUMNS[11]), ("u17", COLUMNS[12])],
        *[(" 39", COLUMNS[0]), ("?", COLUMNS[0]), (" a", COLUMNS[5]), ("4.3.2019", COLUMNS[13])],
    ],
)
def test_clean_values_take_it(value: object, column: Column) -> None:
    assert quick(pl.Series([value]), column) is not None
