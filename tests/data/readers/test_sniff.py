"""The delimiter among traps."""

from __future__ import annotations

import pytest

from sevenfold.data.readers.sniff import rows_of, sniff, usual_width
from sevenfold.data.readers.tokens import WHITESPACE


@pytest.mark.parametrize(
    ("sample", "delimiter"),
    [
        ("when,what\n2024-01-02 10:11:12,a\n2024-01-03 10:11:13,b\n", ","),
        ("2024-01-02 10:11:12;1\n2024-01-03 10:11:13;2\n", ";"),
        ("name|tags\nann|a,b\nbob|c,d\n", "|"),
        ("id,tags\n1,a;b\n2,c;d\n3,e;f\n", ","),
        ('id\ttext\n1\t"one, two; three"\n2\t"four, five; six"\n', "\t"),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        ("x\n1,5\n2,5\n3,5\n", ""),
        ("review\nGood, really\nBad\nSo, so, so\nFine\n", ""),
        ("word\nalpha\nbeta\ngamma\n", ""),
        ("time\n10:11\n10:12\n10:13\n", ""),
        ("a  b   c\n  1   2.5    xyz\n  1   2.5    xyz\n", WHITESPACE),
        ("1 0.5 x\n2 0.25 y\n", " "),
        ('"a, b",c\n"d, e",f\n', ","),
        ("http://a.b/c;1\nhttp://d.e/f;2\n", ";"),
    ],
)
def test_found(sample: str, delimiter: str) -> None:
    assert sniff(sample).delimiter == delimiter


def test_the_ending_decides_between_equals() -> None:
    sample = "a,b\tc,d\n" * 5
    assert sniff(sample, ending=".tsv").delimiter == "\t"


def test_what_the_user_says_is_taken() -> None:
    assert sniff("a,b\n1,2\n", delimiter=";").delimiter == ";"
    assert sniff('a,b\n"1,2"\n', quote="").quote is None


def test_the_usual_width_leaves_blank_lines_out() -> None:
    rows = rows_of("a,b\n\n\n\n1,2\n", sniff("a,b\n1,2\n"))
    assert usual_width(rows) == 2


def test_single_quotes_are_values_where_double_quotes_are_quotes() -> None:
    assert sniff('n,t\n1,\'a;b\'\n2,""""\n').quote == '"'
    assert sniff("n,t\n1,'a,b'\n2,c\n").quote == "'"
    assert sniff("n,t\n1,'-1'\n2,'1'\n").quote == '"'
