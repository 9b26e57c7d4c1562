import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.core.errors import DataError
from sevenfold.core.state import pack, unpack
from sevenfold.core.task import Goal, Target
from sevenfold.features.target import TARGETS, suggest

POSITIVE = st.lists(st.floats(1e-6, 1e9), min_size=3, max_size=50).map(np.array)


def regression(values, weights=None):
    return Target(Goal.REGRESSION, np.asarray(values, dtype=np.float64), weights=weights)


@pytest.mark.parametrize("name", TARGETS.names())
@given(values=POSITIVE)
@settings(max_examples=40, deadline=None)
def test_inverting_gives_the_target_back(name, values):
    transform = TARGETS.get(name)()
    bent = transform.fit(regression(values))
    np.testing.assert_allclose(transform.invert(bent.values), values, rtol=1e-9, atol=1e-12 * values.max())


@pytest.mark.parametrize("name", TARGETS.names())
def test_state_restores_and_weights_stay(name):
    values = np.random.default_rng(0).exponential(size=200) + 0.1
    transform = TARGETS.get(name)()
    bent = transform.fit(regression(values, np.ones(200)))
    assert bent.weights is not None and transform.name == name
    twin = TARGETS.get(name)()
    twin.restore(unpack(pack(transform.state())))
    assert np.array_equal(twin.apply(regression(values)).values, bent.values)
    assert np.array_equal(twin.invert(bent.values), transform.invert(bent.values))


@pytest.mark.parametrize("name", TARGETS.names())
def test_inverted_predictions_are_finite_for_any_prediction(name):
    transform = TARGETS.get(name)()
    transform.fit(regression([1.0, 5.0, 100.0]))
    wild = np.array([-1e6, -1.0, 0.0, 700.0, 1e6])
    alone = np.concatenate([transform.invert(wild[i : i + 1]) for i in range(5)])
    assert np.isfinite(transform.invert(wild)).all() and np.array_equal(transform.invert(wild), alone)


@pytest.mark.parametrize("name", [n for n in TARGETS.names() if n != "identity"])
def test_classes_are_refused(name):
    with pytest.raises(DataError, match="for numbers"):
        TARGETS.get(name)().fit(Target(Goal.BINARY, np.array([0.0, 1.0]), 2))


def test_probabilities_pass_the_identity():
    probabilities = np.array([[0.3, 0.7]])
    assert TARGETS.get("identity")().invert(probabilities) is probabilities


@pytest.mark.parametrize(("name", "values"), [("log", [0.0, 1.0]), ("log1p", [-0.1, 1.0]), ("sqrt", [-1.0, 1.0])])
def test_values_outside_the_domain_are_refused_in_training_and_moved_later(name, values):
    with pytest.raises(DataError, match="not defined"):
        TARGETS.get(name)().fit(regression(values))
    transform = TARGETS.get(name)()
    transform.fit(regression([0.5, 1.0]))
    assert np.isfinite(transform.apply(regression(values)).values).all()


def test_suggestions_follow_the_shape():
    generator = np.random.default_rng(0)
    assert suggest(regression(generator.normal(size=500))) == ["identity"]
    assert suggest(regression(np.exp(generator.normal(size=500)))) == ["identity", "log", "sqrt"]
    assert "log1p" in suggest(regression(np.floor(np.exp(generator.normal(size=500) * 1.5))))
    assert suggest(regression(generator.standard_t(2, size=2000)))[1] == "normal"
    assert suggest(regression(generator.normal(1e6, 1.0, size=500))) == ["identity", "standard"]
    assert suggest(regression(np.ones(10))) == ["identity"]
    assert suggest(Target(Goal.BINARY, np.array([0.0, 1.0, 1.0]), 2)) == ["identity"]


@pytest.mark.parametrize("seed", range(3))
def test_every_suggestion_fits(seed):
    generator = np.random.default_rng(seed)
    for values in (generator.exponential(size=100), generator.poisson(1.0, 100), generator.standard_cauchy(100)):
        for name in suggest(regression(values)):
            TARGETS.get(name)().fit(regression(values))
