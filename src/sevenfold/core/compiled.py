"""The optional compiled form of features and models: one row at a time, in plain Python values, without data frames.

A frame pays some hundred microseconds for each operation, whatever its number of rows; a served model is asked for one
row at a time. A feature or model that states how it converts one row makes such answers a hundred times as quick. The
statement is an optimisation only: it gives bit for bit what `transform` or `predict` gives (a contract test and every
load of a bundle hold the two together), and a part without it is asked through its frame form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias


class Reads(StrEnum):
    """How a row step is given the values of its inputs."""

    NUMBERS = "numbers"  # float, NaN where missing or infinite; flags 0 and 1; dates in seconds since 1970
    STRINGS = "strings"  # str or None; flags "true" and "false"; codes of an earlier step in decimal, None below 0
    DATES = "dates"  # datetime without zone, or None
    SPARSE = "sparse"  # the SparseRow of the one input, an earlier step that gives SPARSE


@dataclass(frozen=True, slots=True)
class SparseRow:
    """One row of a SPARSE block.

    Args:
        places: columns that hold something, ascending, each once.
        values: what they hold.
    """

    places: list[int]
    values: list[float]


Convert: TypeAlias = Callable[[list[Any]], Any]
"""From the inputs' values of one row, in the order of the inputs, to the values of the block's columns: a list of
floats for NUMBERS, a list of codes for CATEGORIES, a SparseRow for SPARSE."""


@dataclass(frozen=True, slots=True)
class RowStep:
    """A feature's `transform` of one row. Threads may share it.

    Args:
        reads: how the inputs' values are given.
        convert: converts them; it does not change the list it is given.
    """

    reads: Reads
    convert: Convert


@dataclass(slots=True)
class RowInputs:
    """What a model receives of one row: the same columns as the blocks of `Inputs`, in the same order.

    Args:
        numbers: of NUMBERS; NaN where missing.
        codes: of CATEGORIES; -1 where missing or unseen.
        sparse: of SPARSE, or None where there is no such block.
    """

    numbers: list[float]
    codes: list[int]
    sparse: SparseRow | None = None


RowPredictor: TypeAlias = Callable[[RowInputs], list[float]]
"""A model's `predict` of one row: probabilities of the classes, or one value. Threads may share it."""
