"""Figures inside strings: "190Nm@ 2000rpm" holds 190 and 2000."""

from __future__ import annotations

import math
import re
from functools import partial
from typing import final

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.errors import BundleError
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Integer, Real, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature
from sevenfold.features.memory import remembered

# Thousands marks as in 1,250.5; a minus only where no letter or digit stands before it ("1750-2750" is a range).
_FIGURE = r"(?:^-|[\s(]-)?\d{1,3}(?:,\d{3})+(?:\.\d+)?|(?:^-|[\s(]-)?\d+(?:\.\d+)?"
# float64 holds some 300 digits; longer runs are no figures.
_LONGEST_DIGITS = 40


@final
class TextNumbers(LearnedFeature):
    """The first figures of each string, as many as a fair share of training rows have. NaN where there is none."""

    spec = FeatureSpec(
        name="text_numbers",
        takes=frozenset({Kind.TEXT, Kind.CATEGORY}),
        gives=Form.NUMBERS,
        summary="The first, second, ... figure inside each string.",
        space=Space(
            figures=Integer(3, 1, 20, help="Most figures of one string."),
            share=Real(0.05, 0.0, 1.0, help="Least share of training rows that have such a figure."),
        ),
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """How many figures of each column are read."""
        counts: list[int] = []
        for name in self.inputs:
            values = _figures(columns, name, self.params["figures"])
            shares = (~np.isnan(values)).sum(axis=0) / max(1, len(values))
            varies = np.array([len(np.unique(column[~np.isnan(column)])) > 1 for column in values.T])
            useful = np.flatnonzero((shares >= self.params["share"]) & (shares > 0) & varies)
            counts.append(int(useful[-1]) + 1 if len(useful) else 0)
        return {"counts": counts}

    def prepare(self) -> None:
        """Refuse more figures than learning can find: a forged count would take all time and memory."""
        counts, most = self.learned["counts"], self.params["figures"]
        if any(type(count) is not int or not 0 <= count <= most for count in counts):
            raise BundleError("Stored numbers of figures are damaged.", f"0 to {most} figures", "another number")

    def transform(self, columns: Columns) -> Block:
        """Columns "NAME:figure1", ..."""
        parts: list[Floats] = [np.empty((columns.rows, 0))]
        names: list[str] = []
        for name, count in zip(self.inputs, self.learned["counts"], strict=True):
            if count:
                parts.append(_figures(columns, name, count))
                names.extend(f"{name}:figure{i + 1}" for i in range(count))
        return Block(Form.NUMBERS, tuple(names), np.concatenate(parts, axis=1))

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        counts = [int(count) for count in self.learned["counts"]]
        readers = [(i, remembered(partial(_row_figures, count))) for i, count in enumerate(counts) if count]

        def convert(values: list[str | None]) -> list[float]:
            result: list[float] = []
            for column, figures in readers:
                result += figures(values[column])
            return result

        return RowStep(Reads.STRINGS, convert)


def _row_figures(count: int, text: str | None) -> list[float]:
    """`_figures` of one text."""
    if text is not None and not text.isascii():
        import polars as pl

        # What is a digit beyond ASCII depends on the Unicode version: one regular expression engine decides.
        read: list[float] = _figures(Columns(pl.DataFrame({"text": [text]})), "text", count)[0].tolist()
        return read
    found = re.findall(_FIGURE, text, re.ASCII)[:count] if text else []
    figures = [float(re.sub(r"[,\s(]", "", f)) if len(f) <= _LONGEST_DIGITS else math.nan for f in found]
    return figures + [math.nan] * (count - len(figures))


def _figures(columns: Columns, name: str, count: int) -> Floats:
    """(rows, count) figures in their order, NaN beyond the last."""
    import polars as pl

    found = columns.strings(name).alias("text").to_frame().select(pl.col("text").str.extract_all(_FIGURE).alias("all"))
    figure = pl.col("all").list
    read = found.select(
        pl.when(figure.get(i, null_on_oob=True).str.len_chars() <= _LONGEST_DIGITS)
        .then(figure.get(i, null_on_oob=True).str.replace_all(r"[,\s(]", ""))
        .cast(pl.Float64, strict=False)
        .fill_null(float("nan"))
        .alias(str(i))
        for i in range(count)
    )
    return np.ascontiguousarray(read.to_numpy(), dtype=np.float64)
