from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.core.inputs import Columns
from sevenfold.features.dates.date_parts import DateParts
from sevenfold.features.dates.elapsed import Elapsed

STREAM = np.random.default_rng(0)


def table(**columns):
    return Columns(pl.DataFrame({name: pl.Series(v, dtype=pl.Datetime("us")) for name, v in columns.items()}))


def test_only_parts_that_vary_are_given():
    block = DateParts(["d"], cycles=False).fit(table(d=[datetime(2024, 3, 1), datetime(2024, 3, 2)]), None, STREAM)
    assert block.names == ("d:day", "d:yearday", "d:weekday", "d:weekend")
    assert block.values.tolist() == [[1, 61, 5, 0], [2, 62, 6, 1]]


def test_cycles_meet_at_midnight():
    times = [datetime(2024, 3, 1, hour, minute) for hour, minute in ((0, 0), (23, 30), (12, 15))]
    feature = DateParts(["d"])
    block = feature.fit(table(d=times), None, STREAM)
    sines = block.values[:, [block.names.index("d:hour:sin"), block.names.index("d:hour:cos")]]
    assert np.linalg.norm(sines[0] - sines[1]) < 0.3 < np.linalg.norm(sines[0] - sines[2])
    assert block.values[1, block.names.index("d:time")] == 23.5
    assert np.isnan(feature.transform(table(d=[None])).values).all()


def test_the_year_can_be_left_out():
    dates = [datetime(2020, 1, 1), datetime(2021, 1, 1)]
    assert "d:year" in DateParts(["d"]).fit(table(d=dates), None, STREAM).names
    assert "d:year" not in DateParts(["d"], year=False).fit(table(d=dates), None, STREAM).names


def test_elapsed_days_since_the_start_and_between_columns():
    start, end = datetime(2024, 1, 1), datetime(2024, 1, 2, 12)
    feature = Elapsed(["a", "b"])
    feature.fit(table(a=[start, end], b=[end, end]), None, STREAM)
    block = feature.transform(table(a=[start, None], b=[end, start]))
    assert block.names == ("a:since", "b:since", "b-a")
    assert block.values[0].tolist() == [0.0, 0.0, 1.5]
    assert np.isnan(block.values[1]).tolist() == [True, False, True] and block.values[1, 1] == -1.5


def test_elapsed_can_give_differences_alone():
    feature = Elapsed(["a", "b"], since=False)
    assert feature.fit(table(a=[datetime(2024, 1, 1)], b=[datetime(2024, 1, 3)]), None, STREAM).values.tolist() == [[2]]


@given(st.lists(st.one_of(st.none(), st.datetimes()), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_parts_are_those_of_the_standard_library(dates):
    feature = DateParts(["d"], cycles=False)
    block = feature.fit(table(d=dates), None, STREAM)
    for name, column in zip(block.names, block.values.T, strict=True):
        part = name.removeprefix("d:")
        read = {
            "yearday": lambda d: d.timetuple().tm_yday,
            "weekday": lambda d: d.isoweekday(),
            "weekend": lambda d: d.isoweekday() >= 6,
            "time": lambda d: d.hour + d.minute / 60,
        }.get(part, lambda d, part=part: getattr(d, part))
        expected = [np.nan if d is None else float(read(d)) for d in dates]
        assert column.tolist() == pytest.approx(expected, nan_ok=True)
