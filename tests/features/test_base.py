import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sevenfold.core.errors import DataError
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.features.base import (
    column_moments,
    column_quantiles,
    in_pieces,
    read_categories,
    read_numbers,
    sample_rows,
)
from sevenfold.features.catalogue import FEATURES

TABLES = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, max_side=12),
    elements=st.one_of(st.floats(-1e300, 1e300), st.just(float("nan"))),
)


@given(TABLES)
@settings(deadline=None)
def test_quantiles_agree_with_numpy(values):
    ours = column_quantiles(values, np.array([0.0, 0.3, 1.0]))
    for column, found in zip(values.T, ours.T, strict=True):
        present = column[~np.isnan(column)]
        if not len(present):
            assert np.isnan(found).all()
            continue
        assert found[0] == present.min() and found[2] == present.max()
        assert present.min() <= found[1] <= present.max()
        np.testing.assert_allclose(
            found[1], np.quantile(present / 4, 0.3) * 4, rtol=1e-9, atol=1e-12 * abs(present).max() + 1e-300
        )


@given(TABLES)
@settings(deadline=None)
def test_moments_are_finite_and_spread_is_never_negative(values):
    mean, spread = column_moments(values)
    assert np.isfinite(mean).all() and np.isfinite(spread).all() and (spread >= 0).all()
    for column, middle in zip(values.T, mean, strict=True):
        present = column[~np.isnan(column)]
        if len(present):
            slack = 1e-9 * np.abs(present).max()
            assert present.min() - slack <= middle <= present.max() + slack


def test_moments_of_a_known_column():
    mean, spread = column_moments(np.array([[1.0], [np.nan], [3.0]]))
    assert mean[0] == 2.0 and spread[0] == 1.0


def test_a_constant_column_has_no_spread_whatever_its_rounding():
    assert column_moments(np.full((1000, 1), 0.1))[1][0] == 0.0


def test_infinite_numbers_are_read_as_missing():
    values, names = read_numbers(Columns(pl.DataFrame({"a": [1.0, float("inf"), None]})), ["a"])
    assert names == ("a",)
    assert values[0, 0] == 1.0 and np.isnan(values[1:, 0]).all()


def test_sparse_output_is_no_number():
    from scipy import sparse

    columns = Columns(pl.DataFrame({"a": [1.0]}), {"s": Block(Form.SPARSE, ("x",), sparse.csr_matrix((1, 1)))})
    with pytest.raises(DataError, match="needs numbers"):
        read_numbers(columns, ["@s"])


def test_codes_of_an_earlier_step_are_read_as_categories():
    codes = np.array([[0], [-1], [2]], dtype=np.int32)
    columns = Columns(pl.DataFrame({"a": [1.0, 2.0, 3.0]}), {"codes": Block(Form.CATEGORIES, ("c",), codes, (3,))})
    [(name, series)] = read_categories(columns, ["@codes"])
    assert name == "c" and series.to_list() == ["0", None, "2"]


def test_a_sample_is_ascending_and_without_repeats():
    chosen = sample_rows(1000, 50, np.random.default_rng(0))
    assert chosen is not None and len(set(chosen.tolist())) == 50 and (np.diff(chosen) > 0).all()
    assert sample_rows(50, 50, np.random.default_rng(0)) is None


@pytest.mark.parametrize(
    ("name", "inputs"), [("scale", ("x", "@made")), ("ordinal", ("c",)), ("one_hot_sparse", ("c",))]
)
def test_many_rows_are_converted_in_pieces_as_at_once(name, inputs, monkeypatch):
    monkeypatch.setattr("sevenfold.features.base.PIECE_ROWS", 7)
    stream = np.random.default_rng(0)
    table = pl.DataFrame({"x": stream.normal(size=50), "c": stream.choice(["a", "b", None], 50).tolist()})
    made = Block(Form.NUMBERS, ("p", "q"), stream.normal(size=(50, 2)))
    columns = Columns(table, {"made": made})
    feature = FEATURES.get(name)(inputs)
    block = feature.fit(columns, None, stream)
    at_once, pieces = feature.transform(columns), in_pieces(feature, columns)
    assert block.names == at_once.names == pieces.names
    assert block.levels == at_once.levels == pieces.levels
    for found in (block, pieces):
        if found.form is Form.SPARSE:
            assert (found.values != at_once.values).nnz == 0
        else:
            assert found.values.dtype == at_once.values.dtype
            assert np.array_equal(found.values, at_once.values, equal_nan=True)
