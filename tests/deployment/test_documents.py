import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.deployment import documents
from sevenfold.deployment.documents import DocumentError, canonical, parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_plain_data_survive(value):
    content = json.dumps(value).encode()
    assert parse(content, limit_bytes=10**6) == value
    assert parse(canonical(value), limit_bytes=10**6) == value


@given(st.binary(max_size=60))
def test_any_bytes_give_a_value_or_one_kind_of_error(content):
    try:
        parse(content, limit_bytes=50)
    except DocumentError:
        pass
    else:
        assert len(content) <= 50


@pytest.mark.parametrize(
    "content",
    [
        b"NaN",
        b"[Infinity]",
        b'{"a":1,"a":1}',
        b"[" * 65,
        b"[" * 10**6,
        b"1" * 401,
        b'"\\ud800"',
        b"\xff",
        b"",
        b"{} {}",
        b"'a'",
    ],
    ids=lambda content: repr(content[:10]),
)
def test_what_is_no_json_of_ours_is_refused(content):
    with pytest.raises(DocumentError):
        parse(content, limit_bytes=2 * 10**6)


def test_brackets_in_strings_are_no_nesting():
    text = "[" * 500 + '\\"{'
    assert parse(json.dumps([text]).encode(), limit_bytes=10**4) == [text]


def test_a_message_never_quotes_the_text():
    with pytest.raises(DocumentError) as caught:
        parse(b'{"password": hunter2}', limit_bytes=100)
    assert "hunter2" not in str(caught.value)


WIDE_INTEGERS = st.integers(-(10**40), 10**40)
LITTLE = st.dictionaries(
    st.text(max_size=5), st.none() | st.booleans() | WIDE_INTEGERS | st.floats(allow_nan=False) | st.text(max_size=5)
)


def _outcome(content):
    try:
        return repr(parse(content, limit_bytes=10**6))
    except DocumentError as error:
        return repr((error.what, error.received))


@given(
    LITTLE.map(lambda record: json.dumps(record).encode())
    | LITTLE.map(lambda record: json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    | st.binary(max_size=20).map(lambda inner: b'{"a":' + inner + b"}")
    | st.from_regex(r"\A\{\"a\":-?[0-9]{1,25}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?\}\Z").map(str.encode)
)
def test_the_swift_reader_gives_what_the_plain_one_gives(content):
    given = _outcome(content)
    swift, documents._swift = documents._swift, None
    try:
        assert given == _outcome(content)
    finally:
        documents._swift = swift
