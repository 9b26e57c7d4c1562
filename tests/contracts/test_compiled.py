"""Every feature and model that states a compiled form, against its frame form."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.model import Estimator, Recommender
from sevenfold.core.task import Goal, Target
from sevenfold.features.catalogue import FEATURES
from sevenfold.models.catalogue import MODELS
from sevenfold.testing.compiled_checks import check_row_predictor, check_row_step
from sevenfold.testing.feature_checks import sample_table, subject, variants
from sevenfold.testing.model_checks import taught
from sevenfold.testing.model_data import GOALS, easy

ESTIMATORS = [m for _, m in MODELS if issubclass(m, Estimator) and not issubclass(m, Recommender)]
SETTINGS = settings(
    max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
COMPILED = {
    "passthrough", "impute", "scale", "quantile", "clip", "log", "bins", "splines", "one_hot", "one_hot_sparse",
    "ordinal", "ordered", "target_encode", "frequency", "hashing", "date_parts", "elapsed", "text_stats",
    "text_numbers", "text_words", "tfidf", "text_svd", "ratios", "category_pairs", "select_l1", "select_importance",
}  # fmt: skip

ENTRIES = [
    pytest.param(name, params, id=f"{name}-{params}")
    for name in sorted(COMPILED)
    for params in variants(FEATURES.get(name))
]

numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, -0.0, 50.0, 5e-324])
words = st.none() | st.text(max_size=30) | st.sampled_from(["red", "town 1", "1,250.5 -3", "ÀÉ 12 ß", "u1", "i2", ""])
times = st.none() | st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31))
cells = {
    **dict.fromkeys(("size", "price"), numbers),
    "member": st.none() | st.booleans(),
    **dict.fromkeys(("colour", "town", "title", "story", "user", "item"), words),
    **dict.fromkeys(("opened", "closed"), times),
    "picture": st.none(),
}


@pytest.mark.parametrize(("name", "params"), ENTRIES)
def test_a_row_step_gives_what_the_frame_gives(name, params):
    check_row_step(FEATURES.get(name), params)


@SETTINGS
@given(rows=st.lists(st.fixed_dictionaries(cells), min_size=1, max_size=6))
@pytest.mark.parametrize("name", sorted(COMPILED))
def test_a_row_step_gives_what_the_frame_gives_for_any_row(name, rows):
    table = pl.DataFrame(rows, schema=sample_table(1).schema)
    check_row_step(FEATURES.get(name), {}, table)


@pytest.mark.parametrize("name", sorted(COMPILED))
def test_ordinary_features_have_a_row_step(name):
    case = subject(FEATURES.get(name), {})
    case.fit()
    assert case.feature.row_step() is not None


@pytest.mark.parametrize("goal", GOALS, ids=str)
@pytest.mark.parametrize("model", ESTIMATORS, ids=lambda m: m.spec.name)
def test_a_row_predictor_gives_what_predict_gives(model, goal):
    if goal not in model.spec.solves:
        return
    inputs, target = easy(model, goal, 150)
    fitted, _ = taught(model, inputs, target, rounds=15)
    values = inputs[Form.NUMBERS].values[:24].copy()
    values[:6] *= np.array([1e3, -1e3, 1e18, -1e18, 1e300, 0.0])[:, None]
    values[6:12] = np.nextafter(values[6:12], np.inf)
    blocks = [Block(Form.NUMBERS, inputs[Form.NUMBERS].names, values)]
    if (categories := inputs.get(Form.CATEGORIES)) is not None:
        codes = categories.values[:24].copy()
        codes[::3] = -1
        blocks.append(Block(Form.CATEGORIES, categories.names, codes, categories.levels))
    check_row_predictor(fitted, Inputs.of(24, blocks))


@pytest.mark.parametrize("model", [m for m in ESTIMATORS if Form.SPARSE in m.spec.accepts], ids=lambda m: m.spec.name)
def test_a_row_predictor_takes_sparse_columns(model):

    stream = np.random.default_rng(2)
    dense = stream.normal(size=(90, 3))
    holed = np.where(stream.random((90, 20)) < 0.8, 0.0, stream.normal(size=(90, 20)))
    goal = Goal.BINARY if Goal.BINARY in model.spec.solves else Goal.REGRESSION
    positive = (dense[:, 0] + holed[:, 1] > 0).astype(np.float64)
    blocks = [Block(Form.SPARSE, tuple(f"s{i}" for i in range(20)), sparse.csr_matrix(holed))]
    if Form.NUMBERS in model.spec.accepts:
        blocks.insert(0, Block(Form.NUMBERS, ("a", "b", "c"), dense))
    inputs = Inputs.of(90, blocks)
    fitted, _ = taught(model, inputs, Target(goal, positive, 2 if goal is Goal.BINARY else 0), rounds=15)
    check_row_predictor(fitted, inputs.take(np.arange(20)))
