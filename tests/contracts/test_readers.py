"""Every format and every reader keeps the same promises."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import polars as pl
import pytest
import zstandard
from hypothesis import given, settings

from sevenfold.core.errors import DataError, RequestError, SevenfoldError
from sevenfold.data.readers import catalogue
from sevenfold.data.readers.base import Request
from sevenfold.data.readers.blob import Blob
from sevenfold.data.readers.catalogue import FORMATS, READERS
from sevenfold.data.readers.content import parse
from sevenfold.data.readers.read import describe, read

_TABLE = pl.DataFrame({"name": ["ann", "bob", "cara", "dan"] * 30, "size": [1.5, 2.25, 3.5, 4.75] * 30})


def _bytes(write: Callable[[Any], Any]) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


_WRITTEN: dict[str, Callable[[], bytes]] = {
    "parquet": lambda: _bytes(_TABLE.write_parquet),
    "arrow": lambda: _bytes(_TABLE.write_ipc),
    "excel": lambda: _bytes(_TABLE.write_excel),
    "json": lambda: _bytes(_TABLE.write_ndjson),
    "csv": lambda: _bytes(_TABLE.write_csv),
}


def _complete(error: SevenfoldError) -> bool:
    return all((error.what, error.expected, error.received, error.advice))


def test_every_format_has_a_sample_here() -> None:
    assert set(_WRITTEN) == set(FORMATS.names())


def test_every_item_is_listed_under_its_name_and_every_file_is_used() -> None:
    for name, item in [*READERS, *FORMATS]:
        assert item.name == name
        assert item.__doc__
    folder = Path(catalogue.__file__).parent
    listed = {item.__module__.rpartition(".")[2] for _, item in [*READERS, *FORMATS]}
    defining = {
        path.stem
        for path in folder.glob("*.py")
        if path.stem != "base" and any(f"({kind}):" in path.read_text() for kind in ("Reader", "Format"))
    }
    assert defining == listed


@pytest.mark.parametrize("name", sorted(_WRITTEN))
@pytest.mark.parametrize("compression", ["", ".gz", ".zst"])
def test_a_format_is_told_by_its_content(name: str, compression: str, tmp_path: Path) -> None:
    content = _WRITTEN[name]()
    if compression == ".gz":
        content = gzip.compress(content)
    elif compression == ".zst":
        content = zstandard.compress(content)
    path = tmp_path / f"data{compression}"
    path.write_bytes(content)
    raw = read(path)
    assert raw.source["format"] == name
    assert raw.source["compression"] == (compression.strip(".") or None)
    assert raw.source["rows"] == raw.frame.height == 120
    assert raw.source["columns"] == raw.frame.columns == ["name", "size"]
    assert raw.frame["size"].cast(pl.Float64).to_list() == _TABLE["size"].to_list()
    assert raw.frame["name"].to_list() == _TABLE["name"].to_list()
    assert describe(raw.source)


@pytest.mark.parametrize("name", sorted(set(_WRITTEN) - {"csv"}))
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_a_cut_off_file_is_an_error_in_four_parts(name: str, share: float, tmp_path: Path) -> None:
    content = _WRITTEN[name]()
    path = tmp_path / f"data{FORMATS.get(name).endings[0]}"
    path.write_bytes(content[: int(share * len(content))] if name != "json" else content[:5])
    with pytest.raises(DataError) as caught:
        read(path)
    assert _complete(caught.value)


@pytest.mark.parametrize("name", sorted(_WRITTEN))
@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_a_cut_off_compression_is_an_error_in_four_parts(
    name: str, compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    content = compress(_WRITTEN[name]())
    path = tmp_path / "data.bin"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"decompress|damaged") as caught:
        read(path)
    assert _complete(caught.value)


@pytest.mark.parametrize("name", sorted(_WRITTEN))
def test_content_above_the_limit_is_refused_before_it_fills_the_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "data.gz"
    path.write_bytes(gzip.compress(_WRITTEN[name]()))
    with pytest.raises(DataError, match="too large") as caught:
        read(path, options={"limit_bytes": 100})
    assert _complete(caught.value)


@pytest.mark.parametrize("name", sorted(_WRITTEN))
def test_a_second_reading_is_the_same(name: str, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(_WRITTEN[name]())
    first = read(path)
    again = read(path, like=first.source)
    assert first.frame.equals(again.frame)
    assert again.source["columns"] == first.source["columns"]


@pytest.mark.parametrize(
    "source",
    ["", "  ", "no/such/file.csv", "x\0y", "~nobody-of-this-name/a.csv", "wxyz://a/b", "a" * 5000, 7, None, object()],
)
def test_what_is_no_source_is_a_request_error(source: object) -> None:
    with pytest.raises(RequestError) as caught:
        read(source)
    assert _complete(caught.value)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(_WRITTEN)), st.data())
def test_damaged_content_is_read_or_refused_but_never_a_crash(name: str, data: st.DataObject) -> None:
    content = bytearray(_SAMPLES[name])
    for _ in range(data.draw(st.integers(1, 5))):
        position = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(0, 20))
        content[position : position + length] = data.draw(st.binary(max_size=6) | st.just(b'"') | st.just(b"\n,"))
        if not content:
            break
    try:
        raw = parse(Blob("damaged", 2**28, content=bytes(content)), Request())
    except SevenfoldError as error:
        assert _complete(error)
    else:
        assert raw.frame.height == raw.source["rows"]
        json.dumps(raw.source)


_SAMPLES = {name: write() for name, write in _WRITTEN.items()}
