"""Text that is none (bytes that are not UTF-8, halves of surrogate pairs) in rows to predict, in every form of rows."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from real_models import contents, table

from sevenfold.core.errors import DataError
from sevenfold.core.recipe import Recipe, Step
from sevenfold.deployment.bundle import load, save

COLUMNS = ("note", "city", "age", "member", "since")
BROKEN = b"calm \xff\xfe caf\xe9"  # read as Windows-1252, as a file would be
MENDED = "calm ÿþ café"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "m.sevenfold"
    steps = (
        Step("words", "tfidf", ("note",)),
        Step("cities", "one_hot", ("city",)),
        Step("filled", "impute", ("age", "member")),
    )
    save(path, contents([Recipe("logistic_l2", {}, steps, ("words", "cities", "filled"))], rows=120))
    return load(path)


def forms(column, value):
    """Three equal rows in every form, with the value in one column."""
    records = [{**table(3).to_dicts()[0], column: value}] * 3
    frame = pl.DataFrame(table(3)[[0, 0, 0]])
    yield records
    yield records[0]
    if isinstance(value, bytes):
        yield frame.with_columns(pl.Series(column, [value] * 3))
        arrow = frame.to_arrow()
        yield arrow.set_column(frame.columns.index(column), column, pa.array([value] * 3, pa.binary()))
    pandas = frame.to_pandas()
    pandas[column] = pd.Series([value] * 3, dtype=object)
    yield pandas


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize(("value", "mended"), [(BROKEN, MENDED), ("calm \ud800 x\udfff y", "calm ? x? y")])
def test_broken_text_is_read_as_its_mended_form(model, column, value, mended):
    expected = model.answer([{**table(3).to_dicts()[0], column: mended}] * 3).values
    for rows in forms(column, value):
        values = model.answer(rows).values
        np.testing.assert_array_equal(values, expected[: len(values)])


def test_a_name_that_is_no_text_is_told(model):
    with pytest.raises(DataError, match="name is no text"):
        model.predict([{**table(1).to_dicts()[0], "x\ud800": 1, "note": 3 + 1j}])


def test_an_arrow_table_whose_text_is_none_is_told(model):
    binary = pa.array([BROKEN] * 3, pa.binary())
    text = pa.Array.from_buffers(pa.string(), 3, binary.buffers())
    rows = table(3).to_arrow()
    with pytest.raises(DataError, match="bytes that are no text"):
        model.predict(rows.set_column(rows.schema.get_field_index("note"), "note", text))
