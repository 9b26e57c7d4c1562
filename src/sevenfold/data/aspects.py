"""Aspects of a column that its plain values do not show: new words in texts, brightness of pictures, unknown ids.

An aspect is a column of numbers or flags of its own, computed row by row with what the profile remembers of the
training rows; it is null where the row says nothing.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.dataset import Kind

if TYPE_CHECKING:
    import polars as pl

NEW_WORDS = "new words"
NEW_IDS = "new ids"
BRIGHTNESS = "brightness"
CONTRAST = "contrast"
SIDE = "side"
PICTURE_ASPECTS = (BRIGHTNESS, CONTRAST, SIDE)

WORDS = 3_000  # remembered
MARKS = 2_000  # ids remembered, by a hash of eight bytes
_TEXT_ROWS = 20_000
_TEXT_CHARACTERS = 2_000  # of each text
_PICTURES = 500
_MOST_PIXELS = 50_000_000


def aspect_name(column: str, aspect: str) -> str:
    """The name under which an aspect is counted and logged."""
    return f"{column}: {aspect}"


def learn(series: pl.Series, kind: Kind) -> tuple[dict[str, Any], dict[str, pl.Series]]:
    """What a profile remembers of a column, and the aspects of training rows that it was not learned from.

    Words are learned from every second row and looked for in the others; of an id that occurs once, its one row
    would have been a new id had it come later (Good 1953). So the shares are those of new rows.
    """
    if kind is Kind.TEXT:
        texts = series.drop_nulls().head(_TEXT_ROWS)
        words = _frequent_words(texts.gather_every(2))
        return {"words": words}, {NEW_WORDS: new_words(texts.gather_every(2, 1), words)} if words else {}
    if kind is Kind.IMAGE:
        return {}, pictures(series.head(_PICTURES))
    if kind is Kind.ID:
        return _learn_ids(series)
    return {}, {}


def new_words(texts: pl.Series, words: Sequence[str]) -> pl.Series:
    """(rows,) share of each text's words that training has not seen often; null for a text without words."""
    import polars as pl

    known = pl.Series(list(words), dtype=pl.String)
    split = _words(texts).alias("word").to_frame().with_row_index("row")
    marked = split.explode("word").drop_nulls().with_columns(new=~pl.col("word").is_in(known.implode()))
    shares = marked.group_by("row").agg(pl.col("new").cast(pl.Float64).mean())
    return split.select("row").join(shares, on="row", how="left", maintain_order="left").get_column("new")


def new_ids(ids: pl.Series, marks: Sequence[int], share: float) -> pl.Series:
    """(rows,) whether an id is unknown; null for ids whose hash lies outside the share that is remembered.

    The remembered share is exact and of bounded size however many ids there are.
    """
    import polars as pl

    known, limit = frozenset(marks), int(share * 2**64)
    values: dict[str, bool | None] = {}
    for text in ids.drop_nulls().unique().to_list():
        mark = _mark(text)
        values[text] = None if mark >= limit else mark not in known
    made = [None if text is None else values[text] for text in ids.to_list()]
    return pl.Series(made, dtype=pl.Boolean)


def pictures(series: pl.Series) -> dict[str, pl.Series]:
    """Brightness and contrast (mean and deviation of the grey values, 0 to 255) and side (root of the pixels); null
    where a picture cannot be read, or pictures cannot be read here at all."""
    import polars as pl

    figures = np.array([_looked_at(content) for content in series.to_list()], dtype=np.float64).reshape(-1, 3)
    return {
        aspect: pl.Series(figures[:, place], dtype=pl.Float64).fill_nan(None)
        for place, aspect in enumerate(PICTURE_ASPECTS)
    }


def with_aspects(table: pl.DataFrame, remembered: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame:
    """A typed table with the aspects of its columns beside them; those that are there already are kept.

    Args:
        table: typed, or as a log holds it: without the pictures themselves.
        remembered: by column, what `learn` gave: "words", "marks" and "share", or "pictures".
    """
    import polars as pl

    made: list[pl.Series] = []
    for name, learned in remembered.items():
        if name not in table.columns:
            continue
        series, found = table.get_column(name), dict[str, pl.Series]()
        if learned.get("words") and series.dtype == pl.String:
            cut = series.str.head(_TEXT_CHARACTERS)
            found = {NEW_WORDS: new_words(cut, learned["words"])}
        elif learned.get("marks") and series.dtype == pl.String:
            found = {NEW_IDS: new_ids(series, learned["marks"], learned["share"])}
        elif learned.get("pictures") and series.dtype == pl.Binary:
            found = pictures(series)
        made += [s.alias(aspect_name(name, a)) for a, s in found.items() if aspect_name(name, a) not in table.columns]
    return table.with_columns(made) if made else table


def _words(texts: pl.Series) -> pl.Series:
    return texts.str.head(_TEXT_CHARACTERS).str.to_lowercase().str.extract_all(r"\w+")


def _frequent_words(texts: pl.Series) -> tuple[str, ...]:
    """The words of at least two texts, the most frequent ones."""
    import polars as pl

    if not len(texts):
        return ()
    counted = _words(texts).list.unique().alias("word").to_frame().explode("word").drop_nulls().group_by("word").len()
    kept = counted.filter(pl.col("len") > 1).sort(["len", "word"], descending=[True, False]).head(WORDS)
    return tuple(kept.get_column("word").to_list())


def _learn_ids(series: pl.Series) -> tuple[dict[str, Any], dict[str, pl.Series]]:
    import polars as pl

    counted = series.drop_nulls().alias("id").value_counts(name="rows")
    if not counted.height:
        return {}, {}
    marks = np.array([_mark(text) for text in counted.get_column("id").to_list()], dtype=np.uint64)
    ordered = np.sort(marks)
    share = 1.0 if len(ordered) <= MARKS else float(ordered[MARKS]) / 2.0**64
    kept = marks < int(share * 2**64) if share < 1 else np.ones(len(marks), dtype=np.bool_)
    rows = counted.get_column("rows").to_numpy()[kept]
    fresh = pl.Series(np.repeat(rows == 1, rows))
    return {"marks": tuple(int(mark) for mark in np.sort(marks[kept])), "share": share}, {NEW_IDS: fresh}


def _mark(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(errors="replace"), digest_size=8).digest(), "big")


def _looked_at(content: bytes | None) -> tuple[float, float, float]:
    """Brightness, contrast and side of one encoded picture; NaN where it cannot be read."""
    nothing = (float("nan"),) * 3
    if not content:
        return nothing
    try:
        from PIL import Image, ImageStat

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM"))
            pixels = picture.width * picture.height
            if not 0 < pixels <= _MOST_PIXELS:
                return nothing
            picture.draft("L", (128, 128))
            grey = picture.convert("L")
            grey.thumbnail((64, 64))
            figures = ImageStat.Stat(grey)
            return float(figures.mean[0]), float(figures.stddev[0]), float(np.sqrt(pixels))
    except Exception:  # parsers raise errors of many kinds on damaged files; a picture that fails says nothing
        return nothing
