"""How a text is written: its length and the shares of its kinds of characters."""

from __future__ import annotations

import math
import re
from functools import partial
from typing import final

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature
from sevenfold.features.memory import remembered

_NAMES = ("characters", "words", "word_length", "digits", "capitals", "marks", "exclamations", "questions")


@final
class TextStats(LearnedFeature):
    """Only columns that vary in training rows. A missing text gives NaN; shares of an empty one are 0."""

    spec = FeatureSpec(
        name="text_stats",
        takes=frozenset({Kind.TEXT, Kind.CATEGORY}),
        gives=Form.NUMBERS,
        summary="Characters, words, mean word length, and shares of digits, capitals and punctuation.",
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """Which of the statistics of each column vary."""
        kept: list[list[int]] = []
        for name in self.inputs:
            values = _statistics(columns, name)
            low = np.nanmin(np.where(np.isnan(values), np.inf, values), axis=0, initial=np.inf)
            high = np.nanmax(np.where(np.isnan(values), -np.inf, values), axis=0, initial=-np.inf)
            kept.append(np.flatnonzero(low < high).tolist())
        return {"kept": kept}

    def transform(self, columns: Columns) -> Block:
        """Columns "NAME:STATISTIC"."""
        parts: list[Floats] = [np.empty((columns.rows, 0))]
        names: list[str] = []
        for name, kept in zip(self.inputs, self.learned["kept"], strict=True):
            parts.append(_statistics(columns, name)[:, kept])
            names.extend(f"{name}:{_NAMES[i]}" for i in kept)
        return Block(Form.NUMBERS, tuple(names), np.concatenate(parts, axis=1))

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        columns = [[int(place) for place in kept] for kept in self.learned["kept"]]
        readers = [(i, remembered(partial(_some_statistics, kept))) for i, kept in enumerate(columns) if kept]

        def convert(values: list[str | None]) -> list[float]:
            result: list[float] = []
            for column, statistics in readers:
                result += statistics(values[column])
            return result

        return RowStep(Reads.STRINGS, convert)


def _some_statistics(kept: list[int], text: str | None) -> list[float]:
    statistics = _row_statistics(text)
    return [statistics[place] for place in kept]


def _row_statistics(text: str | None) -> list[float]:
    """`_statistics` of one text."""
    if text is None:
        return [math.nan] * len(_NAMES)
    if not text.isascii():
        import polars as pl

        # What is a letter beyond ASCII depends on the Unicode version: one regular expression engine decides.
        read: list[float] = _statistics(Columns(pl.DataFrame({"text": [text]})), "text")[0].tolist()
        return read
    kinds = text.translate(_KINDS)  # a letter for each character's kind
    digits, capitals, marks = kinds.count("d"), kinds.count("u"), kinds.count("m")
    letters = len(kinds) - marks - kinds.count(" ")
    words, length = len(kinds.replace("m", " ").split()), max(len(text), 1)
    shares = [letters / max(words, 1), digits / length, capitals / length, marks / length]
    return [float(len(text)), float(words), *shares, float(text.count("!")), float(text.count("?"))]


def _kind(character: str) -> str:
    """Digit, capital, other part of a word, mark, or white space."""
    if character.isdigit():
        return "d"
    if character.isupper():
        return "u"
    return "w" if character == "_" or character.isalpha() else " " if re.match(r"\s", character, re.ASCII) else "m"


_KINDS = {point: _kind(chr(point)) for point in range(128)}


def _statistics(columns: Columns, name: str) -> Floats:
    """(rows, statistics) in the order of `_NAMES`."""
    import polars as pl

    text = pl.col("text").str
    counted = (
        columns.strings(name)
        .alias("text")
        .to_frame()
        .select(
            text.len_chars().alias("characters"),
            text.count_matches(r"\w+").alias("words"),
            text.count_matches(r"\w").alias("letters"),
            text.count_matches(r"\d").alias("digits"),
            text.count_matches(r"\p{Lu}").alias("capitals"),
            text.count_matches(r"[^\w\s]").alias("marks"),
            text.count_matches(r"!").alias("exclamations"),
            text.count_matches(r"\?").alias("questions"),
        )
    )
    read = {c: counted.get_column(c).cast(pl.Float64).fill_null(float("nan")).to_numpy() for c in counted.columns}
    length = np.maximum(read["characters"], 1.0)
    return np.stack(
        [
            read["characters"],
            read["words"],
            read["letters"] / np.maximum(read["words"], 1.0),
            read["digits"] / length,
            read["capitals"] / length,
            read["marks"] / length,
            read["exclamations"],
            read["questions"],
        ],
        axis=1,
    )
