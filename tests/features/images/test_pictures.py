from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sevenfold.core.errors import DataError, MissingExtraError
from sevenfold.features.images.pictures import GREY, decode, is_grey, look, pixels, require_pillow


def encoded(values: Any, form: str = "PNG", mode: str | None = None, **more: Any) -> bytes:
    picture = Image.fromarray(np.asarray(values, np.uint8))
    buffer = io.BytesIO()
    (picture.convert(mode) if mode else picture).save(buffer, form, **more)
    return buffer.getvalue()


def colours(height: int = 12, width: int = 8) -> Any:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3))


HOLDS = {
    "PNG": ("RGB", "L", "LA", "1", "P", "RGBA"),
    "BMP": ("RGB", "L", "1", "P"),
    "TIFF": ("RGB", "L", "LA", "1", "P", "RGBA", "CMYK", "YCbCr"),
    "WEBP": ("RGB", "RGBA"),
    "GIF": ("L", "P"),
    "JPEG": ("RGB", "L", "CMYK"),
}


@pytest.mark.parametrize(("form", "mode"), [(form, mode) for form, modes in HOLDS.items() for mode in modes])
def test_reads_every_mode_of_every_form(form: str, mode: str) -> None:
    content = encoded(colours(), form, mode)
    picture = decode(content)
    assert picture is not None
    assert picture.size == (8, 12)
    assert picture.mode in ("L", "RGB")


def test_lossless_pixels_come_back() -> None:
    values = colours(8, 8)
    found, broken = pixels(decode(encoded(values)), 8, 3)
    assert not broken
    assert np.array_equal(found, values)


def test_turned_upright_by_its_mark() -> None:
    values = colours(4, 9)
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    picture = decode(encoded(values, exif=exif))
    assert picture is not None
    assert np.array_equal(np.asarray(picture), np.rot90(values, -1))


def test_transparent_pixels_are_white() -> None:
    values = np.zeros((3, 3, 4), np.uint8)
    picture = decode(encoded(values))
    assert picture is not None
    assert (np.asarray(picture) == 255).all()


def test_sixteen_bits_fill_the_range() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.linspace(1000, 60000, 100).astype(np.uint16).reshape(10, 10)).save(buffer, "PNG")
    picture = decode(buffer.getvalue())
    assert picture is not None
    values = np.asarray(picture)
    assert (values.min(), values.max()) == (0, 255)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be huge."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "content", [None, b"", b"no picture", b"\x89PNG\r\n\x1a\n", bomb(60_000, 60_000), bomb(9000, 9000)]
)
def test_broken_and_oversized_ones_are_mid_grey(content: bytes | None) -> None:
    assert decode(content) is None
    values, broken = pixels(decode(content), 5, 3)
    assert broken
    assert (values == GREY).all()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_never_raises(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"]))
    content = bytearray(encoded(colours(), form))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(content)))
    values, _ = pixels(decode(bytes(content[:end])), 6, 3)
    assert values.shape == (6, 6, 3)


def test_shrinking_averages() -> None:
    board = np.indices((64, 64)).sum(axis=0) % 2 * 255
    values, _ = pixels(decode(encoded(board)), 8, 1)
    assert np.abs(values.astype(int) - 127).max() < 20


def test_grey_is_seen_in_colour_files_too() -> None:
    level = np.random.default_rng(0).integers(0, 256, (20, 20, 1))
    for content in (encoded(np.repeat(level, 3, axis=2)), encoded(np.repeat(level, 3, axis=2), "JPEG")):
        picture = decode(content)
        assert picture is not None
        assert is_grey(picture)
    colour = decode(encoded(colours(20, 20)))
    assert colour is not None
    assert not is_grey(colour)


def test_size_and_channels_come_from_the_pictures() -> None:
    grey, colour = encoded(np.zeros((30, 40))), encoded(colours(30, 40))
    assert look([grey, None, b"x", grey], "picture") == (30, 1)
    assert look([grey, colour], "picture") == (30, 3)
    assert look([encoded(np.zeros((300, 400)))], "picture") == (64, 1)
    with pytest.raises(DataError, match="column 'picture'"):
        look([b"x", None], "picture")


def test_a_missing_pillow_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(MissingExtraError, match=r"sevenfold\[image\]"):
        require_pillow()
