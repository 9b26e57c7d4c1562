import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.core.errors import BundleError
from sevenfold.deployment import archive
from sevenfold.deployment.archive import read_archive, write_archive

NAMES = st.from_regex(r"[A-Za-z0-9_][a-z0-9._-]{0,10}(/[a-z0-9_][a-z0-9._-]{0,10}){0,3}", fullmatch=True)


@given(st.dictionaries(NAMES.filter(lambda n: n != "manifest.json"), st.binary(max_size=300), max_size=6))
def test_what_was_written_is_read(tmp_path_factory, members):
    path = tmp_path_factory.getbasetemp() / "archive.zip"
    path.write_bytes(write_archive({"format": 1}, members))
    manifest, read, digest = read_archive(path)
    assert read == members
    assert manifest["format"] == 1
    assert len(digest) == 64
    with zipfile.ZipFile(path) as standard:
        assert {name: standard.read(name) for name in standard.namelist()[1:]} == members


def test_the_order_of_members_makes_no_difference():
    assert write_archive({}, {"a": b"1", "b": b"2"}) == write_archive({}, {"b": b"2", "a": b"1"})


def test_another_content_is_another_digest(tmp_path):
    digests = set()
    for content in (b"1", b"2"):
        (tmp_path / "x").write_bytes(write_archive({}, {"a": content}))
        digests.add(read_archive(tmp_path / "x")[2])
    assert len(digests) == 2


def test_too_large_a_model_is_refused_before_it_is_written(monkeypatch):
    monkeypatch.setattr(archive, "FILE_LIMIT_BYTES", archive.MANIFEST_LIMIT_BYTES + 1000)
    with pytest.raises(BundleError, match="too large"):
        write_archive({}, {"a": b"x" * 600})


def test_too_large_a_file_is_not_read(tmp_path, monkeypatch):
    (tmp_path / "x").write_bytes(write_archive({}, {"a": b"x" * 600}))
    monkeypatch.setattr(archive, "FILE_LIMIT_BYTES", 500)
    with pytest.raises(BundleError, match="damaged"):
        read_archive(tmp_path / "x")


def test_a_folder_is_no_bundle(tmp_path):
    with pytest.raises(BundleError, match="cannot be read"):
        read_archive(tmp_path)
