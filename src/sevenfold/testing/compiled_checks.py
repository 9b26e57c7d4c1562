"""What every compiled form must do: give bit for bit what the frame form gives, one row at a time.

For our own features and models and for those of others; parts without a compiled form pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from sevenfold.core.compiled import Reads, RowInputs, SparseRow
from sevenfold.core.feature import Feature
from sevenfold.core.inputs import Block, Columns, Form, Inputs
from sevenfold.core.model import Model
from sevenfold.features.base import read_categories, read_numbers
from sevenfold.testing.feature_checks import columns_for, sample_table, strange_table, subject


def check_row_step(feature: type[Feature], params: Mapping[str, Any], table: pl.DataFrame | None = None) -> None:
    """A feature's row step gives what `transform` gives.

    Args:
        feature: is fitted to sample rows.
        params: its parameters.
        table: typed rows to convert, with the columns of `feature_checks.sample_table`; ordinary, strange and empty
            ones by default.
    """
    case = subject(feature, params)
    case.fit()
    step = case.feature.row_step()
    if step is None:
        return
    if table is None:
        empty = sample_table(40, seed=3).clear(2)
        table = pl.concat([sample_table(40, seed=3), strange_table(12), empty], how="vertical_relaxed")
    expected = case.feature.transform(columns_for(feature, table))
    for row in range(table.height):
        columns = columns_for(feature, table[row : row + 1])
        found = step.convert(values_of(columns, case.feature.inputs, step.reads))
        _agree(found, row_of(expected, row), f"{feature.spec.name}, row {row}")


def values_of(columns: Columns, inputs: tuple[str, ...], reads: Reads) -> list[Any]:
    """The inputs' values of the only row."""
    if reads is Reads.SPARSE:
        return [row_of(columns.block(name), 0) for name in inputs]
    if reads is Reads.NUMBERS:
        return list(read_numbers(columns, inputs)[0][0].tolist())
    if reads is Reads.STRINGS:
        return [series.item() for _, series in read_categories(columns, inputs)]
    return [columns.table.get_column(name).item() for name in inputs]


def check_row_predictor(model: Model, inputs: Inputs) -> None:
    """Each of a fitted model's row predictors gives what `predict` gives."""
    expected = model.predict(inputs).reshape(inputs.rows, -1)
    rows: list[RowInputs] = []
    for row in range(inputs.rows):
        given = RowInputs([], [])
        if (numbers := inputs.get(Form.NUMBERS)) is not None:
            given.numbers = numbers.values[row].tolist()
        if (categories := inputs.get(Form.CATEGORIES)) is not None:
            given.codes = categories.values[row].tolist()
        if (sparse := inputs.get(Form.SPARSE)) is not None:
            given.sparse = row_of(sparse, row)
        rows.append(given)
    for number, predict in enumerate(model.row_predictors()):
        for row, given in enumerate(rows):
            _agree(predict(given), expected[row].tolist(), f"{model.spec.name}, form {number}, row {row}")


def row_of(block: Block, row: int) -> Any:
    """One row of a block in plain values."""
    if block.form is not Form.SPARSE:
        return block.values[row].tolist()
    part = block.values.tocsr()[row]
    part.sort_indices()
    return SparseRow(part.indices.tolist(), part.data.tolist())


def _agree(found: Any, expected: Any, what: str) -> None:
    if isinstance(expected, SparseRow):
        assert found == expected, f"{what}: {found} in place of {expected}"
        return
    equal = np.array_equal(np.array(found, dtype=np.float64), np.array(expected, dtype=np.float64), equal_nan=True)
    assert equal, f"{what}: {found} in place of {expected}"
