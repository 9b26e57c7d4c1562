"""Files and streams: what cannot be opened or decompressed is told in four parts."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
import zstandard

from sevenfold.core.errors import DataError, RequestError
from sevenfold.data.readers.blob import Blob, ending_of


def test_the_ending_is_that_of_the_content() -> None:
    assert [ending_of(name) for name in ("A.CSV.gz", "b.parquet", "c", "d.zst", "e.f.tsv.zstd")] == [
        ".csv", ".parquet", "", "", ".tsv",
    ]  # fmt: skip


def test_several_compressed_pieces_are_one_content(tmp_path: Path) -> None:
    for name, compress in (("a.gz", gzip.compress), ("a.zst", zstandard.compress)):
        path = tmp_path / name
        path.write_bytes(compress(b"one ") + compress(b"two"))
        assert Blob.of_file(path, 100).read() == b"one two"


def test_a_decompression_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(bytes(50_000_000)))
    assert path.stat().st_size < 100_000
    with pytest.raises(DataError, match="too large") as caught:
        Blob.of_file(path, 5_000_000).read()
    assert "5,000,000" in caught.value.received


def test_a_large_plain_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_bytes(b"a" * 1000)
    with pytest.raises(DataError, match="too large"):
        Blob.of_file(path, 999).read()


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.touch()
    with pytest.raises(DataError, match="is empty"):
        Blob.of_file(path, 100).head  # noqa: B018


def test_a_near_name_is_suggested(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("a\n1\n")
    with pytest.raises(RequestError) as caught:
        Blob.of_file(tmp_path / "custmers.csv", 100)
    assert "customers.csv" in caught.value.advice
    with pytest.raises(RequestError, match="There is no"):
        Blob.of_file(tmp_path / "no" / "such" / "folder.csv", 100)


def test_a_folder_and_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RequestError, match="is a folder"):
        Blob.of_file(tmp_path, 100)
    path = tmp_path / "secret.csv"
    path.write_text("a\n1\n")
    # The superuser may read everything, so the refusal is played here.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(RequestError, match="may not be read"):
        Blob.of_file(path, 100)
