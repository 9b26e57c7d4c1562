"""JSON lines and arrays: types kept, nested objects flattened, broken lines counted."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import given, settings

from sevenfold.core.errors import DataError
from sevenfold.data.readers.base import Request
from sevenfold.data.readers.blob import Blob
from sevenfold.data.readers.json_text import Json


def parse(content: Any) -> Any:
    data = content if isinstance(content, bytes) else content.encode()
    return Json().parse(Blob("t.json", 2**30, content=data), Request())


_RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "n": st.none() | st.integers(-(2**63), 2**63 - 1),
            "x": st.none() | st.floats(allow_nan=False, allow_infinity=False),
            "t": st.none() | st.text(st.characters(blacklist_categories=("Cs",)), max_size=10),
            "f": st.none() | st.booleans(),
        }
    ),
    min_size=1,
    max_size=20,
)


@settings(max_examples=100, deadline=None)
@given(_RECORDS, st.booleans(), st.sampled_from(["utf-8", "utf-8-sig"]))
def test_records_are_read_back(records: list[dict[str, Any]], array: bool, encoding: str) -> None:
    lines = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    raw = parse((json.dumps(records) if array else lines).encode(encoding))
    assert raw.frame.to_dicts() == records
    assert raw.source["layout"] == ("array" if array else "lines")


def test_nested_objects_become_columns_and_lists_stay() -> None:
    raw = parse('{"a": {"b": 1, "c": {"d": "x"}}, "v": [1, 2.5]}\n{"a": {"b": 2}, "v": [], "w": ["p", "q"]}\n')
    assert raw.frame.columns == ["a.b", "a.c.d", "v", "w"]
    assert raw.frame["v"].dtype == pl.List(pl.Float64)
    assert raw.frame["w"].to_list() == [None, '["p", "q"]']
    assert any("flattened" in note for note in raw.source["notes"])
    assert any("JSON text" in note for note in raw.source["notes"])


def test_mixed_types_become_text_and_no_digit_is_lost() -> None:
    raw = parse('{"a": 1, "k": 12345678901234567890, "z": "007"}\n{"a": "x", "k": 2, "z": "8"}\n{"a": true}\n')
    assert raw.frame["a"].to_list() == ["1", "x", "true"]
    assert raw.frame["k"].to_list() == ["12345678901234567890", "2", None]
    assert raw.frame["z"].to_list() == ["007", "8", None]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('{"a": [1, 2], "b": ["x", "y"]}', [(1, "x"), (2, "y")]),
        ('{\n  "a": [1, 2],\n  "b": ["x", "y"]\n}\n', [(1, "x"), (2, "y")]),
        ('{\n "total": 2,\n "data": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]\n}', [(1, "x"), (2, "y")]),
        ('{\n"a": 1,\n"b": "x"\n}', [(1, "x")]),
        ('\n{"a": 1, "b": "x"}\n\n{"a": 2, "b": "y"}\n', [(1, "x"), (2, "y")]),
    ],
)
def test_other_layouts(text: str, rows: list[tuple[Any, ...]]) -> None:
    assert parse(text).frame.rows() == rows


def test_a_broken_line_is_reported_and_keeps_its_place() -> None:
    lines = ['{"a": 1}'] * 50 + ['{"a": 2', "[3]"]
    raw = parse("\n".join(lines))
    assert raw.frame.height == 52
    assert raw.frame["a"].null_count() == 2
    assert raw.source["bad_rows"]["rows"] == [50, 51]
    assert "line 51" in raw.source["bad_rows"]["what"][0]


@pytest.mark.parametrize(
    "text", ['[{"a": 1}, 2]', "[]", "[[1, 2]]", '[{"a": 1}', '{"a": 1\n{"b"\n', "{}", '{"a": ' * 2000]
)
def test_what_is_no_table_is_an_error(text: str) -> None:
    with pytest.raises(DataError) as caught:
        parse(text)
    assert caught.value.advice


def test_recognised_by_the_first_bytes_only() -> None:
    known = [b'{"a": 1}', b' \n[{"a"', b"[]", b"[[1", b"{}", b'\xef\xbb\xbf{"a"']
    other = [b"a,b\n", b"[x],y\n", b"{x}\t1\n", b""]
    assert all(Json().recognises(head) for head in known)
    assert not any(Json().recognises(head) for head in other)


def test_half_a_surrogate_pair_is_no_crash() -> None:
    raw = parse('{"a": "x\\ud800", "\\udfff": 1, "l": ["\\ud800"]}\n{"a": "y"}\n')
    assert raw.frame.columns == ["a", "?", "l"]
    assert raw.frame.row(0) == ("x?", 1, '["?"]')
