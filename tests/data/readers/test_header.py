"""A header or none: by the target, by the data, by the earlier file."""

from __future__ import annotations

from typing import Any

import pytest

from sevenfold.data.readers.header import Layout, lay_out
from sevenfold.data.readers.tokens import split_rows


def layout(text: str, target: str | None = None, like: Any = None, header: bool | None = None) -> Layout:
    return lay_out(list(split_rows(text, ",", '"')), target=target, like=like or {}, header=header)


@pytest.mark.parametrize(
    "text",
    [
        "size,colour\n1,red\n2,blue\n",
        "a,b\nx,y\nx,z\nw,y\n",
        "id,2019,2020,2021,2022\nx,1,2,3,4\ny,5,6,7,8\n",
        "0,1,2,3,4\n5.5,1.5,2,3,4\n6.5,2.5,2,3,4\n",
        ",size,colour\n0,1,red\n1,2,blue\n",
        "when,what\n2024-01-02,a\n2024-01-03,b\n",
        "name,flag\nann,TRUE\nbob,FALSE\nbob,TRUE\n",
    ],
)
def test_a_header(text: str) -> None:
    assert layout(text).header


@pytest.mark.parametrize(
    "text",
    [
        "1,red\n2,blue\n3,red\n",
        "5.1,3.5,Iris-setosa\n4.9,3.0,Iris-setosa\n",
        "ham,Go until jurong point\nham,Ok lar\nspam,Free entry\nham,U dun say so\n",
        "39, State-gov, 77516\n50, Private, 83311\n38, Private, 215646\n",
        "?,a,1\n2,b,3\n4,a,5\n",
        "vhigh,low,acc\nhigh,low,unacc\nvhigh,med,acc\nlow,low,acc\n",
    ],
)
def test_no_header(text: str) -> None:
    found = layout(text)
    assert not found.header
    assert found.names == [str(i) for i in range(len(found.names))]
    assert found.reason


def test_the_target_tells() -> None:
    text = "x,y,k\nz,w,k\nx,y,l\n"
    assert layout(text, target="k").header
    assert not layout("a,b,c\nd,e,f\ng,h,i\n", target="2").header
    assert layout("a,b,c\n1,e,3\n4,h,5\n", target="2").header  # names over numbers outweigh a position
    assert not layout("2,8,3,5\n5,12,3,7\n4,11,6,8\n", target="2").header  # a 2 in the first row is no name
    assert layout("0,1,2,3\n5.5,12,3,7\n4.5,11,6,8\n", target="2").header
    assert layout("a,b\n1,2\n", target="9").header


def test_the_earlier_file_tells() -> None:
    named = {"header": True, "columns": ["a", "b", "c"]}
    assert layout("c,b,extra\n1,2,3\n", like=named).names == ["c", "b", "extra"]
    assert layout("1,2,3\n4,5,6\n", like=named).names == ["a", "b", "c"]
    assert layout("1,2\n4,5\n", like=named, target="b").names == ["a", "c"]
    bare = {"header": False, "columns": ["0", "1", "2"]}
    assert not layout("x,y,z\n", like=bare).header
    assert layout("x,y\n", like=bare, target="0").names == ["1", "2"]


def test_the_user_tells() -> None:
    assert layout("1,2\n3,4\n", header=True).names == ["1", "2"]
    assert layout("a,b\n1,2\n", header=False).names == ["0", "1"]


def test_one_row_alone() -> None:
    assert not layout("1,2.5,x\n").header
    assert layout("a,b,c\n").header


def test_rows_above_the_table_are_counted() -> None:
    found = layout("# note\nA title\n\na,b,c\n1,2,3\n")
    assert (found.skipped, found.data, found.names) == (3, 4, ["a", "b", "c"])
    assert "3 lines before the table" in found.notes[0]
    assert layout("# note\n# a,b,c\n1,2,3\n4,5,6\n").names == ["a", "b", "c"]
    hashtags = layout("tag,n\n#one,1\n#two,2\n")
    assert (hashtags.names, hashtags.data) == (["tag", "n"], 1)
