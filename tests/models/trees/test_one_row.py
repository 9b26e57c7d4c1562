"""The native call for one row gives what LightGBM gives, in the very forms that conversions get wrong in silence."""

from __future__ import annotations

import warnings

import lightgbm
import numpy as np
import pytest

from sevenfold.models.trees.one_row import LEAF_PLACES, NORMAL, RAW_SCORE, OneRow


@pytest.mark.parametrize("kind", [NORMAL, RAW_SCORE, LEAF_PLACES])
@pytest.mark.parametrize(
    "settings", [{}, {"linear_tree": True}, {"boosting": "rf"}, {"zero_as_missing": True}, {"use_missing": False}]
)
def test_every_form_of_boosting_is_asked_as_it_is(settings, kind):
    stream = np.random.default_rng(0)
    X = stream.normal(size=(300, 4))
    X[::4, 0], X[1::5, 1] = 0.0, np.nan
    y = (np.nan_to_num(X).sum(axis=1) > 0).astype(float)
    always = {"objective": "binary", "verbosity": -1, "bagging_fraction": 0.7, "bagging_freq": 1, "num_threads": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = lightgbm.Dataset(X, y, params={"verbosity": -1, **settings})
        booster = lightgbm.train({**always, **settings}, rows, 8)
    booster = lightgbm.Booster(model_str=booster.model_to_string())
    asked = X[:40].copy()
    asked[:8, 0] = (0.0, -0.0, 1e300, -1e300, 5e-324, np.inf, -np.inf, np.nan)
    splits = booster.trees_to_dataframe()["threshold"].dropna().to_numpy()[:10]
    asked[8:18, 1], asked[18:28, 1] = splits, np.nextafter(splits, np.inf)
    expected = np.asarray(
        booster.predict(asked, raw_score=kind == RAW_SCORE, pred_leaf=kind == LEAF_PLACES, num_threads=1)
    ).reshape(len(asked), -1)
    one_row = OneRow(booster, 4, expected.shape[1], kind)
    ask, ask_array = one_row.asker(), one_row.array_asker()
    for row, wanted in zip(asked.tolist(), expected.tolist(), strict=True):
        np.testing.assert_array_equal(ask(row), wanted)
        np.testing.assert_array_equal(ask_array(row), wanted)
