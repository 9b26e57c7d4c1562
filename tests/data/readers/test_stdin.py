"""Standard input of any format."""

from __future__ import annotations

import gzip
import io
import sys

import polars as pl
import pytest

from sevenfold.core.errors import DataError, RequestError
from sevenfold.data.readers.read import describe, read


def _pipe(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_every_format_is_told_by_its_first_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    parquet = io.BytesIO()
    frame.write_parquet(parquet)
    for content, kind in (
        (parquet.getvalue(), "parquet"),
        (b"a;b\n1;x\n2;y\n", "csv"),
        (gzip.compress(b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n'), "json"),
    ):
        _pipe(monkeypatch, content)
        raw = read("-")
        assert raw.source["format"] == kind
        assert raw.source["path"] == "-"
        assert raw.frame.cast({"a": pl.Int64}).equals(frame)
        assert describe(raw.source)


def test_nothing_too_much_and_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    _pipe(monkeypatch, b"")
    with pytest.raises(DataError, match="standard input is empty"):
        read("-")
    _pipe(monkeypatch, b"a" * 1000)
    with pytest.raises(DataError, match="too large"):
        read("-", options={"limit_bytes": 10})
    _pipe(monkeypatch, b"a")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    with pytest.raises(RequestError, match="terminal"):
        read("-")
