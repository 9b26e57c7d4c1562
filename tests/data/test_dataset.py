from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from sevenfold.core.config import Plan
from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.errors import DataError, RequestError
from sevenfold.data.clean import source_columns
from sevenfold.data.dataset import build
from sevenfold.data.schema_file import check_schema, read_schema, write_schema

FRAME = pl.DataFrame(
    {
        "size": ["5 kg", "7 kg", "oops"] + [f"{i} kg" for i in range(10, 60)],
        "color": ["red", "blue", "red"] + ["blue", "red"] * 25,
        "y": ["yes", "no", None] + ["yes", "no"] * 25,
    }
)
RAW = SimpleNamespace(frame=FRAME, source={"format": "csv"})


def test_everything_in_one_call() -> None:
    made = build(RAW, Plan(target="y", drop=("color",)))
    assert made.dataset.table.height == 53
    assert made.dataset.source == {"format": "csv"}
    assert len(made.dataset.fingerprint) == 32
    assert made.rows.tolist()[:3] == [0, 1, 3]
    assert len(made.target) == 52
    assert not made.dataset.schema["color"].used
    assert [(v.column, v.row) for v in made.violations] == [("size", 2)]
    assert any("1 rows have no target" in reason for reason in made.reasons)


def test_an_edited_schema_is_obeyed(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    first = build(RAW, Plan(target="y"))
    write_schema(path, first.dataset.schema)
    assert read_schema(path) == first.dataset.schema
    path.write_text(
        path.read_text()
        .replace('"kind": "number"', '"kind": "text"')
        .replace('"units": {\n          "kg": 1.0\n        }', "")
    )
    second = build(RAW, Plan(target="y", schema=str(path)))
    assert second.dataset.schema["size"].kind is Kind.TEXT
    assert second.dataset.fingerprint != first.dataset.fingerprint


def test_kinds_asked_for_beat_an_edited_schema(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    write_schema(path, build(RAW, Plan(target="y")).dataset.schema)
    made = build(RAW, Plan(target="y", schema=str(path), kind={"color": "text"}))
    assert made.dataset.schema["color"].kind is Kind.TEXT
    with pytest.raises(DataError, match="'color' is not there"):
        build(SimpleNamespace(frame=FRAME.drop("color"), source={}), Plan(target="y", schema=str(path)))


def test_what_is_made_of_a_column_is_left_out_with_it() -> None:
    frame = FRAME.with_columns(place=pl.Series([f"{i}/{i * 7 % 50}" for i in range(53)]))
    raw = SimpleNamespace(frame=frame, source={})
    used = {c.name: c.used for c in build(raw, Plan(target="y")).dataset.schema}
    assert (used["place 1"], used["place 2"]) == (True, True)
    for plan in (Plan(target="y", drop=("place",)), Plan(target="y", group="place")):
        schema = build(raw, plan).dataset.schema
        assert not any(schema[name].used for name in ("place 1", "place 2"))
    assert source_columns(schema) == tuple(frame.columns)


def test_no_rows() -> None:
    with pytest.raises(DataError, match="no rows"):
        build(SimpleNamespace(frame=FRAME.head(0), source={}), Plan(target="y"))


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"name": "x", "kind": "nummber"}, "Did you mean 'number'"),
        ({"name": "x", "kind": "number", "usd": True}, "Did you mean 'used'"),
        ({"name": "x", "kind": "number", "parse": {"thousand": ","}}, "Did you mean 'thousands'"),
        ({"name": "x", "kind": "text", "parse": {"units": {}}}, "unknown"),
        ({"name": "x", "kind": "number", "parse": {"decimal": ";"}}, "'decimal'"),
        ({"name": "x", "kind": "number", "parse": {"units": {"kg": "1"}}}, "'units'"),
        ({"name": "x", "kind": "number", "parse": {"low": "0"}}, "'low'"),
        ({"name": "x", "kind": "number", "parse": {"nth": 0}}, "'nth'"),
        ({"name": "x", "kind": "date", "parse": {"formats": "%Y"}}, "'formats'"),
        ({"name": "x", "kind": "date", "parse": {"epoch": "h"}}, "'epoch'"),
        ({"name": "x", "kind": "category", "levels": "ab"}, "'levels'"),
        ({"name": "x", "kind": "category", "used": "no"}, "'used'"),
        ({"name": "x", "kind": "category", "parse": []}, "'parse'"),
        ({"kind": "category"}, "not complete"),
        ("x", "not complete"),
    ],
)
def test_a_wrong_schema_is_refused(column: object, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        check_schema({"columns": [column]})


def test_other_wrong_files_are_refused(tmp_path: Path) -> None:
    for data in ({}, [], {"columns": []}, {"columns": [{"name": "x", "kind": "text"}] * 2}):
        with pytest.raises(RequestError):
            check_schema(data)
    (tmp_path / "broken.json").write_text("{")
    for name in ("broken.json", "absent.json"):
        with pytest.raises(RequestError, match="cannot be read"):
            read_schema(tmp_path / name)


def test_schemas_come_back(tmp_path: Path) -> None:
    schema = build(RAW, Plan(target="y")).dataset.schema
    assert check_schema(schema.to_json()) == schema
    assert Schema.from_json(schema.to_json()) == schema
