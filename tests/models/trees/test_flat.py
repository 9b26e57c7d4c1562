from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, RandomForestRegressor

from sevenfold.core.errors import BundleError
from sevenfold.models.trees.flat import FlatTrees


def _forest(kind: Any, classes: int, missing: bool) -> tuple[Any, FlatTrees]:
    stream = np.random.default_rng(0)
    table = stream.normal(size=(400, 4)) * [1.0, 1e12, 1e-12, 3.0]
    if missing:
        table[stream.random(table.shape) < 0.2] = np.nan
    truth = np.nan_to_num(table[:, 0]) + np.nan_to_num(table[:, 1] / 1e12)
    answers = np.digitize(truth, np.linspace(-1, 1, classes - 1)) if classes else truth
    forest = kind(n_estimators=7, min_samples_leaf=2, random_state=0).fit(table.astype(np.float32), answers)
    return forest, FlatTrees.of([tree.tree_ for tree in forest.estimators_], 4)


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("rows", [1, 30, 3000])
def test_it_predicts_what_the_library_does(missing: bool, rows: int) -> None:
    forest, flat = _forest(RandomForestRegressor, 0, missing)
    new = np.random.default_rng(1).normal(size=(rows, 4)) * [1.0, 1e12, 1e-12, 3.0]
    if missing:
        new[::2, 1] = np.nan
    assert np.allclose(flat.mean(new)[:, 0], forest.predict(new.astype(np.float32)), rtol=1e-6, atol=1e-6)


def test_thresholds_decide_values_at_the_threshold_alike() -> None:
    forest, flat = _forest(ExtraTreesClassifier, 3, False)
    edges = np.concatenate([tree.tree_.threshold[tree.tree_.feature >= 0] for tree in forest.estimators_])
    singles = edges.astype(np.float32)
    near = np.concatenate(
        [singles, np.nextafter(singles, np.float32(np.inf)), np.nextafter(singles, np.float32(-np.inf))]
    )
    new = np.stack([near, near, near, near], axis=1).astype(np.float64)
    assert np.allclose(flat.mean(new), forest.predict_proba(new.astype(np.float32)), atol=1e-3)


@pytest.mark.parametrize(
    ("name", "value"),
    [("right", 0), ("right", 10**6), ("right", -1), ("feature", 4), ("feature", -2), ("roots", 10**6), ("roots", -1)],
)
def test_a_damaged_state_is_refused(name: str, value: int) -> None:
    state = _forest(RandomForestRegressor, 0, False)[1].state()
    state[name] = state[name].copy()
    state[name][0] = value
    with pytest.raises(BundleError):
        FlatTrees.restored(state)


def test_a_tree_that_ends_without_a_leaf_is_refused() -> None:
    state = _forest(RandomForestRegressor, 0, False)[1].state()
    state["feature"] = np.where(np.arange(len(state["feature"])) == len(state["feature"]) - 1, 0, state["feature"])
    with pytest.raises(BundleError):
        FlatTrees.restored(state)


def test_shares_of_many_classes_are_stored_without_the_zeros() -> None:
    flat = _forest(ExtraTreesClassifier, 12, False)[1]
    state = flat.state()
    assert "values" not in state and len(state["share"]) < flat.values.size / 2
    again = FlatTrees.restored(state)
    assert again.values.dtype == np.float16
    assert np.array_equal(again.values, flat.values)
    assert np.array_equal(FlatTrees.restored({**flat._nodes(), "values": flat.values}).values, flat.values)


@pytest.mark.parametrize(
    ("name", "value"),
    [("filled", 200), ("output", 12), ("outputs", 1), ("outputs", 2**40), ("share", None)],
)
def test_damaged_shares_are_refused(name: str, value: int | None) -> None:
    state = _forest(ExtraTreesClassifier, 12, False)[1].state()
    if value is None:
        state[name] = state[name].astype(np.float32)
    elif isinstance(state[name], int):
        state[name] = value
    else:
        state[name] = state[name].copy()
        state[name][0] = value
    with pytest.raises(BundleError):
        FlatTrees.restored(state)


@pytest.mark.parametrize(("kind", "classes"), [(ExtraTreesClassifier, 4), (RandomForestRegressor, 0)])
def test_one_row_is_decided_as_in_a_batch_beside_every_threshold(kind: Any, classes: int) -> None:
    flat = _forest(kind, classes, True)[1]
    edges = np.unique(flat.threshold[flat.feature >= 0])[:40]
    above = np.nextafter(edges, np.float32(np.inf)).astype(np.float64)
    halfway = (edges.astype(np.float64) + above) / 2  # float32 rounds it down or up
    near = [edges.astype(np.float64), above, halfway, np.nextafter(halfway, np.inf), np.nextafter(halfway, -np.inf)]
    far = np.array([1e300, -1e300, np.inf, -np.inf, 3e38, 0.0, -0.0, np.nan, 5e-324])
    values = np.concatenate([*near, far])
    table = np.stack([np.roll(values, place) for place in range(4)], axis=1)
    mean = flat.row_mean()
    assert mean is not None
    assert np.array_equal([mean(row) for row in table.tolist()], flat.mean(table))
