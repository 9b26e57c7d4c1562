"""Any record is read as the frames' way reads it."""

import datetime
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sevenfold.core.errors import DataError
from sevenfold.deployment.compiled.records import RecordReader

NAMES = ("size", "price", "count", "weight", "colour", "town", "grade", "member", "opened", "closed")
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.integers(-3, 9),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["", " ", "7", " 7.5 ", "1,000", "1e5", "nan", "None", "inf", "-", "yes", "NO", "1", "0.0", "shade 1"]
    ),
    st.sampled_from(["SHADE 1", " town 3 ", "72.5 kg", "80kg", "2022-04-05", "2022-04-05 06:07:08", "2022-02-30"]),
    st.sampled_from(["2022-04-05T06:07:08Z", "5/4/2022", "\u00a0x", "3.0", "+3", "03", "x\x1c", "é"]),
    st.datetimes(datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31)),
    st.dates(),
    st.just(datetime.datetime(2022, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=3)))),
    st.sampled_from([b"", b"ab", b"7"]),
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from([np.float64(2.5), np.int64(3), np.float64("nan"), np.bool_(True)]),
)
SETTINGS = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def runtime(runtime_of):
    return runtime_of("answer", ("lightgbm",))[0]


def check(runtime, record):
    reader = RecordReader.of(runtime)
    try:
        expected = runtime.read(record, every_violation=True)
    except DataError as error:
        with pytest.raises(DataError) as raised:
            reader.read(record)
        assert raised.value.what == error.what
        return
    for _ in range(2):  # the second time from what was kept
        found, violations = reader.read(record)
        row = expected.table.select(list(reader.slots)).row(0)
        assert [None if v != v else v for v in found] == list(row)
        assert [type(v) for v in found if v == v and v is not None] == [type(v) for v in row if v is not None]
        assert violations == expected.violations


@SETTINGS
@given(record=st.fixed_dictionaries(dict.fromkeys(NAMES, values)))
def test_any_values(runtime, record):
    check(runtime, record)


@SETTINGS
@given(record=st.dictionaries(st.sampled_from([*NAMES, "Size", "colours", "answer", "other"]), st.just(None)))
def test_any_columns(runtime, record):
    check(runtime, record)


def test_raw_rows(runtime, raw_records):
    for record in raw_records:
        check(runtime, record)
        check(runtime, {name: None if value is None else str(value) for name, value in record.items()})


WHOLE = 2**53
PLAIN = (
    st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9) | st.sampled_from([WHOLE - 1, WHOLE, -WHOLE])
)
SELDOM = st.sampled_from([None, True, 1e308, -1e308, math.nan, math.inf, "7", 10**30])


@SETTINGS
@given(data=st.data())
def test_records_of_plain_numbers_and_one_that_is_not(runtime, raw_records, data):
    record = dict(raw_records[data.draw(st.integers(0, len(raw_records) - 1))])
    for name in ("size", "price", "count", "weight"):
        record[name] = data.draw(PLAIN)
    if data.draw(st.booleans()):
        record[data.draw(st.sampled_from(["size", "price", "count", "weight"]))] = data.draw(SELDOM)
    check(runtime, record)


def test_columns_may_stand_in_any_order(runtime, raw_records):
    reader = RecordReader.of(runtime)
    forwards, backwards = raw_records[0], dict(reversed(raw_records[0].items()))
    assert reader.read(forwards) == reader.read(backwards)


def test_what_is_kept_is_bounded(runtime, raw_records):
    reader = RecordReader.of(runtime)
    for number in range(700):
        reader.read({**raw_records[0], "colour": f"new {number}", f"extra {number}": 1})
    assert max(len(column.kept) for column in reader.columns) <= 512
    assert len(reader.shapes) <= 256


def test_a_missing_number_is_nan(runtime, raw_records):
    reader = RecordReader.of(runtime)
    found, _ = reader.read({**raw_records[0], "size": None})
    assert math.isnan(found[reader.slots["size"]])
