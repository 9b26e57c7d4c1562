"""One function for every source."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sevenfold.core.errors import DataError, RequestError
from sevenfold.data.readers.read import describe, read


def test_paths_of_any_type_and_what_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a [1].csv"
    path.write_text("a;b\n1;x\n2;y\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for source in (path, str(path), "~/a [1].csv"):
        raw = read(source)
        assert raw.frame.columns == ["a", "b"]
        assert raw.source["reader"] == "file"
        assert describe(raw.source) == "CSV, ';' delimited, utf-8, LF, header"


def test_unknown_options_are_errors(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="Reading option 'delimter' is unknown") as caught:
        read(tmp_path, options={"delimter": ";"})
    assert "delimiter" in caught.value.advice
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n")
    with pytest.raises(RequestError, match="Format 'xml' is unknown"):
        read(path, options={"format": "xml"})
    assert read(path, options={"format": "csv"}).frame.height == 1


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"%PDF-1.4\n", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"PK\x03\x04" + bytes(60), "zip archive"),
        (b"\x80\x04\x95" + bytes(60), "pickle"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"12345678DUCK" + bytes(60), "DuckDB"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git-lfs"),
    ],
)
def test_foreign_content_is_named_with_what_to_do(content: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=what) as caught:
        read(path)
    assert caught.value.advice


def test_a_name_that_promises_another_format_is_told(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="no parquet file"):
        read(path)


def test_a_named_pipe_is_refused_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RequestError, match="no regular file"):
        read(tmp_path / "pipe")
