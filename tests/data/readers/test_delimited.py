"""Delimited text: whatever is written is read back, and all is found out."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from sevenfold.core.errors import DataError, RequestError
from sevenfold.data.readers.base import Options, Request
from sevenfold.data.readers.blob import Blob
from sevenfold.data.readers.delimited import Delimited


def parse(
    content: bytes | str, *, target: str | None = None, like: Any = None, name: str = "t.csv", **options: Any
) -> Any:
    data = content.encode() if isinstance(content, str) else content
    blob = Blob(name, 2**30, content=data)
    return Delimited().parse(blob, Request(target, like or {}, Options.of(options)))


def rows(content: bytes | str, **more: Any) -> list[tuple[Any, ...]]:
    return list(parse(content, **more).frame.rows())


# Characters that every encoding below can write; marks, quotes, breaks and spaces among them.
_ALPHABET = "abcXYZ019 .,;|\t\"'-_/:\n&€éßÀ"
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252")


def _words(mark: str) -> st.SearchStrategy[str]:
    return st.text(_ALPHABET, max_size=12).filter(lambda text: "\r" not in text)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """A table as real ones are: a column of numbers shows what the header is, others hold any text."""
    width = draw(st.integers(2, 6))
    height = draw(st.integers(4, 25))
    names = [f"name {i}" for i in range(width)]
    columns = []
    for i in range(width):
        cell = st.integers(-999, 99999).map(str) if i == 0 or draw(st.booleans()) else st.text(_ALPHABET, max_size=12)
        columns.append(draw(st.lists(cell, min_size=height, max_size=height)))
    return names, [list(row) for row in zip(*columns, strict=True)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    tables(),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(_ENCODINGS),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_is_written_with_a_known_delimiter_is_read_back(
    table: tuple[list[str], list[list[str]]], delimiter: str, quoting: Any, encoding: str, line_ending: str
) -> None:
    names, records = table
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=line_ending)
    writer.writerow(names)
    writer.writerows(records)
    raw = parse(text.getvalue().encode(encoding), delimiter=delimiter, header=True)
    assert raw.frame.columns == names
    assert [[value or "" for value in row] for row in raw.frame.rows()] == records


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**6).map(str),
            st.floats(-1e6, 1e6).map(lambda v: f"{v:.3f}"),
            st.sampled_from(["red", "green", "dark blue", ""]),
            st.text("abc déß,;\"' ", max_size=20),
        ),
        min_size=5,
        max_size=40,
    ),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(_ENCODINGS),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)
def test_delimiter_encoding_and_header_are_found_out(
    records: list[tuple[str, ...]], delimiter: str, quoting: Any, encoding: str, line_ending: str, header: bool
) -> None:
    names = ["count", "weight", "colour", "remark"]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=line_ending)
    writer.writerows([names, *records] if header else records)
    raw = parse(text.getvalue().encode(encoding))
    assert raw.source["delimiter"] == delimiter
    assert raw.source["header"] is header
    assert raw.frame.columns == (names if header else ["0", "1", "2", "3"])
    assert [tuple(value or "" for value in row) for row in raw.frame.rows()] == records


def test_only_an_unquoted_empty_field_is_missing() -> None:
    assert rows('a,b\n1,""\n,2\n3,x\n') == [("1", ""), (None, "2"), ("3", "x")]


def test_spaces_around_values_are_kept_and_around_names_are_not() -> None:
    raw = parse("a , b\n1, x\n2, y \n")
    assert raw.frame.columns == ["a", "b"]
    assert raw.frame.rows() == [("1", " x"), ("2", " y ")]
    assert any("spaces" in note for note in raw.source["notes"])


def test_numbers_in_quotes_and_quotes_in_values() -> None:
    assert rows('"x","y"\n"1.5","2"\n"3","4"\n') == [("1.5", "2"), ("3", "4")]
    assert rows("1.5,'-1'\n2.5,'1'\n3.5,'-1'\n", target="1") == [("1.5", "'-1'"), ("2.5", "'1'"), ("3.5", "'-1'")]


def test_single_quotes_that_protect_a_delimiter_are_quotes() -> None:
    raw = parse("n,t\n1,'a,b'\n2,'c,d'\n3,'it''s, so'\n")
    assert raw.frame.rows() == [("1", "a,b"), ("2", "c,d"), ("3", "it's, so")]
    assert raw.source["quote"] == "'"


def test_inches_are_no_quotes() -> None:
    assert rows('n,size\n1,5" pipe\n2,6"\n3,7" and 8"\n') == [("1", '5" pipe'), ("2", '6"'), ("3", '7" and 8"')]


def test_spaces_around_quotes_and_backslashes_within() -> None:
    assert rows('n,t\n1, "a,b"\n2, "c,d" \n') == [("1", "a,b"), ("2", "c,d")]
    assert rows('n,t\n1,"say \\"no\\", then"\n2,"x,y"\n3,"z"\n') == [("1", 'say "no", then'), ("2", "x,y"), ("3", "z")]


def test_line_breaks_within_quotes() -> None:
    raw = parse('n,t\r\n1,"a\r\nb"\r\n2,"c\nd"\r\n')
    assert raw.frame.rows() == [("1", "a\r\nb"), ("2", "c\nd")]
    assert raw.source["rows"] == 2


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n"])
def test_the_end_of_the_file_and_blank_lines(end: str) -> None:
    assert rows(f"a,b\n1,2\n\n3,{end}") == [("1", "2"), ("3", None)]


def test_a_single_column_keeps_its_commas_and_inner_blanks() -> None:
    raw = parse("text\nHello, you there\nnothing\n\nwell; or not, or so\nplain\n\n")
    assert raw.frame.columns == ["text"]
    assert raw.frame["text"].to_list() == ["Hello, you there", "nothing", None, "well; or not, or so", "plain"]


def test_decimal_commas_between_semicolons() -> None:
    raw = parse("x;y\n1,5;2,25\n2,5;3,75\n-0,5;1000,1\n")
    assert (raw.source["delimiter"], raw.source["decimal"]) == (";", ",")
    assert raw.frame.row(0) == ("1,5", "2,25")
    assert parse("1,5;2,3;a\n4,5;5,3;b\n7,5;8,3;b\n").source["delimiter"] == ";"


@pytest.mark.parametrize(
    ("text", "delimiter", "row"),
    [
        ("a::b::c\n1::2::x y\n3::4::z\n", "::", ("1", "2", "x y")),
        ("a  b   c\n1  2   x\n10 20  y\n", "whitespace", ("1", "2", "x")),
        ('  18.0   8   307.0  "chevy malibu"\n  15.0   8   350.0  "buick"\n  16.0 8  304.0 "amc x"\n', "whitespace",
         ("18.0", "8", "307.0", "chevy malibu")),
        ("a b c\n1 2 x\n3 4 y\n", " ", ("1", "2", "x")),
        ("a\x1fb\n1\x1f2\n3\x1f4\n", "\x1f", ("1", "2")),
        ("a^b\n1^2\n3^4\n", "^", ("1", "2")),
    ],
)  # fmt: skip
def test_rare_delimiters(text: str, delimiter: str, row: tuple[str, ...]) -> None:
    raw = parse(text)
    assert raw.source["delimiter"] == delimiter
    assert raw.frame.row(0) == row


def test_comments_titles_and_excels_own_first_line_are_left_out() -> None:
    for above in ("# made by hand\n# in 2024\n", "Sales of the year\n\n", "sep=;\n"):
        raw = parse(above + "day;sold;left\n1;2;3\n4;5;6\n")
        assert raw.frame.columns == ["day", "sold", "left"], above
        assert raw.frame.height == 2
        assert raw.source["skipped_lines"] >= 1
    assert parse("# time,load\n1,2\n3,4\n").frame.columns == ["time", "load"]


def test_names_are_made_unique_and_told() -> None:
    raw = parse("a,a,,a\n1,2,3,4\n5,6,7,8\n")
    assert raw.frame.columns == ["a", "a_2", "unnamed_2", "a_3"]
    assert len(raw.source["notes"]) == 2


def test_row_names_and_trailing_delimiters() -> None:
    assert parse('"x" "y"\n"1" 5 a\n"2" 6 b\n').frame.columns == ["row", "x", "y"]
    assert rows("a,b\n1,2,\n3,4,\n") == [("1", "2"), ("3", "4")]
    assert parse("a,b,\n1,2\n3,4\n").frame.columns == ["a", "b"]


def test_a_few_ragged_rows_are_reported_and_keep_their_places() -> None:
    lines = ["a,b,c"] + [f"{i},x,y" for i in range(100)]
    lines[11], lines[21], lines[31] = "10,x", "20,x,y,z", "30,x,y,"
    raw = parse("\n".join(lines))
    assert raw.frame.height == 100
    assert raw.frame.row(10) == ("10", "x", None)
    assert raw.frame.row(20) == (None, None, None)
    assert raw.frame.row(30) == ("30", "x", "y")
    assert raw.source["bad_rows"]["rows"] == [10, 20]
    assert "line 22" in raw.source["bad_rows"]["what"][1]


def test_ragged_rows_are_reported_when_quotes_are_irregular_too() -> None:
    lines = ["a,b,c"] + [f'{i},"x" y,"1,2"' for i in range(100)]
    lines[11], lines[21] = "10,x", "20,x,y,z"
    raw = parse("\n".join(lines))
    assert raw.frame.row(0) == ("0", '"x" y', "1,2")
    assert raw.frame.row(20) == (None, None, None)
    assert raw.source["bad_rows"] == {
        "count": 2,
        "rows": [10, 20],
        "what": ["row 10 (line 12) has 2 fields", "row 20 (line 22) has 4 fields and was left empty"],
    }


def test_many_ragged_rows_are_an_error_with_row_numbers() -> None:
    with pytest.raises(DataError, match="broken rows") as caught:
        parse("a,b,c\n" + "1,2,3\n" * 40 + "1,2,3,4,5\n" * 30)
    assert "row 40 (line 42) has 5 fields" in caught.value.received
    assert caught.value.advice


@pytest.mark.parametrize("content", [b"", b"  \n\n", b"\xef\xbb\xbf", b"a,b,c\n", b"a,b,c"])
def test_nothing_to_read_is_an_error(content: bytes) -> None:
    with pytest.raises(DataError) as caught:
        parse(content)
    error = caught.value
    assert all((error.what, error.expected, error.received, error.advice))


def test_binary_content_is_an_error() -> None:
    with pytest.raises(DataError, match="not text"):
        parse(bytes(range(256)) * 50)


def test_zeros_at_the_end_of_a_crashed_file_are_left_out() -> None:
    raw = parse(b"a,b\n1,2\n3,4\n" + bytes(500))
    assert raw.frame.height == 2
    assert any("NUL" in note for note in raw.source["notes"])


def test_a_giant_first_line_is_an_error() -> None:
    with pytest.raises(DataError, match="line of more than"):
        parse(b"x" * (2**23 + 10) + b"\n1\n")


def test_what_the_user_says_is_done() -> None:
    raw = parse("1,2\n3,4\n".encode("utf-16-le"), encoding="utf-16-le", header=True, delimiter=",")
    assert raw.frame.columns == ["1", "2"]
    assert raw.source["options"] == {"encoding": "utf-16-le", "header": True, "delimiter": ","}
    assert rows('a;b\n"1;2"\n"3;4"\n', quote="") == [('"1', '2"'), ('"3', '4"')]


def test_a_later_file_is_read_like_the_first() -> None:
    first = parse("1.5;x;0\n2.5;y;1\n3.5;x;1\n", target="2").source
    later = parse("9;z;1\n", like=first)
    assert later.frame.columns == ["0", "1", "2"]
    assert later.frame.rows() == [("9", "z", "1")]
    named = parse("a,b,c\n1,2,x\n3,4,y\n").source
    assert parse("a,b\n5,6\n", like=named).frame.columns == ["a", "b"]
    assert parse("5,6,x\n7,8,y\n", like=named).frame.columns == ["a", "b", "c"]
    assert parse("5,6\n7,8\n", like=named, target="c").frame.columns == ["a", "b"]


def test_described_in_words() -> None:
    raw = parse("a;b\r\n1,5;é\r\n2,5;€\r\n".encode("cp1252"))
    assert Delimited().describe(raw.source) == "CSV, ';' delimited, cp1252, CRLF, decimal comma, header"


def test_large_files_go_through_the_fast_parser(tmp_path: Path) -> None:
    frame = pl.DataFrame({"n": range(200_000), "t": ['a "b", c\nd'] * 200_000})
    path = tmp_path / "large.csv"
    frame.write_csv(path)
    raw = Delimited().parse(Blob.of_file(path, 2**30), Request())
    assert raw.source["notes"] == []
    assert raw.frame["t"].to_list() == frame["t"].to_list()


def test_a_small_table_bears_fewer_broken_rows() -> None:
    with pytest.raises(DataError, match="5 broken rows among 12"):
        parse("a,b,c\n" + "1,2,3\n" * 7 + "1,2\n" * 5)


def test_messages_with_stray_quotes_between_tabs() -> None:
    lines = ['ham\tI said "hi"', 'spam\t"quoted start only', "ham\tFree!! 10% off, now; go", 'ham\t"all"'] * 20
    raw = parse("\n".join(lines))
    assert (raw.source["delimiter"], raw.source["header"]) == ("\t", False)
    assert raw.frame["1"].to_list()[:4] == ['I said "hi"', '"quoted start only', "Free!! 10% off, now; go", "all"]


def test_long_texts_over_many_lines() -> None:
    text = "id,text\n" + "\n".join(f'{i},"one, {i}\ntwo; ""x""\n\nfour"' for i in range(300))
    assert rows(text)[299] == ("299", 'one, 299\ntwo; "x"\n\nfour')


def test_texts_of_equally_many_words_are_no_columns() -> None:
    content = "review,verdict\n" + "".join(
        f"the plot was {word} from end to end,{word}\n" for word in ["good", "bad", "so", "fine"]
    )
    assert parse(content).frame.columns == ["review", "verdict"]


def test_the_target_is_one_column() -> None:
    with pytest.raises(RequestError, match="2 columns are called 'a'"):
        parse("a,b,a\n1,2,3\n4,5,6\n", target="a")
    assert parse("a,b,a\n1,2,3\n4,5,6\n", target="b").frame.columns == ["a", "b", "a_2"]
