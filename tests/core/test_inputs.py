from datetime import datetime

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from sevenfold.core.errors import DataError
from sevenfold.core.inputs import Block, Columns, Form, Inputs


def test_blocks_of_one_form_are_joined() -> None:
    a = Block(Form.NUMBERS, ("a",), np.ones((3, 1)))
    b = Block(Form.NUMBERS, ("b", "c"), np.zeros((3, 2)))
    s = Block(Form.SPARSE, ("s",), sparse.csr_matrix(np.eye(3)[:, :1]))
    inputs = Inputs.of(3, [a, s, b, s])
    assert inputs[Form.NUMBERS].names == ("a", "b", "c")
    assert inputs[Form.NUMBERS].values.shape == (3, 3)
    assert inputs[Form.SPARSE].values.shape == (3, 2)
    assert inputs.take(np.array([2]))[Form.SPARSE].values.shape == (1, 2)


def test_unequal_rows_and_absent_forms_are_errors() -> None:
    with pytest.raises(DataError):
        Inputs.of(3, [Block(Form.NUMBERS, ("a",), np.ones((2, 1)))])
    with pytest.raises(DataError):
        Inputs.of(3, [])[Form.IMAGES]


def test_columns_give_numbers_of_every_kind() -> None:
    table = pl.DataFrame(
        {"n": [1.5, None], "f": [True, None], "d": [datetime(1970, 1, 2), None]},
        schema={"n": pl.Float64, "f": pl.Boolean, "d": pl.Datetime("us")},
    )
    columns = Columns(table)
    columns.made["step"] = Block(Form.NUMBERS, ("x", "y"), np.array([[7.0, 8.0], [9.0, 10.0]]))
    values, names = columns.numbers(["n", "f", "d", "@step"])
    assert names == ("n", "f", "d", "x", "y")
    np.testing.assert_array_equal(values[0], [1.5, 1.0, 86400.0, 7.0, 8.0])
    assert np.isnan(values[1, :3]).all()
    assert columns.strings("f").to_list() == ["true", None]
