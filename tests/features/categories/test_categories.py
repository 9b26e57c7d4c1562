"""What each category encoder gives for columns whose answer is known."""

import numpy as np
import polars as pl
import pytest

from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.inputs import Columns
from sevenfold.core.task import Goal, Target
from sevenfold.features.catalogue import FEATURES
from sevenfold.features.categories.target_encode import stratified_folds


def table(**columns):
    return Columns(pl.DataFrame({name: pl.Series(values, dtype=pl.String) for name, values in columns.items()}))


def fitted(name, columns, target=None, seed=0, **params):
    feature = FEATURES.get(name)(columns.table.columns, **params)
    return feature, feature.fit(columns, target, np.random.default_rng(seed))


def test_one_hot_has_a_column_a_level_and_zeros_for_the_unseen():
    feature, block = fitted("one_hot", table(c=["a", "a", "b", "b", None, None, "rare"]))
    assert block.names == ("c=a", "c=b", "c:missing")
    others = feature.transform(table(c=["b", "new", "rare", None]))
    assert others.values.tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1]]


def test_sparse_one_hot_is_the_dense_one():
    columns = table(c=["a", "a", "b", "b", None], d=["x", "x", "x", None, "x"])
    _, dense = fitted("one_hot", columns)
    _, thin = fitted("one_hot_sparse", columns)
    assert thin.names == dense.names and np.array_equal(thin.values.toarray(), dense.values)


def test_ordinal_codes_fall_with_frequency():
    feature, block = fitted("ordinal", table(c=["b", "a", "b", "c", "a", "b", None]))
    assert block.values[:, 0].tolist() == [0, 1, 0, 2, 1, 0, -1] and block.levels == (3,)
    assert feature.transform(table(c=["new"])).values.tolist() == [[-1]]


def test_ordered_follows_the_given_order_and_knows_levels_that_training_lacks():
    feature, block = fitted("ordered", table(c=["high", "low", "high"]), orders={"c": ["low", "medium", "high"]})
    assert block.values[:, 0].tolist() == [2, 0, 2]
    others = feature.transform(table(c=["medium", "huge", None])).values[:, 0]
    assert others[0] == 1 and np.isnan(others[1:]).all()


def test_ordered_without_an_order_goes_by_frequency():
    assert fitted("ordered", table(c=["b", "a", "b"]))[1].values[:, 0].tolist() == [0, 1, 0]


def test_a_wrong_order_is_refused():
    with pytest.raises(RequestError, match="no mapping of orders"):
        FEATURES.get("ordered")(["c"], orders=["low", "high"])


def test_frequency_is_a_share_of_training_rows():
    feature, _ = fitted("frequency", table(c=["a", "a", "b", None]))
    # b occurred once: as rare as what never occurred.
    assert feature.transform(table(c=["a", "b", "new", None])).values[:, 0].tolist() == [0.5, 0, 0, 0.25]


def test_hashing_sets_one_place_a_value_that_depends_on_the_column():
    _, block = fitted("hashing", table(c=["a", "a", None], d=["a", None, None]), width=65536)
    dense = block.values.toarray()
    assert dense.sum(axis=1).tolist() == [2, 1, 0] and dense[1].argmax() in dense[0].nonzero()[0]


def test_target_means_are_drawn_towards_the_overall_mean():
    target = Target(Goal.REGRESSION, np.array([10.0] * 5 + [0.0] * 5))
    feature, _ = fitted("target_encode", table(c=["a"] * 5 + ["b"] * 5), target, smoothing=5.0)
    values = feature.transform(table(c=["a", "b", "new", None])).values[:, 0]
    assert values.tolist() == [7.5, 2.5, 5.0, 5.0]


def test_a_rows_own_target_does_not_change_its_encoding():
    columns = table(c=["a", "b"] * 50)
    values = np.random.default_rng(0).normal(size=100)
    _, before = fitted("target_encode", columns, Target(Goal.REGRESSION, values))
    # The largest value grows: the order of values, and with it the folds, stay as they were.
    row = int(values.argmax())
    values[row] += 1000.0
    _, after = fitted("target_encode", columns, Target(Goal.REGRESSION, values))
    assert after.values[row, 0] == before.values[row, 0]
    assert (after.values != before.values).sum() > 10


def test_target_means_count_weights():
    weights = np.array([3.0, 1.0])
    target = Target(Goal.BINARY, np.array([1.0, 0.0]), 2, weights)
    feature, _ = fitted("target_encode", table(c=["a", "a"]), target)
    assert feature.transform(table(c=["new"])).values[0, 0] == 0.75


def test_one_column_a_class_up_to_the_limit():
    target = Target(Goal.MULTICLASS, np.array([0.0, 1, 1, 2, 2, 2]), 3)
    _, block = fitted("target_encode", table(c=list("aabbcc")), target, classes=2)
    assert block.names == ("c:target-1", "c:target-2")


def test_target_encoding_without_a_target_is_an_error():
    with pytest.raises(DataError, match="learns from the target"):
        fitted("target_encode", table(c=["a"]))


def test_folds_hold_alike_values():
    values = np.random.default_rng(0).normal(size=1000)
    folds = stratified_folds(values, 5, np.random.default_rng(1))
    assert np.bincount(folds).tolist() == [200] * 5
    assert np.ptp([values[folds == fold].mean() for fold in range(5)]) < 0.02


def test_half_a_million_rows_take_seconds():
    import time

    towns = np.random.default_rng(0).integers(0, 300, 500_000).astype(str)
    columns = table(c=towns)
    target = Target(Goal.REGRESSION, np.random.default_rng(1).normal(size=500_000))
    begin = time.process_time()
    for name in ("ordinal", "frequency", "target_encode"):
        fitted(name, columns, target)
    assert time.process_time() - begin < 10
