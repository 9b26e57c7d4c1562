"""Folders of pictures: labels, order, broken ones."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import polars as pl
import pytest

from sevenfold.core.errors import DataError, RequestError
from sevenfold.data.readers.pictures import why_broken
from sevenfold.data.readers.read import describe, read


def png(shade: int = 0) -> bytes:
    """A grey picture of one pixel, written by hand."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes([0, shade])))
        + chunk(b"IEND", b"")
    )


def tree(root: Path) -> None:
    for label in ("dog", "cat"):
        (root / label / "deep").mkdir(parents=True)
        for number in (2, 1):
            (root / label / f"{number}.PNG").write_bytes(png(number))
        (root / label / "deep" / "3.png").write_bytes(png(3))
        (root / label / "Thumbs.db").write_bytes(b"x")


def test_labels_are_folders_and_the_order_is_fixed(tmp_path: Path) -> None:
    tree(tmp_path)
    raw = read(tmp_path)
    assert dict(raw.frame.schema) == {"image": pl.Binary, "label": pl.String}
    assert raw.source["paths"] == [
        f"{label}/{name}" for label in ("cat", "dog") for name in ("1.PNG", "2.PNG", "deep/3.png")
    ]
    assert raw.frame["label"].to_list() == ["cat"] * 3 + ["dog"] * 3
    assert raw.frame["image"][0] == png(1)
    assert raw.source["classes"] == {"cat": 3, "dog": 3}
    assert describe(raw.source) == "folder of pictures, 2 classes"


def test_broken_pictures_are_left_out_and_reported(tmp_path: Path) -> None:
    tree(tmp_path)
    (tmp_path / "cat" / "cut.png").write_bytes(png()[:-20])
    (tmp_path / "cat" / "text.jpg").write_bytes(b"hello")
    (tmp_path / "dog" / "empty.gif").touch()
    raw = read(tmp_path)
    assert raw.frame.height == 6
    assert raw.source["broken"] == {
        "cat/cut.png": "is cut off (PNG without its end)",
        "cat/text.jpg": "is no picture",
        "dog/empty.gif": "is empty",
    }


def test_pictures_without_folders_have_no_labels(tmp_path: Path) -> None:
    (tmp_path / "b.png").write_bytes(png())
    (tmp_path / "a.png").write_bytes(png())
    raw = read(tmp_path)
    assert raw.frame.columns == ["image"]
    assert raw.source["paths"] == ["a.png", "b.png"]


def test_train_and_test_folders_are_never_put_together(tmp_path: Path) -> None:
    for part in ("train", "test"):
        tree(tmp_path / part)
    with pytest.raises(RequestError, match="different purposes") as caught:
        read(tmp_path)
    assert str(tmp_path / "train") in caught.value.advice
    assert read(tmp_path / "train").frame.height == 6


def test_limits_and_all_broken(tmp_path: Path) -> None:
    tree(tmp_path)
    with pytest.raises(DataError, match="too large"):
        read(tmp_path, options={"limit_bytes": 100})
    broken = tmp_path / "broken"
    (broken / "a").mkdir(parents=True)
    (broken / "a" / "x.png").write_bytes(b"no")
    with pytest.raises(DataError, match="no whole picture"):
        read(broken)


_WHOLE = {
    "JPEG": b"\xff\xd8\xff\xe0" + bytes(60) + b"\xff\xd9",
    "PNG": png(),
    "GIF": b"GIF89a" + bytes(60) + b";",
    "BMP": b"BM" + struct.pack("<I", 80) + bytes(74),
    "WEBP": b"RIFF" + struct.pack("<I", 60) + b"WEBP" + bytes(56),
}


@pytest.mark.parametrize("kind", sorted(_WHOLE))
def test_whole_pictures_of_every_kind_pass_and_cut_ones_do_not(kind: str) -> None:
    assert why_broken(_WHOLE[kind]) is None
    assert why_broken(_WHOLE[kind][: len(_WHOLE[kind]) // 2]) is not None
    assert why_broken(b"II*\0" + bytes(9)) is None  # TIFF: its parts may stand in any order, so only decoding tells
