from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.data.parse.date_formats import recognise
from sevenfold.data.parse.dates import gate, read_dates


def found(values: list[str]) -> tuple[dict[str, object], list[dt.datetime | None]]:
    series = pl.Series("x", values)
    notation = recognise(series, pl.Series([1] * len(values)))
    assert notation is not None
    return notation.parse, read_dates(series, notation.parse).values.to_list()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2019-03-04", "2019-03-05"], dt.datetime(2019, 3, 4)),
        (["2019/03/04", "2019/03/05"], dt.datetime(2019, 3, 4)),
        (["20190304", "20191231"], dt.datetime(2019, 3, 4)),
        (["04/03/2019", "31/03/2019"], dt.datetime(2019, 3, 4)),
        (["3/4/2019", "3/31/2019"], dt.datetime(2019, 3, 4)),
        (["04.03.19", "31.12.19"], dt.datetime(2019, 3, 4)),
        (["4 Mar 2019", "5 Apr 2019"], dt.datetime(2019, 3, 4)),
        (["04-Mar-19", "05-Apr-19"], dt.datetime(2019, 3, 4)),
        (["March 4, 2019", "April 15, 2019"], dt.datetime(2019, 3, 4)),
        (["Mon, 4 Mar 2019", "Tue, 5 Mar 2019"], dt.datetime(2019, 3, 4)),
        (["Mar-2019", "Apr-2019"], dt.datetime(2019, 3, 1)),
        (["2019-03", "2019-12"], dt.datetime(2019, 3, 1)),
        (["2019-03-04 16:11", "2019-03-05 00:00"], dt.datetime(2019, 3, 4, 16, 11)),
        (["2019-03-04T16:11:55.250", "2019-03-05T00:00:00.000"], dt.datetime(2019, 3, 4, 16, 11, 55, 250000)),
        (["2019-03-04T16:11:55Z", "2019-03-05T00:00:00Z"], dt.datetime(2019, 3, 4, 16, 11, 55)),
        (["2019-03-04T16:11:55+02:00", "2019-03-05T00:00:00-05:00"], dt.datetime(2019, 3, 4, 14, 11, 55)),
        (["2019-03-04 16:11:55 UTC", "2019-03-05 00:00:00 UTC"], dt.datetime(2019, 3, 4, 16, 11, 55)),
        (["3/4/2019 4:11 PM", "3/31/2019 12:00 AM"], dt.datetime(2019, 3, 4, 16, 11)),
    ],
)
def test_formats_are_found_and_read(values: list[str], expected: dt.datetime) -> None:
    _, read = found(values)
    assert read[0] == expected
    assert None not in read


@pytest.mark.parametrize(
    "values",
    [
        ["1994", "1995", "1996"],
        ["12.5", "13.1"],
        ["1.2.3", "4.5.6"],
        ["16:11:55", "12:00:00"],
        ["2019-13-45", "2019-99-99"],
        ["May", "June", "April"],
        ["555-12-3456", "123-45-6789"],
        ["3 to 4", "5 to 8"],
    ],
)
def test_what_only_looks_like_dates_is_none(values: list[str]) -> None:
    assert recognise(pl.Series(values), pl.Series([1] * len(values))) is None


def test_order_is_decided_by_the_whole_column() -> None:
    parse, read = found(["01/02/2019"] * 1 + ["03/04/2019", "25/12/2019"])
    assert parse == {"formats": ["%d/%m/%Y"]}
    assert read[0] == dt.datetime(2019, 2, 1)
    parse, read = found(["01/02/2019", "03/04/2019", "12/25/2019"])
    assert parse == {"formats": ["%m/%d/%Y"]}
    assert read[0] == dt.datetime(2019, 1, 2)


def test_ambiguous_order_is_reported() -> None:
    parse, _ = found(["05/02/2019", "03/11/2019", "01/07/2018"])
    assert parse["ambiguous"] is True
    parse, read = found(["01/02/2019", "01/03/2019", "01/04/2019"])
    assert parse["ambiguous"] is True
    assert read == [dt.datetime(2019, month, 1) for month in (2, 3, 4)]


def test_mixed_orders_are_read_where_they_are_certain_and_reported() -> None:
    parse, read = found(["25/12/2019", "26/12/2019", "12/27/2019"])
    assert parse["ambiguous"] is True
    assert read == [dt.datetime(2019, 12, day) for day in (25, 26, 27)]


def test_a_column_of_formats_understands_iso_dates_too() -> None:
    reading = read_dates(pl.Series(["2019-03-04", "4.3.2019", "soon"]), {"formats": ["%d.%m.%Y"]})
    assert reading.values.to_list() == [dt.datetime(2019, 3, 4), dt.datetime(2019, 3, 4), None]
    assert reading.problems[0][1].to_list() == [False, False, True]


def test_epochs_and_typed_dates() -> None:
    moment = dt.datetime(1997, 9, 22, 21, 2, 38)
    assert read_dates(pl.Series(["874962158"]), {"epoch": "s"}).values.to_list() == [moment]
    assert read_dates(pl.Series([874962158]), {"epoch": "s"}).values.to_list() == [moment]
    assert read_dates(pl.Series([874962158000.0]), {"epoch": "ms"}).values.to_list() == [moment]
    assert read_dates(pl.Series([dt.date(2020, 1, 2)]), {}).values.to_list() == [dt.datetime(2020, 1, 2)]
    zoned = pl.Series([dt.datetime(2020, 1, 2, 12)]).dt.replace_time_zone("Europe/Berlin")
    assert read_dates(zoned, {}).values.to_list() == [dt.datetime(2020, 1, 2, 11)]
    assert read_dates(pl.Series([20200102]), {"formats": ["%Y%m%d"]}).values.to_list() == [dt.datetime(2020, 1, 2)]


def test_a_number_is_no_date_unless_it_is_said_to_be_one() -> None:
    reading = read_dates(pl.Series([874962158]), {})
    assert reading.values.to_list() == [None]
    assert reading.problems[0][0] == "wrong-type"


def test_impossible_epochs_are_unreadable() -> None:
    reading = read_dates(pl.Series([1e30, None, 0.0]), {"epoch": "s"})
    assert reading.values.to_list() == [None, None, dt.datetime(1970, 1, 1)]
    assert reading.problems[0][1].to_list() == [True, False, False]


def test_the_gate_is_strict() -> None:
    assert gate("%d/%m/%y") == "^[0-9]{1,2}/[0-9]{1,2}/[0-9]{2}$"
    assert read_dates(pl.Series(["19-01-05"]), {"formats": ["%Y-%m-%d"]}).values.to_list() == [None]


DAYS = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1))
FORMATS = st.sampled_from(
    ["%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d %b %Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
)


@settings(deadline=None, max_examples=50)
@given(st.lists(DAYS, min_size=40, max_size=60), FORMATS)
def test_written_moments_come_back(moments: list[dt.datetime], form: str) -> None:
    whole = [moment.replace(microsecond=0) for moment in moments]
    whole.append(dt.datetime(2001, 1, 31))
    parse, read = found([moment.strftime(form) for moment in whole])
    assert read == whole
    assert form in parse["formats"]  # type: ignore[operator]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.text(alphabet="0123456789/-.: TZJanFeb", max_size=20), min_size=1, max_size=10))
def test_one_value_reads_the_same_alone_and_among_others(values: list[str]) -> None:
    parse = {"formats": ["%d/%m/%Y", "%b %d, %Y", "%Y%m%d"]}
    together = read_dates(pl.Series(values), parse).values.to_list()
    assert together == [read_dates(pl.Series([value]), parse).values[0] for value in values]
