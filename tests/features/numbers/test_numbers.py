"""Numbers in, numbers out: what each converter does to columns whose answer is known."""

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sevenfold.core.inputs import Columns
from sevenfold.features.catalogue import FEATURES

NUMBERS = st.lists(st.one_of(st.none(), st.floats(allow_nan=False)), min_size=1, max_size=30)


def table(**columns):
    return Columns(pl.DataFrame({k: pl.Series(v, dtype=pl.Float64, strict=False) for k, v in columns.items()}))


def fitted(name, columns, inputs=None, **params):
    feature = FEATURES.get(name)(inputs or columns.table.columns, **params)
    return feature, feature.fit(columns, None, np.random.default_rng(0))


def test_impute_fills_with_the_training_median_and_marks_missing():
    feature, block = fitted("impute", table(a=[1.0, None, 3.0, 10.0], b=[1.0, 2.0, 3.0, 4.0]))
    assert block.names == ("a", "b", "a:missing")
    assert block.values.tolist() == [[1, 1, 0], [3, 2, 1], [3, 3, 0], [10, 4, 0]]
    # b missed nothing in training: it is filled, without a mark.
    assert feature.transform(table(a=[None], b=[None])).values.tolist() == [[3, 2.5, 1]]


def test_columns_that_miss_the_same_rows_share_one_mark():
    _, block = fitted("impute", table(a=[1.0, None, 3.0], b=[None, 2.0, 3.0], c=[5.0, None, 7.0]))
    assert block.names == ("a", "b", "c", "a:missing", "b:missing")


@pytest.mark.parametrize(("strategy", "expected"), [("mean", 2.0), ("constant", -7.0)])
def test_impute_by_other_strategies(strategy, expected):
    _, block = fitted("impute", table(a=[1.0, None, 3.0]), strategy=strategy, constant=-7.0, flags=False)
    assert block.names == ("a",) and block.values[1, 0] == expected


def test_standard_scale_has_mean_0_and_deviation_1():
    _, block = fitted("scale", table(a=[1.0, 2.0, 3.0, None], b=[5.0] * 4))
    assert np.nanmean(block.values[:, 0]) == pytest.approx(0) and np.nanstd(block.values[:, 0]) == pytest.approx(1)
    assert np.isnan(block.values[3, 0]) and (block.values[:, 1] == 0).all()


def test_minmax_scale_maps_the_training_range_to_0_and_1():
    feature, block = fitted("scale", table(a=[10.0, 20.0]), method="minmax")
    assert block.values[:, 0].tolist() == [0, 1]
    assert feature.transform(table(a=[30.0])).values[0, 0] == 2


def test_robust_scale_is_not_moved_by_one_huge_value():
    calm = list(np.linspace(-1, 1, 101))
    _, block = fitted("scale", table(a=[*calm, 1e12]), method="robust")
    assert np.ptp(block.values[:101, 0]) == pytest.approx(2 / (1 / 1.349), rel=0.05)


def test_quantile_gives_ranks_and_ties_the_middle_rank():
    _, block = fitted("quantile", table(a=[1.0, 2.0, 2.0, 2.0, 100.0]), shape="uniform", points=100)
    assert block.values[:, 0].tolist() == [0, 0.5, 0.5, 0.5, 1]


def test_quantile_makes_a_skewed_column_normal():
    generator = np.random.default_rng(0)
    _, block = fitted("quantile", table(a=np.exp(generator.normal(size=5000) * 3)))
    assert abs(block.values.mean()) < 0.05 and block.values.std() == pytest.approx(1, abs=0.1)


@given(NUMBERS, NUMBERS)
@settings(max_examples=60, deadline=None)
def test_quantile_keeps_order_and_bounds(training, others):
    feature, _ = fitted("quantile", table(a=training))
    values = [v for v in others if v is not None and np.isfinite(v)]
    mapped = feature.transform(table(a=sorted(values))).values[:, 0]
    assert (np.diff(mapped) >= -1e-12).all() and (np.abs(mapped) < 5.3).all()


@given(
    st.lists(NUMBERS, min_size=12, max_size=14),
    st.lists(st.floats(allow_infinity=False), min_size=14, max_size=14),
)
@settings(max_examples=60, deadline=None)
def test_quantiles_of_many_columns_of_one_row_are_those_of_a_batch(training, row):
    rows = max(map(len, training))
    known = {f"c{i}": (column * rows)[:rows] for i, column in enumerate(training)}
    feature, _ = fitted("quantile", table(**known))
    step = feature.row_step()
    asked = [row[: len(known)], *(list(at) for at in zip(*known.values(), strict=True))]
    batch = feature.transform(table(**{name: [at[i] for at in asked] for i, name in enumerate(known)})).values
    for at, expected in zip(asked, batch.tolist(), strict=True):
        given_row = [np.nan if v is None or not np.isfinite(v) else v for v in at]
        assert np.array_equal(step.convert(given_row), expected, equal_nan=True)


def test_bins_are_one_hot_and_of_equal_counts():
    feature, block = fitted("bins", table(a=np.arange(100.0)), count=4)
    assert block.values.sum(axis=0).tolist() == [25, 25, 25, 25]
    assert feature.transform(table(a=[None, -5.0, 1e9])).values.tolist() == [[0] * 4, [1, 0, 0, 0], [0, 0, 0, 1]]


def test_bins_of_a_column_with_ties_have_no_empty_bin():
    _, block = fitted("bins", table(a=[0.0] * 90 + [1.0] * 10), count=8)
    assert (block.values.sum(axis=0) > 0).all()


@given(NUMBERS, NUMBERS)
@settings(max_examples=60, deadline=None)
def test_each_present_number_is_in_one_bin(training, others):
    feature, _ = fitted("bins", table(a=training), count=5)
    present = [v is not None and bool(np.isfinite(v)) for v in others]
    assert feature.transform(table(a=others)).values.sum(axis=1).tolist() == [float(p) for p in present]


def test_hinges_make_a_linear_fit_of_a_bent_line_exact():
    x = np.linspace(0, 10, 201)
    _, block = fitted("splines", table(a=x), knots=9)
    design = np.column_stack([np.ones(201), block.values])
    y = np.where(x < 5, x, 10 - x)
    assert np.abs(design @ np.linalg.lstsq(design, y, rcond=None)[0] - y).max() < 1e-9


def test_cubic_curves_are_a_basis_of_cubics():
    x = np.linspace(-1, 1, 201)
    _, block = fitted("splines", table(a=x), shape="cubic")
    design = np.column_stack([np.ones(201), block.values])
    y = x**3 - x
    assert np.abs(design @ np.linalg.lstsq(design, y, rcond=None)[0] - y).max() < 1e-9


@given(NUMBERS, NUMBERS, st.sampled_from(["hinge", "cubic"]))
@example([0.0, 1.3737601582581348e-47], [2.4695992054480175e261], "hinge")
@settings(max_examples=60, deadline=None)
def test_curves_are_bounded_for_any_number(training, others, shape):
    feature, _ = fitted("splines", table(a=training), shape=shape)
    values = feature.transform(table(a=others)).values
    assert (values >= -1e-12).all() and (values <= 1 + 1e-9).all()


def test_clip_pulls_extremes_in_and_keeps_missing():
    feature, _ = fitted("clip", table(a=np.arange(101.0)), share=0.05)
    values = feature.transform(table(a=[-1e9, 50.0, None, 1e9])).values[:, 0]
    assert values[[0, 1, 3]].tolist() == [5, 50, 95] and np.isnan(values[2])


def test_log_bends_skewed_columns_only():
    generator = np.random.default_rng(0)
    skewed, even = np.exp(generator.normal(size=500) * 2), generator.normal(size=500)
    _, block = fitted("log", table(skewed=skewed, even=even))
    assert np.allclose(block.values[:, 0], np.log1p(skewed)) and np.array_equal(block.values[:, 1], even)


def test_log_keeps_the_sign():
    _, block = fitted("log", table(a=[-np.e + 1, 0.0, np.e - 1, None]), skew=0.0)
    assert np.allclose(block.values[:3, 0], [-1, 0, 1]) and np.isnan(block.values[3, 0])


@given(NUMBERS, st.sampled_from(["scale", "clip", "log", "quantile", "passthrough"]))
@settings(max_examples=80, deadline=None)
def test_missing_stays_missing_and_all_else_is_finite(training, name):
    _, block = fitted(name, table(a=training))
    present = np.array([v is not None and bool(np.isfinite(v)) for v in training])
    assert np.array_equal(np.isfinite(block.values[:, 0]), present)


@pytest.mark.parametrize("name", ["passthrough", "impute", "scale", "quantile", "clip", "log"])
def test_wide_tables_are_quick(name):
    import time

    generator = np.random.default_rng(0)
    columns = Columns(pl.DataFrame(generator.normal(size=(50, 3000)), schema=[f"c{i}" for i in range(3000)]))
    begin = time.process_time()
    _, block = fitted(name, columns)
    assert block.values.shape[1] == 3000 and time.process_time() - begin < 3
