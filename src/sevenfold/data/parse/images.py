"""Reading encoded pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sevenfold.data.parse.reading import UNREADABLE, WRONG_TYPE, Reading

if TYPE_CHECKING:
    import polars as pl

SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM", b"RIFF", b"II*\x00", b"MM\x00*")
"""First bytes of PNG, JPEG, GIF, BMP, WebP and TIFF."""


def is_picture(raw: pl.Series) -> pl.Series:
    """(rows,) Boolean: whether the bytes begin as a picture does."""
    import polars as pl

    found = pl.Series([False], dtype=pl.Boolean).new_from_index(0, len(raw))
    for signature in SIGNATURES:
        found = found | raw.bin.starts_with(signature).fill_null(False)
    return found


def read_images(raw: pl.Series, parse: Mapping[str, Any]) -> Reading:
    """A column as Binary; bytes that are no picture are unreadable. `parse` has no keys."""
    import polars as pl

    nothing = pl.Series(raw.name, [None], dtype=pl.Binary)
    if raw.dtype != pl.Binary:
        return Reading(nothing.new_from_index(0, len(raw)), ((WRONG_TYPE, raw.is_not_null()),))
    picture = is_picture(raw)
    return Reading(raw.zip_with(picture, nothing), ((UNREADABLE, raw.is_not_null() & ~picture),))
