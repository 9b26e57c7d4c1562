"""What a model receives: typed blocks of arrays, one for each kind it accepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.core.errors import DataError

if TYPE_CHECKING:
    import polars as pl


class Form(StrEnum):
    """The form of a block. A model states which forms it accepts; features give one form each."""

    NUMBERS = "numbers"  # float64 (rows, columns); NaN where missing
    CATEGORIES = "categories"  # int32 (rows, columns); -1 missing or unseen; `levels` gives each column's size
    SPARSE = "sparse"  # scipy.sparse.csr_matrix float64 (rows, columns); no missing values
    IMAGES = "images"  # uint8 (rows, height, width, channels)
    TOKENS = "tokens"  # int32 (rows, length); 0 pads
    IDS = "ids"  # int32 (rows, columns): codes of users and items; -1 unseen; `levels` gives sizes


@dataclass(frozen=True)
class Block:
    """An array of one form, with the names of its columns.

    Args:
        form: what the array is.
        names: one name a column (for IMAGES and TOKENS one name in all).
        values: the array, rows first.
        levels: for CATEGORIES and IDS the number of codes of each column.
    """

    form: Form
    names: tuple[str, ...]
    values: Any
    levels: tuple[int, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows."""
        return int(self.values.shape[0])

    def take(self, rows: Ints) -> Block:
        """Some rows only, in the given order."""
        return Block(self.form, self.names, self.values[rows], self.levels)


@dataclass(frozen=True)
class Inputs:
    """At most one block of each form, all with the same rows."""

    rows: int
    blocks: Mapping[Form, Block] = field(default_factory=dict)

    def get(self, form: Form) -> Block | None:
        """The block of a form, or None."""
        return self.blocks.get(form)

    def __getitem__(self, form: Form) -> Block:
        block = self.blocks.get(form)
        if block is None:
            raise DataError(f"The model needs {form} and the recipe gives none.", str(form), ", ".join(self.blocks))
        return block

    @property
    def names(self) -> tuple[str, ...]:
        """Every column's name, block after block."""
        return tuple(name for block in self.blocks.values() for name in block.names)

    def take(self, rows: Ints) -> Inputs:
        """Some rows only, in the given order."""
        return Inputs(len(rows), {form: block.take(rows) for form, block in self.blocks.items()})

    @classmethod
    def of(cls, rows: int, blocks: Sequence[Block]) -> Inputs:
        """Join blocks: those of one form are put side by side. IMAGES and TOKENS may occur once."""
        by_form: dict[Form, list[Block]] = {}
        for block in blocks:
            if block.rows != rows:
                raise DataError("Blocks differ in rows.", f"{rows} rows", f"{block.rows} rows in {block.names[:3]}")
            by_form.setdefault(block.form, []).append(block)
        return cls(rows, {form: _side_by_side(form, parts) for form, parts in by_form.items()})


def _side_by_side(form: Form, parts: Sequence[Block]) -> Block:
    if len(parts) == 1:
        return parts[0]
    if form in (Form.IMAGES, Form.TOKENS):
        raise DataError(f"A recipe can give a model one block of {form}.", "1 block", f"{len(parts)} blocks")
    names = tuple(name for part in parts for name in part.names)
    levels = tuple(level for part in parts for level in part.levels)
    if form is Form.SPARSE:
        from scipy import sparse

        return Block(form, names, sparse.hstack([part.values for part in parts], format="csr"), levels)
    return Block(form, names, np.concatenate([part.values for part in parts], axis=1), levels)


@dataclass
class Columns:
    """The working set of a pipeline: source columns, and what earlier steps made of them.

    A step names its inputs: a source column by its name, the whole output of an earlier step as "@step".
    """

    table: pl.DataFrame
    made: dict[str, Block] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows."""
        return self.table.height

    def block(self, reference: str) -> Block:
        """The output of the earlier step that "@step" names."""
        return self.made[reference.removeprefix("@")]

    def numbers(self, inputs: Sequence[str]) -> tuple[np.ndarray[Any, np.dtype[np.float64]], tuple[str, ...]]:
        """Numeric values of the inputs: (rows, columns) with NaN where missing, and the columns' names.

        Source columns may be NUMBER, FLAG (0 and 1) or DATE (seconds since 1970).
        """
        import polars as pl

        if len(inputs) == 1 and inputs[0].startswith("@"):
            made = self.block(inputs[0])
            return made.values, made.names
        arrays: list[Any] = []
        names: list[str] = []
        for name in inputs:
            if name.startswith("@"):
                made = self.block(name)
                arrays.append(made.values)
                names.extend(made.names)
                continue
            series = self.table.get_column(name)
            if series.dtype == pl.Boolean:
                series = series.cast(pl.UInt8)
            elif series.dtype == pl.Datetime:
                series = series.dt.epoch("us").cast(pl.Float64) / 1e6
            if series.dtype != pl.Float64:
                series = series.cast(pl.Float64)
            # Nulls of a float column become NaN here.
            arrays.append(series.to_numpy().reshape(-1, 1))
            names.append(name)
        if not arrays:
            return np.empty((self.rows, 0)), ()
        return np.concatenate(arrays, axis=1), tuple(names)

    def strings(self, name: str) -> pl.Series:
        """A source column as strings, null where missing (flags as "true" and "false")."""
        import polars as pl

        return self.table.get_column(name).cast(pl.String)
