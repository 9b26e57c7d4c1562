from __future__ import annotations

import numpy as np
import pytest
from sklearn.svm import SVR

from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.model import FitContext
from sevenfold.core.task import Goal, Target
from sevenfold.models.svm import svm_rbf
from sevenfold.models.svm.svm_rbf import GaussianSVM


def _moons(rows: int) -> tuple[Inputs, np.ndarray]:
    stream = np.random.default_rng(0)
    angle, inner = stream.uniform(0, 2 * np.pi, rows), stream.random(rows) < 0.5
    radius = np.where(inner, 1.0, 2.0) + 0.15 * stream.normal(size=rows)
    values = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return Inputs.of(rows, [Block(Form.NUMBERS, ("x", "y"), values)]), inner.astype(float)


@pytest.mark.parametrize("exact_rows", [10_000, 100])
def test_rings_are_told_apart_exactly_and_by_landmarks(exact_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svm_rbf, "_EXACT_ROWS", exact_rows)
    inputs, inner = _moons(800)
    model = GaussianSVM()
    model.fit(inputs, Target(Goal.BINARY, inner, 2), None, FitContext(np.random.default_rng(0)))
    told = model.predict(inputs)[:, 1]
    assert ((told > 0.5) == (inner > 0)).mean() > 0.97
    assert -np.log(np.where(inner > 0, told, 1 - told)).mean() < 0.15
    assert len(model.expansion.points) <= (800 if exact_rows > 800 else 400)


def test_numbers_are_predicted_as_the_library_does() -> None:
    inputs, _ = _moons(200)
    values = inputs[Form.NUMBERS].values
    truth = np.sin(values[:, 0])
    model = GaussianSVM(C=2.0)
    model.fit(inputs, Target(Goal.REGRESSION, truth), None, FitContext(np.random.default_rng(0)))
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    unit = (truth - truth.mean()) / truth.std()
    other = SVR(C=2.0, epsilon=0.05, gamma=model.gamma).fit(scaled, unit)
    assert np.allclose(model.predict(inputs), other.predict(scaled) * truth.std() + truth.mean(), atol=0.01)
