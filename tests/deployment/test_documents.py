import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
