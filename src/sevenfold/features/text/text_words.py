"""The first words of strings as categories: "Maruti Swift Dzire" is a Maruti, and a Swift."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, final

import numpy as np

from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Integer, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature
from sevenfold.features.categories.levels import Levels, restored, stored
from sevenfold.features.memory import remembered

if TYPE_CHECKING:
    import polars as pl


@final
class TextWords(LearnedFeature):
    """Codes of the first, second, ... word, each by falling frequency; -1 for none, rare and unseen."""

    spec = FeatureSpec(
        name="text_words",
        takes=frozenset({Kind.TEXT, Kind.CATEGORY}),
        gives=Form.CATEGORIES,
        summary="The first words of each string as categories: brands, titles, prefixes.",
        space=Space(
            words=Integer(2, 1, 5, help="Words of each string."),
            minimum=Integer(5, 1, 10_000, log=True, help="Words that occur less often in that place have no code."),
        ),
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """The words of each column and place in the order of their codes."""
        found = [
            Levels.count(_word(columns, name, place), self.params["minimum"])[0]
            for name in self.inputs
            for place in range(self.params["words"])
        ]
        return {"levels": stored(found)}

    def prepare(self) -> None:
        """Build the vocabularies."""
        self._levels = restored(self.learned["levels"])

    def transform(self, columns: Columns) -> Block:
        """Columns "NAME:word1", ..."""
        places = [(name, place) for name in self.inputs for place in range(self.params["words"])]
        codes = np.empty((columns.rows, len(places)), dtype=np.int32)
        for i, ((name, place), levels) in enumerate(zip(places, self._levels, strict=True)):
            codes[:, i] = levels.codes(_word(columns, name, place))
        names = tuple(f"{name}:word{place + 1}" for name, place in places)
        return Block(Form.CATEGORIES, names, codes, tuple(map(len, self._levels)))

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        count = self.params["words"]
        known = [{value: code for code, value in enumerate(levels.values)} for levels in self._levels]
        readers = [
            remembered(partial(_row_codes, known[start : start + count])) for start in range(0, len(known), count)
        ]

        def convert(values: list[str | None]) -> list[int]:
            result: list[int] = []
            for value, codes in zip(values, readers, strict=True):
                result += codes(value)
            return result

        return RowStep(Reads.STRINGS, convert)


def _row_codes(codes: Sequence[Mapping[str, int]], text: str | None) -> list[int]:
    """The code of the word in each place."""
    words = _first_words(text, len(codes))
    return [known.get(words[i], -1) if i < len(words) else -1 for i, known in enumerate(codes)]


def _first_words(text: str | None, count: int) -> list[str]:
    """`_word` of one text, for every place that has one."""
    if text is None:
        return []
    if text.isascii():
        return re.findall(r"[\w&'-]+", text.lower(), re.ASCII)[:count]
    import polars as pl

    # What is a letter beyond ASCII depends on the Unicode version: one regular expression engine decides.
    columns = Columns(pl.DataFrame({"text": [text]}))
    words = [_word(columns, "text", place).item() for place in range(count)]
    return [word for word in words if word is not None]


def _word(columns: Columns, name: str, place: int) -> pl.Series:
    """Lower-case word at that place of each string, null where there is none."""
    import polars as pl

    words = pl.col("text").str.to_lowercase().str.extract_all(r"[\w&'-]+")
    read = columns.strings(name).alias("text").to_frame().select(words.list.get(place, null_on_oob=True))
    return read.to_series()
