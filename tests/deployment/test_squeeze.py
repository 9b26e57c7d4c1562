import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.core.errors import BundleError
from sevenfold.deployment.squeeze import RATIO_LIMIT, expand, squeeze


@given(st.dictionaries(st.sampled_from(["a", "b.bin", "c/d"]), st.binary(max_size=50), max_size=3), st.integers(1, 60))
def test_what_is_squeezed_comes_back(members, times):
    members = {name: content * times for name, content in members.items()}
    assert expand(squeeze(members)) == members


def test_text_of_trees_becomes_smaller():
    text = b" ".join(f"{i * 7919 % 1000 / 1000:.3f}".encode() for i in range(2000))
    packed = squeeze({"blob": text})
    assert list(packed) == ["blob.z"] and len(packed["blob.z"]) < len(text) / 2


def test_what_shrinks_too_much_or_too_little_is_stored_as_it_is():
    noise = bytes(i * i * 2654435761 % 2**32 >> 24 for i in range(5000))
    members = {"zeros": bytes(100_000), "few": b"aaaa", "noise": noise}
    assert squeeze(members) == members


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (zlib.compress(bytes(10_000_000)), f"more than {RATIO_LIMIT} times"),
        (zlib.compress(b"a" * 100)[:-3], "does not end"),
        (zlib.compress(b"a" * 100) + b"more", "does not end"),
        (b"no stream at all", "no zlib stream"),
        (b"", "does not end"),
    ],
)
def test_hostile_streams_are_refused(content, match):
    with pytest.raises(BundleError) as refused:
        expand({"blob.z": content})
    assert match in refused.value.received


def test_one_name_in_both_forms_is_refused():
    with pytest.raises(BundleError) as refused:
        expand({"a": b"1", "a.z": zlib.compress(b"2")})
    assert "twice" in refused.value.received
