"""One machine for each pair of classes: the library's margins, row by row, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.svm import SVC

from sevenfold.core.errors import BundleError
from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.model import FitContext
from sevenfold.core.task import Goal, Target
from sevenfold.models.svm import pairs
from sevenfold.models.svm.pairs import Pairs, solvable, usually_solvable
from sevenfold.models.svm.svm_rbf import GaussianSVM

_GAMMA = 0.4
_PARAMS: dict[str, Any] = {"C": 5.0, "kernel": "rbf", "gamma": _GAMMA}


def _data(classes: int = 5, rows: int = 240) -> tuple[Any, Any]:
    stream = np.random.default_rng(0)
    codes = np.arange(rows) % classes
    return stream.normal(size=(rows, 3)) + stream.normal(size=(classes, 3))[codes] * 3.0, codes


def _learned(classes: int = 5) -> tuple[Any, Any, Pairs]:
    values, codes = _data(classes)
    return values, codes, Pairs.learned(values, codes, np.ones(len(codes)), _PARAMS, classes)


def test_margins_are_the_librarys() -> None:
    values, codes, found = _learned()
    margins = SVC(decision_function_shape="ovo", **_PARAMS).fit(values, codes).decision_function(values)
    first, second = np.triu_indices(5, 1)
    wanted = np.zeros((len(values), 5))
    for pair in range(len(first)):
        wanted[:, first[pair]] -= np.logaddexp(0.0, -4.0 * margins[:, pair])
        wanted[:, second[pair]] -= np.logaddexp(0.0, 4.0 * margins[:, pair])
    np.testing.assert_allclose(found.scores(values, _GAMMA), wanted, rtol=1e-9, atol=1e-9)
    assert (found.scores(values, _GAMMA).argmax(axis=1) == codes).mean() > 0.8


def test_a_row_alone_scores_as_among_others() -> None:
    values, _, found = _learned()
    found = found.raised(0.7, np.arange(5.0))
    whole = found.scores(values, _GAMMA)
    assert np.array_equal(np.concatenate([found.scores(row[None], _GAMMA) for row in values]), whole)
    assert np.array_equal(Pairs.restored(found.state(), 5).scores(values, _GAMMA), whole)


def test_slopes_and_shifts_follow_each_other() -> None:
    values, _, found = _learned()
    twice = found.raised(2.0, np.ones(5)).raised(0.5, np.arange(5.0))
    np.testing.assert_allclose(twice.scores(values, _GAMMA), found.scores(values, _GAMMA) + 0.5 + np.arange(5.0))


def test_a_class_without_points_adds_nothing() -> None:
    values, _, found = _learned()
    state = found.state()
    kept = np.repeat(np.arange(5), state["counts"]) != 2
    state["points"], state["dual"] = state["points"][kept], np.ascontiguousarray(state["dual"][:, kept])
    state["counts"] = np.where(np.arange(5) == 2, 0, state["counts"])
    assert np.isfinite(Pairs.restored(state, 5).scores(values, _GAMMA)).all()


@pytest.mark.parametrize(
    "damage",
    [
        {"counts": np.array([1, 1, 1, 1, 1])},
        {"counts": np.array([-1, 1, 1, 1, 1])},
        {"shifts": np.zeros(4)},
        {"pair_intercept": np.zeros(9)},
        {"points": np.zeros(3)},
        {"dual": np.zeros((3, 3))},
    ],
)
def test_damage_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(BundleError):
        Pairs.restored({**_learned()[2].state(), **damage}, 5)


def test_large_classes_are_not_solved_exactly() -> None:
    assert solvable(np.array([2_000, 2_000, 50]))
    assert not solvable(np.array([5_000, 2_000, 50]))
    assert not solvable(np.array([100, 100])), "two classes have one machine"
    assert not solvable(np.full(1_000, 2_000)), "too many pairs"
    assert usually_solvable(16_000, 26)


@pytest.mark.parametrize("exact", [True, False])
def test_several_classes_end_as_probabilities(exact: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "_MOST_WORK", 1e9 if exact else 0.0)
    values, codes = _data()
    inputs = Inputs(len(codes), {Form.NUMBERS: Block(Form.NUMBERS, ("a", "b", "c"), values)})
    model = GaussianSVM(C=10.0)
    model.fit(inputs, Target(Goal.MULTICLASS, codes.astype(float), 5), None, FitContext(np.random.default_rng(0)))
    shares = model.predict(inputs)
    assert ("dual" in model.state()) == exact
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert (shares.argmax(axis=1) == codes).mean() > 0.8
