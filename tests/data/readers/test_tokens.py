"""Taking text apart leniently."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from sevenfold.data.readers.tokens import WHITESPACE, Dialect, split_rows, unify


def fields(text: str, mark: str = ",", quote: str | None = '"', escape: bool = False) -> list[list[str | None]]:
    return [row.fields for row in split_rows(text, mark, quote, escape)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,,b\n", [["a", None, "b"]]),
        ('a,""\r\n"b",c', [["a", ""], ["b", "c"]]),
        ('"a ""b"" c",d\n', [['a "b" c', "d"]]),
        ('"x\ny",1\n2,\n', [["x\ny", "1"], ["2", None]]),
        ('a, "b,c" ,d\n', [["a", "b,c", "d"]]),
        ('"a" b,c\n', [['"a" b', "c"]]),
        ('5",6"\n', [['5"', '6"']]),
        ('"never closed,a\nb,c\n', [['"never closed', "a"], ["b", "c"]]),
        ("\n\na\n", [[None], [None], ["a"]]),
        ("a,", [["a", None]]),
        ("a\r", [["a"]]),
    ],
)
def test_rows(text: str, expected: list[list[str | None]]) -> None:
    assert fields(text) == expected


def test_backslashes_protect_quotes_where_they_are_in_use() -> None:
    assert fields('"a \\"b\\", c",d\n', escape=True) == [['a "b", c', "d"]]
    assert fields('"a \\\\",d\n', escape=True) == [["a \\", "d"]]


def test_ends_lead_from_row_to_row() -> None:
    text = 'a,"b\nc"\n\nd,e'
    rows = list(split_rows(text, ",", '"'))
    assert [row.end for row in rows] == [8, 9, 12]
    assert [row.is_blank for row in rows] == [False, True, False]


@settings(max_examples=300, deadline=None)
@given(st.text('ab,"\r\n \\', max_size=40), st.sampled_from([None, '"', "'"]), st.booleans())
def test_every_text_ends_and_nothing_is_skipped(text: str, quote: str | None, escape: bool) -> None:
    rows = list(split_rows(text, ",", quote, escape))
    assert (rows[-1].end if rows else 0) == len(text)
    assert all(row.fields for row in rows)


def test_long_delimiters_become_one_mark() -> None:
    assert unify(b'1::"a::b"::2', Dialect("::")) == b'1\x1f"a::b"\x1f2'
    assert unify(b'  1  "a  b"\t2  \r\n 3 4 5\n', Dialect(WHITESPACE)) == b'1\t"a  b"\t2\r\n3\t4\t5\n'
    assert unify(b"1  2", Dialect(WHITESPACE, None)) == b"1\t2"
    assert unify("1¦2".encode(), Dialect("¦", None)) == b"1\x1f2"
    assert unify(b"a,b", Dialect("")) == b"a,b"
