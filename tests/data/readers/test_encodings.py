"""Encodings: found out, converted, and refused where they do not fit."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from sevenfold.core.errors import DataError, RequestError
from sevenfold.data.readers.encodings import to_utf8

_TEXT = "Größe;Prix\n1;café\n"


@pytest.mark.parametrize(
    ("encoding", "found", "mark"),
    [
        ("utf-8", "utf-8", False),
        ("utf-8-sig", "utf-8", True),
        ("utf-16", "utf-16-le", True),
        ("utf-16-le", "utf-16-le", False),
        ("utf-16-be", "utf-16-be", False),
        ("utf-32", "utf-32-le", True),
        ("latin-1", "latin-1", False),
    ],
)
def test_found_out(encoding: str, found: str, mark: bool) -> None:
    text = to_utf8(_TEXT.encode(encoding), "t")
    assert (text.data.decode(), text.encoding, text.byte_order_mark) == (_TEXT, found, mark)


def test_windows_characters_tell_cp1252_from_latin_1() -> None:
    assert to_utf8("10 €; “quoted”".encode("cp1252"), "t").encoding == "cp1252"
    assert to_utf8(b"\x81\xe9", "t").encoding == "latin-1"


def test_a_few_broken_bytes_do_not_make_a_text_of_another_encoding() -> None:
    data = "äöü€".encode() * 100 + b"\xe9"
    text = to_utf8(data, "t")
    assert text.encoding == "utf-8"
    assert text.data.decode().endswith("€é")
    assert "1 bytes" in text.notes[0]


def test_what_is_said_is_taken_and_what_does_not_fit_is_refused() -> None:
    assert to_utf8("價格".encode("big5"), "t", "big5").data.decode() == "價格"
    assert to_utf8("цена".encode("cp1251"), "t", like="cp1251").data.decode() == "цена"
    for encoding in ("utf-8", "ascii", "utf-16-le"):
        with pytest.raises(DataError, match="not text in") as caught:
            to_utf8(b"caf\xe9s are \xff", "t", encoding) if encoding != "utf-16-le" else to_utf8(b"abc", "t", encoding)
        assert caught.value.advice
    with pytest.raises(RequestError, match="unknown"):
        to_utf8(b"a", "t", "utf-88")


def test_a_character_over_the_border_of_two_chunks_is_whole() -> None:
    data = b"x" * (2**24 - 1) + "€".encode() * 3
    assert to_utf8(data, "t").encoding == "utf-8"


@settings(max_examples=200, deadline=None)
@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=200),
    st.sampled_from(["utf-8-sig", "utf-16"]),
)
def test_any_marked_text_is_read_back(text: str, encoding: str) -> None:
    assert to_utf8(text.encode(encoding), "t").data.decode() == text


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_become_valid_utf8_or_an_error(data: bytes) -> None:
    try:
        to_utf8(data, "t").data.decode()
    except DataError as error:
        assert error.advice
