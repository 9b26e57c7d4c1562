"""Decoding pictures safely: size limits, rotation marks, broken files."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Bytes
from sevenfold.core.errors import DataError, MissingExtraError
from sevenfold.core.inputs import Columns

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 50_000_000  # a picture that claims more is treated as broken and never decoded
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
GREY = 128
LARGEST_AUTO_SIDE = 64
SMALLEST_AUTO_SIDE = 16
SAMPLED = 200  # training pictures looked at to choose size and channels


def decode(content: bytes | None) -> Image | None:
    """A picture, upright, in mode "L" or "RGB"; None where it is missing, broken, or too large.

    Transparent pixels are laid on white.
    """
    from PIL import Image, ImageOps

    if not content:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged metadata and Pillow's own size warning; ours is stricter
            picture = Image.open(io.BytesIO(content), formats=FORMATS)
            if picture.width * picture.height > MOST_PIXELS or not picture.width * picture.height:
                return None
            picture.draft(
                "RGB", (4 * LARGEST_AUTO_SIDE, 4 * LARGEST_AUTO_SIDE)
            )  # JPEG only: decodes large ones smaller
            picture.load()
            return _plain(ImageOps.exif_transpose(picture))
    except (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, MemoryError, OverflowError):
        return None
    except Exception as error:
        # Pillow's parsers raise errors of many kinds (struct.error, zlib.error, its bomb error) on damaged files.
        if type(error).__module__.split(".")[0] in ("PIL", "struct", "zlib"):
            return None
        raise


def _plain(picture: Image) -> Image:
    """In mode "L" or "RGB"; transparent pixels on white."""
    from PIL import Image

    if picture.mode in ("L", "RGB"):
        return picture
    if picture.mode in ("I;16", "I", "F"):
        return _from_deep(picture)
    if picture.mode == "1":
        return picture.convert("L")
    if picture.has_transparency_data:
        layered = picture.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(white, layered).convert("L" if picture.mode == "LA" else "RGB")
    return picture.convert("RGB")


def _from_deep(picture: Image) -> Image:
    """More than 8 bits a pixel: the picture's own range becomes 0 to 255."""
    from PIL import Image

    values = np.asarray(picture, np.float64)
    low, high = float(values.min()), float(values.max())
    if picture.mode == "I;16" or high > 255 or low < 0:
        values = (values - low) / (high - low) * 255 if high > low else np.full_like(values, GREY)
    return Image.fromarray(values.round().astype(np.uint8))


def pixels(picture: Image | None, size: int, channels: int) -> tuple[Bytes, bool]:
    """(size, size, channels) uint8, and whether it stands for a broken picture: mid-grey then."""
    from PIL import Image

    if picture is None:
        return np.full((size, size, channels), GREY, np.uint8), True
    picture = picture.convert("L" if channels == 1 else "RGB")
    if picture.size != (size, size):
        picture = picture.resize((size, size), Image.Resampling.BILINEAR)  # averages over the source when it shrinks
    return np.asarray(picture, np.uint8).reshape(size, size, channels), False


def is_grey(picture: Image) -> bool:
    """Whether all pixels are shades of grey, colour mode or not (JPEG may be off by a little)."""
    if picture.mode == "L":
        return True
    values = np.asarray(picture.reduce(max(1, min(picture.size) // 64)), np.int16)
    return int((values.max(axis=2) - values.min(axis=2)).max()) <= 6


def contents(columns: Columns, name: str) -> list[bytes | None]:
    """The encoded pictures of a source column."""
    return columns.table.get_column(name).to_list()


def look(encoded: list[bytes | None], name: str) -> tuple[int, int]:
    """Side (of the median picture, within limits) and channels that suit some training pictures.

    Where every picture is missing there is nothing to look at: the smallest side, grey.

    Raises:
        DataError: there are pictures and none of them can be read.
    """
    if not any(encoded):
        return SMALLEST_AUTO_SIDE, 1
    step = max(1, len(encoded) // SAMPLED)
    found = [picture for picture in map(decode, encoded[::step]) if picture is not None]
    if not found:
        raise DataError(
            f"No picture in column '{name}' can be read.",
            "PNG, JPEG, GIF, BMP, WebP or TIFF",
            f"{len(encoded)} rows of something else",
        )
    side = int(np.median([min(picture.size) for picture in found]))
    return int(np.clip(side, SMALLEST_AUTO_SIDE, LARGEST_AUTO_SIDE)), 1 if all(map(is_grey, found)) else 3


def require_pillow() -> None:
    """Make sure that pictures can be decoded.

    Raises:
        MissingExtraError: Pillow is not installed.
    """
    try:
        import PIL  # noqa: F401
    except ImportError as error:
        raise MissingExtraError.of("pillow", "image", "Reading pictures") from error


def stack(encoded: list[bytes | None], size: int, channels: int) -> tuple[Any, int]:
    """(rows, size, size, channels) uint8, and how many rows stand for broken or missing pictures."""
    stacked = np.empty((len(encoded), size, size, channels), np.uint8)
    broken = 0
    for row, content in enumerate(encoded):
        stacked[row], bad = pixels(decode(content), size, channels)
        broken += bad
    return stacked, broken
