"""Counting quotes and fields in blocks agrees with taking the text apart character by character."""

from __future__ import annotations

import csv
import io

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from sevenfold.data.readers import quoting
from sevenfold.data.readers.quoting import has_opening, is_regular, measure
from sevenfold.data.readers.tokens import split_rows


@pytest.mark.parametrize(
    "text", ['"a","b"\n', 'a,"b ""c"" d",e\n"x\ny",""\n', '""""\n', "a,b", "", '"a"\r\n"b"\r\n', '"",""']
)
def test_regular(text: str) -> None:
    assert is_regular(text.encode(), ",", '"')


@pytest.mark.parametrize(
    "text", ['a"b,c\n', '"a" ,b\n', 'a, "b"\n', '"a"b"\n', '"a\n', '5",6"\n', '"a""\n', '"a" "b"\n', 'x""\n']
)
def test_irregular(text: str) -> None:
    assert not is_regular(text.encode(), ",", '"')


@settings(max_examples=200, deadline=None)
@given(st.text('a,"\n', max_size=40), st.integers(1, 7))
def test_blocks_of_any_size_agree(text: str, block: int) -> None:
    whole = is_regular(text.encode(), ",", '"')
    rows = measure(text.encode(), ",", '"')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quoting, "_BLOCK_BYTES", block)
        assert is_regular(text.encode(), ",", '"') is whole
        small = measure(text.encode(), ",", '"')
    assert [small.fields.tolist(), small.blank.tolist(), small.starts.tolist()] == [
        rows.fields.tolist(), rows.blank.tolist(), rows.starts.tolist(),
    ]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.text('a,"\n ', max_size=5), min_size=1, max_size=4), min_size=1, max_size=6))
def test_widths_of_regular_text_are_those_that_were_written(records: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(records)
    data = text.getvalue().encode()
    assert is_regular(data, ",", '"')
    rows = measure(data, ",", '"')
    assert rows.fields.tolist() == [len(record) for record in records]
    parsed = [[field or "" for field in row.fields] for row in split_rows(data.decode(), ",", '"')]
    assert parsed == records
    assert b"".join(rows.content(data, row) for row in range(len(records))) == data


def test_blank_lines_and_openings() -> None:
    rows = measure(b"a,b\n\n\r\n1,2\n", ",", None)
    assert rows.blank.tolist() == [False, True, True, False]
    assert has_opening(b'a, "b"', ",", '"')
    assert not has_opening(b'5" wide,6"', ",", '"')
