"""The shape that most features share: learn a state, then convert every row by it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.errors import DataError
from sevenfold.core.feature import Feature
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.state import State
from sevenfold.core.task import Target

if TYPE_CHECKING:
    import polars as pl


PIECE_ROWS = 2**17


class LearnedFeature(Feature):
    """A feature whose learned state is plain data, so that storing and restoring it is one assignment."""

    def __init__(self, inputs: Sequence[str], **params: Any) -> None:
        super().__init__(inputs, **params)
        self.learned: State = {}

    @abstractmethod
    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """What training rows teach, as plain data with lists and string keys (it must survive JSON)."""

    def prepare(self) -> None:
        """Build from `learned` whatever makes `transform` quick. Called after learning and after restoring."""

    def fit(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> Block:
        """Learn, then convert the training rows as any others."""
        self.restore(self.learn(columns, target, stream))
        return in_pieces(self, columns)

    def state(self) -> State:
        """What was learned, as data."""
        return self.learned

    def restore(self, state: State) -> None:
        """Take over a state."""
        self.learned = state
        self.prepare()


def in_pieces(feature: Feature, columns: Columns) -> Block:
    """What `transform` gives, of many rows piece by piece: what it needs on the way is never held for all of them."""
    rows = columns.rows
    if rows <= 2 * PIECE_ROWS or feature.spec.gives not in (Form.NUMBERS, Form.CATEGORIES):
        return feature.transform(columns)
    read = {name[1:]: columns.block(name) for name in feature.inputs if name.startswith("@")}
    joined: Any = None
    for start in range(0, rows, PIECE_ROWS):
        place = slice(start, min(start + PIECE_ROWS, rows))
        made = {name: Block(block.form, block.names, block.values[place], block.levels) for name, block in read.items()}
        part = feature.transform(Columns(columns.table.slice(start, PIECE_ROWS), made))
        if joined is None:
            joined = np.empty((rows, *part.values.shape[1:]), part.values.dtype)
        joined[place] = part.values
    return Block(part.form, part.names, joined, part.levels)


def read_numbers(columns: Columns, inputs: Sequence[str]) -> tuple[Floats, tuple[str, ...]]:
    """(rows, columns) numbers of the inputs with NaN where missing or infinite, and their names.

    Infinities are treated as missing: no mean, scale or distance can hold them. The array is contiguous, because
    numpy may compute logarithms of strided arrays by another routine, with other last bits.

    Raises:
        DataError: an earlier step's output is not numeric.
    """
    for name in inputs:
        if name.startswith("@") and columns.block(name).form not in (Form.NUMBERS, Form.CATEGORIES):
            raise DataError("A step needs numbers.", "an earlier step that gives numbers", f"{name}")
    values, names = columns.numbers(inputs)
    values = np.ascontiguousarray(values, dtype=np.float64)
    infinite = np.isinf(values)
    if infinite.any():
        values = np.where(infinite, np.nan, values)
    return values, names


def read_categories(columns: Columns, inputs: Sequence[str]) -> list[tuple[str, pl.Series]]:
    """Each category column's name and strings, null where missing.

    Codes of an earlier step that gives CATEGORIES are read as strings, so that crosses and first words can be
    encoded like columns of the source.
    """
    import polars as pl

    read: list[tuple[str, pl.Series]] = []
    for name in inputs:
        if not name.startswith("@"):
            read.append((name, columns.strings(name)))
            continue
        block = columns.block(name)
        if block.form is not Form.CATEGORIES:
            raise DataError("A step needs categories.", "an earlier step that gives categories", name)
        for position, part in enumerate(block.names):
            codes = pl.Series(part, block.values[:, position])
            read.append((part, codes.to_frame().select(pl.when(codes >= 0).then(codes).cast(pl.String)).to_series()))
    return read


def need_target(target: Target | None, feature: str) -> Target:
    """The target, or an error: the feature learns from it."""
    if target is None:
        raise DataError(f"Feature '{feature}' learns from the target.", "a target", "none", "Fit it on labelled rows.")
    return target


def sample_rows(rows: int, limit: int, stream: np.random.Generator) -> Ints | None:
    """At most `limit` row numbers in ascending order, or None for all rows."""
    if rows <= limit:
        return None
    return np.sort(stream.choice(rows, limit, replace=False))


def column_quantiles(values: Floats, shares: Floats) -> Floats:
    """(shares, columns) quantiles of each column without its NaN, linearly interpolated; NaN for an empty column.

    One sort a block of columns instead of one call a column: `np.nanquantile` takes minutes on thousands of columns.
    """
    rows, width = values.shape
    result = np.full((len(shares), width), np.nan)
    if not rows:
        return result
    step = max(1, 4_000_000 // rows)
    for start in range(0, width, step):
        part = np.sort(values[:, start : start + step], axis=0)
        counts = rows - np.isnan(part).sum(axis=0)
        places = shares[:, None] * np.maximum(counts - 1, 0)[None, :]
        low = np.floor(places).astype(np.int64)
        high = np.minimum(low + 1, np.maximum(counts - 1, 0)[None, :])
        weight = places - low
        below, above = np.take_along_axis(part, low, axis=0), np.take_along_axis(part, high, axis=0)
        # The weighted sum cannot overflow, where the difference of two huge values could; its rounding is undone.
        between = np.clip(below * (1 - weight) + above * weight, below, above)
        result[:, start : start + step] = np.where(counts > 0, between, np.nan)
    return result


def column_moments(values: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each column without its NaN; 0 and 0 for an empty column."""
    width = values.shape[1]
    counts, unit = np.zeros(width), np.zeros(width)
    for part in _row_parts(values):
        size = np.abs(part)
        counts += np.isfinite(size).sum(axis=0)
        np.fmax(unit, np.fmax.reduce(size, axis=0, initial=0.0), out=unit)
    # Work in units of the largest value: squares of 1e200 overflow.
    unit = np.where(unit > 0, unit, 1.0)
    counts = np.maximum(counts, 1)
    mean, square = np.zeros(width), np.zeros(width)
    for part in _row_parts(values):
        mean += np.nansum(part / unit, axis=0) / counts
    for part in _row_parts(values):
        square += np.nansum((part / unit - mean) ** 2, axis=0) / counts
    spread = np.sqrt(square)
    # A constant column's rounding noise is no spread.
    spread = np.where(spread > 1e-12 * np.maximum(np.abs(mean), 1e-300), spread, 0.0)
    return mean * unit, spread * unit


def _row_parts(values: Floats) -> Iterator[Floats]:
    """Rows in parts that fit into a processor's cache: several times as quick as whole columns of millions."""
    step = max(1, 60_000 // max(1, values.shape[1]))
    for start in range(0, len(values), step):
        yield values[start : start + step]
