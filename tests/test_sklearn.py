"""The scikit-learn estimators: scikit-learn's own checks, frames, pickles and searches."""

from __future__ import annotations

import datetime as dt
import pickle
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from sevenfold.core.errors import SevenfoldError
from sevenfold.sklearn import SevenfoldClassifier, SevenfoldRegressor

ROWS = 160


@parametrize_with_checks(
    [SevenfoldClassifier(), SevenfoldRegressor(), SevenfoldClassifier(trials=1), SevenfoldRegressor(trials=1)]
)
def test_scikit_learn_is_content(estimator: Any, check: Any) -> None:
    check(estimator)


def shop(rows: int = ROWS, seed: int = 0) -> dict[str, Any]:
    """Columns of every usual kind; `amount` and `plan` decide the target, in part."""
    stream = np.random.default_rng(seed)
    amount = stream.normal(100, 30, rows)
    plan = stream.choice(["basic", "plus", "pro"], rows)
    start = dt.datetime(2024, 1, 1)
    words = ["late delivery again", "all went well", "asked for a refund", "happy with the price"]
    return {
        "amount": [
            None if gone else float(value) for value, gone in zip(amount, stream.random(rows) < 0.1, strict=True)
        ],
        "plan": [None if gone else str(value) for value, gone in zip(plan, stream.random(rows) < 0.1, strict=True)],
        "since": [start + dt.timedelta(hours=int(hours)) for hours in stream.integers(0, 8000, rows)],
        "note": [words[number] + f" {stream.integers(1000)}" for number in stream.integers(0, 4, rows)],
        "member": (stream.random(rows) < 0.5).tolist(),
        "y": (amount / 30 + 2 * (plan == "pro") + stream.normal(0, 0.3, rows)).tolist(),
    }


@pytest.mark.parametrize("library", [pd, pl])
def test_frames_with_categories_dates_text_and_missing_values(library: Any) -> None:
    columns = shop()
    y = np.array(columns.pop("y"))
    frame = library.DataFrame(columns)
    regressor = SevenfoldRegressor(trials=2).fit(frame, y)
    assert regressor.feature_names_in_.tolist() == list(columns)
    assert regressor.score(frame, y) > 0.5
    labels = np.where(y > np.median(y), "large", "small")
    classifier = SevenfoldClassifier(trials=2).fit(frame, labels)
    assert classifier.score(frame, labels) > 0.7
    chances = classifier.predict_proba(frame)
    assert chances.shape == (ROWS, 2) and np.allclose(chances.sum(axis=1), 1)
    assert set(classifier.predict(frame)) <= {"large", "small"}


def test_pandas_and_polars_give_the_same_answers() -> None:
    columns = shop()
    y = np.array(columns.pop("y"))
    one = SevenfoldRegressor(trials=1).fit(pd.DataFrame(columns), y)
    other = SevenfoldRegressor(trials=1).fit(pl.DataFrame(columns), y)
    assert np.array_equal(one.predict(pd.DataFrame(columns)), other.predict(pl.DataFrame(columns)))


def test_pandas_categories_and_levels_never_seen() -> None:
    columns = shop()
    y = np.array(columns.pop("y"))
    frame = pd.DataFrame(columns).astype({"plan": "category"})
    regressor = SevenfoldRegressor(trials=1).fit(frame, y)
    new = pd.DataFrame(columns).head(3).assign(plan="enterprise")
    assert np.isfinite(regressor.predict(new)).all()


def test_columns_of_a_frame_must_be_those_of_the_fit() -> None:
    columns = shop()
    y = np.array(columns.pop("y"))
    regressor = SevenfoldRegressor(trials=1).fit(pd.DataFrame(columns), y)
    with pytest.raises(ValueError, match="feature names"):
        regressor.predict(pd.DataFrame(columns).rename(columns={"plan": "tariff"}))
    with pytest.raises(ValueError, match="feature names"):
        regressor.predict(pd.DataFrame(columns)[list(reversed(columns))])


def test_a_frame_and_a_target_of_other_length_or_without_values() -> None:
    columns = shop()
    y = np.array(columns.pop("y"))
    with pytest.raises(ValueError, match="160 rows"):
        SevenfoldRegressor().fit(pd.DataFrame(columns), y[:-1])
    with pytest.raises(ValueError, match="NaN"):
        SevenfoldRegressor().fit(pd.DataFrame(columns), np.where(np.arange(ROWS) == 3, np.nan, y))
    with pytest.raises(ValueError, match="None"):
        SevenfoldRegressor().fit(pd.DataFrame(columns), None)


@pytest.mark.parametrize("models", [None, ["lightgbm"], ["extra_trees"], ["catboost"]])
def test_a_fitted_estimator_outlives_pickling_and_cloning(models: list[str] | None) -> None:
    stream = np.random.default_rng(0)
    X = stream.normal(size=(80, 3))
    y = (X[:, 0] + stream.normal(0, 0.5, 80) > 0).astype(int)
    fitted = SevenfoldClassifier(trials=1, models=models).fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.predict_proba(X), fitted.predict_proba(X))
    bare = clone(fitted)
    with pytest.raises(NotFittedError):
        bare.predict(X)
    assert bare.get_params() == fitted.get_params()


def test_equal_data_give_equal_models() -> None:
    stream = np.random.default_rng(0)
    X, y = stream.normal(size=(60, 3)), stream.normal(size=60)
    one, other = (SevenfoldRegressor(trials=2, random_state=5).fit(X, y).predict(X) for _ in range(2))
    assert np.array_equal(one, other)


def test_cross_validation_and_grid_search_over_trials() -> None:
    stream = np.random.default_rng(1)
    X = stream.normal(size=(90, 3))
    y = np.where(X[:, 0] + stream.normal(0, 0.4, 90) > 0, "yes", "no")
    scores = cross_val_score(SevenfoldClassifier(), X, y, cv=3, scoring="roc_auc", error_score="raise")
    assert scores.mean() > 0.85
    search = GridSearchCV(SevenfoldClassifier(), {"trials": [1, 2]}, cv=2, error_score="raise").fit(X, y)
    assert search.best_params_["trials"] in (1, 2) and search.best_estimator_.score(X, y) > 0.7


def test_several_classes_of_numbers_keep_their_type() -> None:
    stream = np.random.default_rng(2)
    X = stream.normal(size=(120, 2))
    y = np.digitize(X[:, 0], [-0.5, 0.5]) * 10
    classifier = SevenfoldClassifier(trials=1).fit(X, y)
    assert classifier.classes_.tolist() == [0, 10, 20]
    assert classifier.predict(X).dtype == y.dtype and classifier.score(X, y) > 0.8
    assert classifier.predict_proba(X).shape == (120, 3)


def test_larger_data_reach_boosting_and_a_budget_is_kept() -> None:
    stream = np.random.default_rng(3)
    X = stream.normal(size=(600, 3))
    y = X[:, 0] * (X[:, 1] > 0) + stream.normal(0, 0.1, 600)
    regressor = SevenfoldRegressor(trials=1, models=["lightgbm"]).fit(X, y)
    assert regressor.predictor_.members[0].pipelines[0].recipe.model == "lightgbm"
    started = dt.datetime.now()
    assert SevenfoldRegressor(budget="3s").fit(X, y).score(X, y) > 0.5
    assert (dt.datetime.now() - started).total_seconds() < 30


def test_arrays_with_missing_values() -> None:
    stream = np.random.default_rng(4)
    X = stream.normal(size=(100, 3))
    y = X[:, 0] * 2
    X[stream.random((100, 3)) < 0.1] = np.nan
    assert np.isfinite(SevenfoldRegressor(trials=1).fit(X, y).predict(X)).all()


@pytest.mark.parametrize("settings", [{"models": ["no_such"]}, {"tune": "no_such"}, {"metric": "no_such"}])
def test_settings_that_do_not_exist(settings: dict[str, Any]) -> None:
    X, y = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30.0)
    with pytest.raises(SevenfoldError, match="no_such"):
        SevenfoldRegressor(**settings).fit(X, y)


def test_sets_and_intervals_hold_the_truth_as_often_as_asked() -> None:
    stream = np.random.default_rng(4)
    X = stream.normal(size=(900, 3))
    y = X[:, 0] + X[:, 1] + stream.normal(0, 0.5, 900)
    learn, test = slice(0, 300), slice(300, 900)
    regressor = SevenfoldRegressor(trials=1, models=["ridge"]).fit(X[learn], y[learn])
    limits = regressor.predict_interval(X[test], coverage=0.8)
    inside = (limits[:, 0] <= y[test]) & (y[test] <= limits[:, 1])
    assert limits.shape == (600, 2) and 0.72 < inside.mean() < 0.88
    labels = np.where(y > 0, "up", "down")
    classifier = SevenfoldClassifier(trials=1, models=["logistic_l2"]).fit(X[learn], labels[learn])
    sets, decided = classifier.predict_set(X[test], coverage=0.95), classifier.predict(X[test])
    assert all(label in members for label, members in zip(decided, sets, strict=True))
    assert np.mean([label in members for label, members in zip(labels[test], sets, strict=True)]) > 0.9
    assert {len(members) for members in sets} == {1, 2}
    with pytest.raises(SevenfoldError, match="coverage"):
        regressor.predict_interval(X[test], coverage=1.0)
