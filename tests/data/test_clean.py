from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.errors import DataError
from sevenfold.data.clean import Violation, conform
from sevenfold.data.infer import infer

SCHEMA = Schema(
    (
        Column("size", Kind.NUMBER, parse={"units": {"cc": 1.0}, "thousands": ","}),
        Column("color", Kind.CATEGORY, levels=("red", "blue")),
        Column("code", Kind.CATEGORY, levels=("001", "002")),
        Column("paid", Kind.FLAG, parse={"true": ["yes"], "false": ["no"]}),
        Column("day", Kind.DATE, parse={"formats": ["%d.%m.%Y"]}),
        Column("note", Kind.TEXT),
    )
)
TYPES = [pl.Float64, pl.String, pl.String, pl.Boolean, pl.Datetime("us"), pl.String]


def test_a_text_row_becomes_typed() -> None:
    frame = pl.DataFrame(
        {
            "size": ["1,248 CC"],
            "color": [" red"],
            "code": ["001"],
            "paid": ["Yes"],
            "day": ["4.3.2019"],
            "note": ["a b"],
        }
    )
    result = conform(frame, SCHEMA)
    assert result.violations == ()
    assert result.table.dtypes == TYPES
    assert result.table.row(0)[:4] == (1248.0, "red", "001", True)


def test_columns_may_be_shuffled_missing_or_too_many() -> None:
    frame = pl.DataFrame({"colour": ["red"], "extra": [1], "note": ["x"], "size": [5]})
    result = conform(frame, SCHEMA)
    assert result.table.columns == list(SCHEMA.names)
    assert result.table.dtypes == TYPES
    assert result.extra_columns == ("colour", "extra")
    missing = [v for v in result.violations if v.code == "missing-column"]
    assert [v.column for v in missing] == ["color", "code", "paid", "day"]
    assert missing[0].received == "a column 'colour'"
    assert {v.column for v in result.violations if v.code == "extra-column"} == {"colour", "extra"}


def test_a_required_column_must_be_there() -> None:
    with pytest.raises(DataError, match="'colour'"):
        conform(pl.DataFrame({"colour": ["red"]}), SCHEMA, require=frozenset({"color"}))


def test_each_trouble_is_reported_with_row_and_value() -> None:
    frame = pl.DataFrame(
        {
            "size": ["5 CC", "five", "inf"],
            "color": ["green", None, "?"],
            "code": ["003", "001", "002"],
            "paid": ["perhaps", "no", ""],
            "day": ["2019-02-30", "1.1.2020", "NA"],
            "note": ["", "x" * 200, None],
        }
    )
    result = conform(frame, SCHEMA)
    assert set(result.violations) == {
        Violation("size", 1, "unreadable", "five"),
        Violation("size", 2, "out-of-range", "inf"),
        Violation("color", 0, "unseen-category", "green"),
        Violation("code", 0, "unseen-category", "003"),
        Violation("paid", 0, "unreadable", "perhaps"),
        Violation("day", 0, "unreadable", "2019-02-30"),
    }
    assert result.table.get_column("color").to_list() == ["green", None, None]


def test_a_number_where_codes_have_leading_zeros_is_a_wrong_type() -> None:
    result = conform(pl.DataFrame({"code": [1]}), Schema((SCHEMA["code"],)))
    assert result.violations == (Violation("code", 0, "wrong-type", "1"),)
    assert result.table.item() == "1"


def test_listed_violations_are_capped_and_counts_are_not() -> None:
    result = conform(pl.DataFrame({"size": ["x"] * 5_000}), Schema((SCHEMA["size"],)))
    assert len(result.violations) == 100
    assert result.counts == {"size": {"unreadable": 5_000}}


def test_derived_columns_read_their_source() -> None:
    schema = Schema((Column("torque 2", Kind.NUMBER, parse={"from": "torque", "nth": 2}),))
    result = conform(pl.DataFrame({"torque": ["190Nm@ 2,000rpm"]}), schema)
    assert result.table.get_column("torque 2").to_list() == [2000.0]
    assert result.extra_columns == ()


def test_no_rows() -> None:
    result = conform(pl.DataFrame({"size": []}, schema={"size": pl.String}), SCHEMA)
    assert result.table.height == 0
    assert result.table.dtypes == TYPES


CELLS = (
    st.none()
    | st.sampled_from(["", "NA", "1", "2.5", "1,500", "yes", "red", "12 CC", "4.3.2019", "001"])
    | st.text(max_size=5)
)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(*[CELLS] * 6), min_size=1, max_size=8))
def test_one_row_alone_equals_the_same_row_in_a_batch(rows: list[tuple[str | None, ...]]) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(SCHEMA.names, pl.String), orient="row")
    table = conform(frame, SCHEMA).table
    for row in range(len(rows)):
        assert conform(frame[row], SCHEMA).table.equals(table[row])


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from([1.0, 2.0, 30.0]), min_size=3, max_size=30))
def test_codes_agree_as_floats_integers_and_strings(values: list[float]) -> None:
    schema = infer(pl.DataFrame({"x": [str(int(v)) for v in [1, 2, 30, *values]]}), kinds={"x": "category"})
    floats = pl.DataFrame({"x": values})
    tables = [
        conform(f, schema)
        for f in (floats, floats.cast(pl.Int64), floats.cast(pl.Int64).cast(pl.String), floats.cast(pl.String))
    ]
    assert all(t.table.equals(tables[0].table) and not t.violations for t in tables)


def test_a_typed_table_conforms_to_itself_also_by_way_of_json() -> None:
    frame = pl.DataFrame(
        {
            "size": ["1,248 CC", "x", None],
            "color": ["red", "green", "?"],
            "code": ["001", "002", ""],
            "paid": ["Yes", "no", ""],
            "day": ["4.3.2019", "2019-03-04T10:11:12.5", ""],
            "note": ["a b", "", "NA"],
        }
    )
    table = conform(frame, SCHEMA).table
    assert conform(table, SCHEMA).table.equals(table)
    records = json.loads(json.dumps(table.to_dicts(), default=lambda moment: moment.isoformat()))
    again = pl.DataFrame(records, infer_schema_length=None)
    assert conform(again, SCHEMA).table.equals(table)
