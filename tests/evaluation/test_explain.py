"""Explanations add up, and find what a hand-written model looks at."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.core.errors import DataError
from sevenfold.evaluation.explain import OTHERS, explain_rows


def test_contributions_add_up_to_the_prediction(binary, multiclass, regression):
    for world in (binary, multiclass, regression):
        rows = world.table[:7]
        found = explain_rows(world.predictor, rows, world.table[100:200], ["size", "colour"], np.random.default_rng(0))
        np.testing.assert_allclose(found.baseline + found.contributions.sum(axis=1), found.prediction, atol=1e-12)
        assert found.columns == ("size", "colour", OTHERS)
        np.testing.assert_allclose(found.contributions[:, 2], 0.0, atol=1e-12)


def test_an_additive_model_is_taken_apart_exactly(regression):
    rows, background = regression.table[:5], regression.table[100:200]
    found = explain_rows(
        regression.predictor, rows, background, ["size", "noise", "colour"], np.random.default_rng(0), samples=100
    )
    size = rows["size"].fill_null(0.0).to_numpy()
    expected = 2 * (size - background["size"].fill_null(0.0).to_numpy().mean())
    np.testing.assert_allclose(found.contributions[:, 0], expected, atol=1e-9)
    np.testing.assert_allclose(found.contributions[:, 1], 0.0, atol=1e-12)


def test_the_explained_class_can_be_chosen(multiclass):
    rows, background = multiclass.table[:4], multiclass.table[50:90]
    likely = explain_rows(multiclass.predictor, rows, background, ["size"], np.random.default_rng(0))
    np.testing.assert_array_equal(likely.output, multiclass.predictor.predict(rows).argmax(axis=1))
    third = explain_rows(multiclass.predictor, rows, background, ["size"], np.random.default_rng(0), output=2)
    np.testing.assert_allclose(third.prediction, multiclass.predictor.predict(rows)[:, 2])


def test_a_row_is_explained_alike_alone_and_in_company(binary):
    background = binary.table[100:150]
    together = explain_rows(binary.predictor, binary.table[:3], background, ["size"], np.random.default_rng(3))
    alone = explain_rows(binary.predictor, binary.table[1:2], background, ["size"], np.random.default_rng(3))
    np.testing.assert_array_equal(together.contributions[1], alone.contributions[0])


def test_the_json_of_a_row_is_sorted_by_size(binary):
    found = explain_rows(
        binary.predictor, binary.table[:2], binary.table[50:80], ["noise", "size"], np.random.default_rng(0)
    )
    data = found.to_json(1)
    sizes = [abs(v) for v in data["contributions"].values()]
    assert sizes == sorted(sizes, reverse=True)
    assert data["baseline"] + sum(data["contributions"].values()) == pytest.approx(data["prediction"])


def test_no_background_is_an_error(binary):
    with pytest.raises(DataError, match="background"):
        explain_rows(binary.predictor, binary.table[:1], binary.table[:0], ["size"], np.random.default_rng(0))
