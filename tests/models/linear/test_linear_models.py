"""Weights against closed forms and against scikit-learn's solvers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Lasso as OtherLasso
from sklearn.linear_model import LogisticRegression, PoissonRegressor

from sevenfold.core.errors import BundleError, DataError
from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.model import FitContext
from sevenfold.core.task import Goal, Target
from sevenfold.models.linear.base import LinearModel
from sevenfold.models.linear.lasso import Lasso
from sevenfold.models.linear.linear import LinearRegression
from sevenfold.models.linear.logistic_l1 import LogisticL1
from sevenfold.models.linear.logistic_l2 import LogisticL2
from sevenfold.models.linear.poisson import PoissonRegression
from sevenfold.models.linear.ridge import Ridge


def _numbers(values: np.ndarray) -> Inputs:
    return Inputs.of(len(values), [Block(Form.NUMBERS, tuple(f"x{i}" for i in range(values.shape[1])), values)])


def _data(rows: int = 300, columns: int = 5) -> tuple[np.ndarray, np.ndarray]:
    stream = np.random.default_rng(0)
    values = stream.normal(size=(rows, columns)) * 10.0 ** np.arange(columns) + 5.0
    score = values[:, 0] - values[:, 1] / 10 + 0.5 * stream.normal(size=rows)
    return values, score


def _fitted(model: LinearModel, inputs: Inputs, target: Target, objective: str = "mean") -> LinearModel:
    model.fit(inputs, target, None, FitContext(np.random.default_rng(0), objective=objective))
    return model


def test_least_squares_is_the_closed_form() -> None:
    values, truth = _data()
    weights = np.random.default_rng(1).uniform(0.5, 2, 300)
    model = _fitted(LinearRegression(), _numbers(values), Target(Goal.REGRESSION, truth, 0, weights))
    design = np.column_stack([np.ones(300), values])
    root = np.sqrt(weights)
    expected = design @ np.linalg.lstsq(design * root[:, None], truth * root, rcond=None)[0]
    assert np.allclose(model.predict(_numbers(values)), expected, atol=1e-8)


@pytest.mark.parametrize("columns", [5, 400])
def test_ridge_is_the_same_by_either_gram_matrix(columns: int) -> None:
    stream = np.random.default_rng(0)
    values = stream.normal(size=(100, columns))
    truth = values[:, 0] + stream.normal(size=100)
    model = _fitted(Ridge(alpha=3.0), _numbers(values), Target(Goal.REGRESSION, truth))
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    plain = np.linalg.solve(scaled.T @ scaled + 3.0 * np.eye(columns), scaled.T @ (truth - truth.mean()))
    assert np.allclose(model.predict(_numbers(values)), scaled @ plain + truth.mean(), atol=1e-8)


def test_lasso_leaves_out_what_does_not_matter() -> None:
    values, truth = _data()
    model = _fitted(Lasso(strength=0.1), _numbers(values), Target(Goal.REGRESSION, truth))
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    steepest = np.abs(scaled.T @ (truth - truth.mean())).max() / 300
    other = OtherLasso(alpha=0.1 * steepest).fit(scaled, truth)
    assert np.allclose(model.learned.weights[0], other.coef_, atol=1e-3)
    assert (model.learned.weights[0] == 0).sum() == 3


@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_regression_is_the_library_s(classes: int) -> None:
    values, score = _data()
    codes = np.digitize(score, np.quantile(score, np.arange(1, classes) / classes))
    goal = Goal.BINARY if classes == 2 else Goal.MULTICLASS
    model = _fitted(LogisticL2(C=0.5), _numbers(values), Target(goal, codes.astype(float), classes))
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    other = LogisticRegression(C=0.5, tol=1e-8, max_iter=1000).fit(scaled, codes)
    assert np.allclose(model.predict(_numbers(values)), other.predict_proba(scaled), atol=2e-3)


def test_an_l1_penalty_gives_zeros_dense_and_sparse() -> None:
    from scipy import sparse

    values, score = _data()
    target = Target(Goal.BINARY, (score > np.median(score)).astype(float), 2)
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    words = Block(Form.SPARSE, tuple("abcde"), sparse.csr_matrix(scaled))
    for inputs in (_numbers(values), Inputs.of(300, [words])):
        model = _fitted(LogisticL1(C=0.05), inputs, target)
        found = np.flatnonzero(model.learned.weights[0])
        assert found.tolist() == [0, 1]


def test_poisson_regression_is_the_library_s() -> None:
    stream = np.random.default_rng(0)
    values = stream.normal(size=(400, 3))
    counts = stream.poisson(np.exp(0.7 * values[:, 0] + 1)).astype(float)
    model = _fitted(PoissonRegression(alpha=2.0), _numbers(values), Target(Goal.REGRESSION, counts), "counts")
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    # The target is learned in units of its mean, so the same penalty there is one mean smaller here.
    other = PoissonRegressor(alpha=2.0 / 400 * counts.mean(), tol=1e-9).fit(scaled, counts)
    assert np.allclose(model.predict(_numbers(values)), other.predict(scaled), rtol=5e-3)


def test_a_negative_count_is_refused() -> None:
    values, truth = _data()
    with pytest.raises(DataError, match="negative"):
        _fitted(PoissonRegression(), _numbers(values), Target(Goal.REGRESSION, truth - truth.mean()))


def test_weights_of_another_shape_are_refused() -> None:
    values, truth = _data()
    state = _fitted(Ridge(), _numbers(values), Target(Goal.REGRESSION, truth)).state()
    with pytest.raises(BundleError):
        Ridge().restore({**state, "weights": state["weights"][:, :2]})
