"""Excel sheets: the right sheet, the right header, and types."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from sevenfold.core.errors import DataError, RequestError
from sevenfold.data.readers.base import Options, Request
from sevenfold.data.readers.blob import Blob
from sevenfold.data.readers.excel import Excel


def book(**sheets: list[list[Any]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"default_date_format": "yyyy-mm-dd"}) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return buffer.getvalue()


def parse(content: bytes, target: str | None = None, **options: Any) -> Any:
    return Excel().parse(Blob("t.xlsx", 2**30, content=content), Request(target, {}, Options.of(options)))


def test_types_are_kept_and_mixtures_become_text() -> None:
    raw = parse(
        book(
            One=[
                ["name", "size", "day", "flag", "mixed"],
                ["ann", 1.5, dt.date(2024, 1, 2), True, 1],
                ["bob", 2, dt.date(2024, 1, 3), False, "x"],
                [None, None, None, None, None],
                ["cara", None, None, None, None],
            ]
        )
    )
    assert raw.frame.columns == ["name", "size", "day", "flag", "mixed"]
    assert raw.frame.height == 3
    assert raw.frame.schema["size"] == pl.Float64
    assert raw.frame["flag"].to_list() == [True, False, None]
    assert raw.frame["mixed"].to_list() == ["1", "x", None]
    assert str(raw.frame["day"][0]).startswith("2024-01-02")
    assert any("empty rows" in note for note in raw.source["notes"])


def test_the_first_sheet_with_a_table_is_read_and_others_are_told() -> None:
    content = book(Empty=[], Data=[["a", "b"], [1, 2]], Other=[["c"], [3]])
    raw = parse(content)
    assert (raw.source["sheet"], raw.source["other_sheets"]) == ("Data", ["Empty", "Other"])
    assert "not read: Empty, Other" in Excel().describe(raw.source)
    assert parse(content, sheet="Other").frame.columns == ["c"]
    assert parse(content, sheet=2).frame.columns == ["c"]
    with pytest.raises(RequestError, match="unknown") as caught:
        parse(content, sheet="Othr")
    assert "Other" in caught.value.advice


def test_a_title_above_the_table_and_a_table_without_header() -> None:
    raw = parse(book(S=[["Sales of 2024"], [], ["day", "sold", "left"], [1, 2, 3], [4, 5, 6]]))
    assert raw.frame.columns == ["day", "sold", "left"]
    assert raw.frame.rows() == [(1.0, 2.0, 3.0), (4.0, 5.0, 6.0)]
    assert parse(book(S=[[1, "x"], [2, "y"]]), target="1").frame.columns == ["0", "1"]


def test_a_book_of_empty_sheets_is_an_error() -> None:
    with pytest.raises(DataError, match="no rows"):
        parse(book(A=[], B=[]))
    with pytest.raises(DataError, match="no rows"):
        parse(book(A=[["a", "b"]]))
