from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.data.parse.notation import recognise
from sevenfold.data.parse.numbers import read_numbers


def read(values: list[object], **parse: object) -> list[float | None]:
    return read_numbers(pl.Series("x", values, dtype=pl.String), parse).values.to_list()


def found(values: list[str]) -> tuple[dict[str, object], list[float | None]]:
    series = pl.Series("x", values, dtype=pl.String)
    notation = recognise(series, pl.Series([1] * len(values)))
    return notation.parse, read_numbers(series, notation.parse).values.to_list()


def codes(values: pl.Series, **parse: object) -> dict[str, list[int]]:
    return {code: mask.arg_true().to_list() for code, mask in read_numbers(values, parse).problems if mask.any()}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1,248 CC", "998 CC", "1,197 CC"], [1248.0, 998.0, 1197.0]),
        (["23.4 kmpl", "17.3 km/kg", "20 kmpl"], [23.4, 17.3, 20.0]),
        (["12 %", "7.5%", "100 %"], [12.0, 7.5, 100.0]),
        (["$1,200.50", "$3.00", "-$4"], [1200.5, 3.0, -4.0]),
        (["1.234,56", "12,5", "7"], [1234.56, 12.5, 7.0]),
        (["1.234.567", "12.345.678", "1.500"], [1234567.0, 12345678.0, 1500.0]),
        (["1e-5", "2E+3", "-.5"], [1e-5, 2000.0, -0.5]),
        (["(1,200)", "350", "(7)"], [-1200.0, 350.0, -7.0]),
        (["12 500", "1 000 000", "7"], [12500.0, 1000000.0, 7.0]),
        (["12'500", "1'000", "7"], [12500.0, 1000.0, 7.0]),
        (["\u221212", "3", "4"], [-12.0, 3.0, 4.0]),
        (["12,34,567", "1,200", "15"], [1234567.0, 1200.0, 15.0]),
        (["19M", "201k", "3k"], [19e6, 201e3, 3e3]),
        (["2 kg", "500 g", "3 kg"], [2.0, 0.5, 3.0]),
        (["16:11:55", "00:30", "7:00"], [58315.0, 1800.0, 25200.0]),
        (["€ 5", "EUR 7", "9 €"], [5.0, 7.0, 9.0]),
    ],
)
def test_notations_are_found_and_read(values: list[str], expected: list[float]) -> None:
    _, read_values = found(values)
    assert read_values == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "values",
    [
        ["A5", "A6", "B7"],
        ["192.168.1.1", "10.0.0.1", "8.8.8.8"],
        ["555-1234", "555-9876", "555-0000"],
        ["12 Main Street", "7 High Street", "9 Mill Lane"],
        ["3 to 4", "more than 8", "5 to 8"],
        ["12A", "13C", "14D"],
        ["1.2.3", "1.2.4", "2.0.0"],
        ["190Nm@ 2000rpm", "200Nm@ 1750rpm", "22.4 kgm at 1750-2750rpm"],
        ["2019-01-05", "2019-01-06", "2019-01-07"],
    ],
)
def test_what_only_looks_like_numbers_does_not_read_as_numbers(values: list[str]) -> None:
    assert recognise(pl.Series(values), pl.Series([1] * len(values))).share < 0.95


def test_a_plain_column_never_reads_a_comma() -> None:
    assert read(["1,5", "1.5"]) == [None, 1.5]


def test_a_decimal_comma_column_never_reads_a_point_as_decimal() -> None:
    assert read(["1,5", "1.5", "1.500"], decimal=",", thousands=".") == [1.5, None, 1500.0]
    assert read(["1,5", "1.5"], decimal=",") == [1.5, None]


def test_unknown_units_cannot_be_read() -> None:
    assert read(["5 kg", "5 lb", "5"], units={"kg": 1.0}) == [5.0, None, 5.0]


def test_missing_words_are_missing_and_other_words_unreadable() -> None:
    values = pl.Series(["1", " NA ", "unknown", "", None, "?", "abc", "nan"])
    reading = read_numbers(values, {})
    assert reading.values.to_list() == [1.0] + [None] * 7
    assert codes(values) == {"unreadable": [6]}


def test_infinities_are_out_of_range_as_text_and_typed() -> None:
    assert codes(pl.Series(["inf", "1", "1e999"])) == {"out-of-range": [0, 2]}
    assert codes(pl.Series([float("-inf"), 1.0, float("nan")])) == {"out-of-range": [0]}
    assert read_numbers(pl.Series([float("inf"), float("nan"), 2.0]), {}).values.to_list() == [None, None, 2.0]


def test_typed_columns_are_taken_as_they_stand() -> None:
    assert read_numbers(pl.Series([Decimal("1.25"), None]), {}).values.to_list() == [1.25, None]
    assert read_numbers(pl.Series([True, False]), {}).values.to_list() == [1.0, 0.0]
    assert read_numbers(pl.Series([dt.timedelta(minutes=2)]), {}).values.to_list() == [120.0]
    assert read_numbers(pl.Series([dt.time(1, 0, 1)]), {}).values.to_list() == [3601.0]
    assert codes(pl.Series([dt.date(2020, 1, 1)])) == {"wrong-type": [0]}


def test_stated_codes_are_missing_and_stated_limits_are_reported() -> None:
    assert read(["-999", "5", "-999.0"], missing=["-999"]) == [None, 5.0, None]
    assert read_numbers(pl.Series([-999, 5]), {"missing": ["-999"]}).values.to_list() == [None, 5.0]
    values = pl.Series([5.0, 200.0, -1.0])
    assert codes(values, high=120) == {"out-of-range": [1]}
    assert codes(values, low=0) == {"out-of-range": [2]}
    assert read_numbers(values, {"low": 0, "high": 120}).values.to_list() == [5.0, 200.0, -1.0]


def test_the_nth_number_of_a_composite() -> None:
    assert read(["190Nm@ 2,000rpm", "x", "5"], nth=2) == [2000.0, None, None]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_written_floats_come_back_exactly(numbers: list[float]) -> None:
    assert read([repr(number) for number in numbers]) == numbers


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-(10**12), 10**12), min_size=2, max_size=20), st.sampled_from([",", " ", "'"]))
def test_grouped_integers_come_back(numbers: list[int], mark: str) -> None:
    texts = [f"{number:,}".replace(",", mark) for number in numbers]
    assert read(texts, thousands=mark) == [float(number) for number in numbers]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1, max_size=20))
def test_german_notation_comes_back(numbers: list[Decimal]) -> None:
    texts = [f"{number:,.2f}".translate(str.maketrans(",.", ".,")) for number in numbers]
    assert read(texts, decimal=",", thousands=".") == [float(number) for number in numbers]


ANYTHING = st.text(alphabet="0123456789.,-+eE $€%()kmN/: '\u00a0aZ", max_size=12) | st.text(max_size=6)
PARSES = st.sampled_from(
    [
        {},
        {"thousands": ","},
        {"decimal": ",", "thousands": "."},
        {"units": {"km": 1.0, "m": 0.001}},
        {"prefixes": ["$"], "brackets": True},
        {"clock": True},
        {"nth": 1},
    ]
)


@settings(deadline=None, max_examples=50)
@given(st.lists(ANYTHING, min_size=1, max_size=12), PARSES)
def test_one_value_reads_the_same_alone_and_among_others(values: list[str], parse: dict[str, object]) -> None:
    together = read(values, **parse)
    assert together == [read([value], **parse)[0] for value in values]


@settings(deadline=None, max_examples=50)
@given(st.lists(ANYTHING, max_size=12))
def test_recognising_never_fails(values: list[str]) -> None:
    series = pl.Series("x", values, dtype=pl.String)
    notation = recognise(series, pl.Series([1] * len(values), dtype=pl.Int64))
    assert 0.0 <= notation.share <= 1.0


def test_plain_numbers_are_taken_as_they_stand_and_others_are_looked_at() -> None:
    plain = pl.Series("x", [1, None, 3], dtype=pl.Int32)
    assert read_numbers(plain, {}).values.to_list() == [1.0, None, 3.0]
    assert read_numbers(plain, {}).values.dtype == pl.Float64
    strange = read_numbers(pl.Series("x", [1.0, float("nan"), float("inf"), None]), {})
    assert strange.values.to_list() == [1.0, None, None, None]
    assert [code for code, mask in strange.problems if mask.any()] == ["out-of-range"]
    written = read_numbers(pl.Series("x", ["1", "2.5", None]), {})
    assert written.values.to_list() == [1.0, 2.5, None]
    assert not any(bool(mask.any()) for _, mask in written.problems)
    assert read_numbers(pl.Series("x", ["1", "inf"]), {}).values.to_list() == [1.0, None]
