"""Coverage over many simulated data sets, and the laws that sets and intervals keep."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.core.errors import RequestError
from sevenfold.core.task import Goal, Task
from sevenfold.evaluation.conformal.classes import ClassSets, strangeness
from sevenfold.evaluation.conformal.coverage import chance_of_so_few
from sevenfold.evaluation.conformal.numbers import Form, Intervals, Spread, interval_score
from sevenfold.evaluation.conformal.quantiles import Quantiles, checked, least_rows, rank
from sevenfold.evaluation.conformal.stored import FIELD, learn, stored

BINARY = Task(Goal.BINARY, "y", "roc_auc", classes=("no", "yes"))
THREE = Task(Goal.MULTICLASS, "y", "accuracy", classes=("a", "b", "c"))
NUMBER = Task(Goal.REGRESSION, "y", "rmse")
COVERAGES = st.floats(0.01, 0.99)


def guesses(stream, rows, classes=3, shares=None):
    """Probabilities that are right up to some distortion, and classes."""
    codes = stream.choice(classes, rows, p=shares)
    odds = stream.normal(0, 1, (rows, classes))
    odds[np.arange(rows), codes] += 1.2
    chances = np.exp(1.5 * odds)
    return chances / chances.sum(axis=1, keepdims=True), codes


def numbers(stream, rows):
    """Predictions, and truths whose errors grow with them and reach further up."""
    predicted = stream.uniform(1, 10, rows)
    return predicted, predicted * (1 + 0.2 * (stream.exponential(1, rows) - 0.7))


@pytest.mark.parametrize("rows", [9, 40, 500])
@pytest.mark.parametrize("rule", ["least_ambiguous", "adaptive"])
@pytest.mark.parametrize("by_class", [False, True])
def test_sets_cover_what_they_promise_over_many_data_sets(rows, rule, by_class):
    stream, hits, total, of_rare = np.random.default_rng(rows), 0, 0, []
    for _ in range(200):
        seen = ClassSets.of(*guesses(stream, rows, 3, [0.6, 0.3, 0.1]), rule=rule, by_class=by_class)
        chances, codes = guesses(stream, 50, 3, [0.6, 0.3, 0.1])
        members = seen.members(chances, np.argmax(chances, axis=1), 0.9)
        inside = members[np.arange(50), codes]
        hits, total = hits + inside.sum(), total + 50
        of_rare.extend(inside[codes == 2])
    # Rows of one data set share its luck: the standard error is that of 200 coverages, about 1 / sqrt(n) each.
    error = math.sqrt(0.09 / total + 0.09 / 200 / (rows + 2))
    assert hits / total >= 0.9 - 3 * error
    if by_class:
        assert np.mean(of_rare) >= 0.9 - 3 * math.sqrt(0.09 / len(of_rare) + 0.09 / 200 / max(3, 0.1 * rows))


@pytest.mark.parametrize("rows", [9, 60, 500])
@pytest.mark.parametrize("form", [Form(), Form(scaled=True), Form(sided=True), Form(scaled=True, sided=True), None])
def test_intervals_cover_what_they_promise_over_many_data_sets(rows, form):
    stream, shares = np.random.default_rng(rows), []
    repeats = 30 if form is None else 150
    for _ in range(repeats):
        seen = Intervals.of(*numbers(stream, rows), stream, form=form)
        predicted, truth = numbers(stream, 100)
        limits = seen.limits(predicted, 0.9)
        shares.append(((limits[:, 0] <= truth) & (truth <= limits[:, 1])).mean())
    error = np.std(shares) / math.sqrt(repeats)
    # A form that was chosen, and a spread that was learned, on the same rows cost up to a point in so few of them.
    given_away = 0.01 if form is None or form.scaled else 0.0
    assert np.mean(shares) >= 0.9 - given_away - 3 * error
    if rows == 500:
        assert np.mean(shares) < 0.93


def test_a_spread_that_helps_is_chosen_and_narrows_the_intervals():
    stream = np.random.default_rng(1)
    predicted, truth = numbers(stream, 4000)
    chosen = Intervals.of(predicted, truth, stream)
    assert chosen.spread is not None and chosen.sided
    plain = Intervals.of(predicted, truth, stream, form=Form())
    fresh, real = numbers(stream, 4000)
    better, worse = (interval_score(one.limits(fresh, 0.9), real, 0.9).mean() for one in (chosen, plain))
    assert better < 0.9 * worse


def test_a_spread_that_does_not_help_is_left_out():
    stream = np.random.default_rng(2)
    predicted = stream.uniform(-5, 5, 2000)
    chosen = Intervals.of(predicted, predicted + stream.normal(0, 1, 2000), stream)
    assert chosen.spread is None and not chosen.sided and chosen.least is None


def test_an_interval_ends_where_no_target_ever_was():
    stream = np.random.default_rng(3)
    predicted, truth = numbers(stream, 300)
    assert Intervals.of(predicted, truth, stream, form=Form()).limits(np.array([0.1]), 0.99)[0, 0] == 0.0


def test_too_few_rows_give_everything_and_say_so():
    stream = np.random.default_rng(4)
    assert (least_rows(0.9), least_rows(0.99)) == (9, 99)
    chances, codes = guesses(stream, 8)
    few = ClassSets.of(chances, codes)
    assert few.members(chances, codes, 0.9).all()
    assert few.blocks(0.9) == (9, 0)
    wide = Intervals.of(np.zeros(8), stream.normal(size=8), stream)
    assert np.isinf(wide.limits(np.zeros(2), 0.9)).all()
    assert np.isfinite(wide.limits(np.zeros(2), 0.8)).all()


def test_a_class_with_few_rows_belongs_to_every_set_of_limits_by_class():
    stream = np.random.default_rng(5)
    chances, codes = guesses(stream, 300, 3, [0.5, 0.49, 0.01])
    seen = ClassSets.of(chances, codes)
    assert not seen.by_class
    assert seen.members(chances, codes, 0.9, by_class=True)[:, 2].all()


def test_a_rare_class_with_rows_enough_has_a_limit_of_its_own():
    chances, codes = guesses(np.random.default_rng(6), 4000, 3, [0.6, 0.35, 0.05])
    assert ClassSets.of(chances, codes).by_class
    assert not ClassSets.of(*guesses(np.random.default_rng(6), 4000)).by_class


def test_many_classes_have_no_limits_each():
    stream = np.random.default_rng(7)
    chances, codes = guesses(stream, 500, 40)
    seen = ClassSets.of(chances, codes)
    assert seen.each == () and len(json.dumps(seen.to_json())) < 4000
    with pytest.raises(RequestError, match="each class"):
        seen.members(chances, codes, 0.9, by_class=True)


@given(st.integers(0, 2**32), st.integers(2, 6), st.integers(1, 300), COVERAGES, COVERAGES, st.booleans())
@settings(deadline=None, max_examples=60)
def test_a_larger_coverage_never_takes_anything_away(seed, classes, rows, one, other, by_class):
    stream = np.random.default_rng(seed)
    low, high = sorted((one, other))
    seen = ClassSets.of(*guesses(stream, rows, classes))
    chances, _ = guesses(stream, 20, classes)
    decided = np.argmax(chances, axis=1)
    smaller, larger = (seen.members(chances, decided, c, by_class) for c in (low, high))
    assert (larger | ~smaller).all()
    assert smaller[np.arange(20), decided].all()
    intervals = Intervals.of(*numbers(stream, rows), stream)
    near, far = (intervals.limits(chances[:, 0], c) for c in (low, high))
    assert (far[:, 0] <= near[:, 0]).all() and (near[:, 1] <= far[:, 1]).all()


@given(st.integers(0, 2**32), st.permutations(range(4)), COVERAGES, st.sampled_from(["least_ambiguous", "adaptive"]))
@settings(deadline=None, max_examples=40)
def test_the_order_of_classes_does_not_matter(seed, order, coverage, rule):
    stream = np.random.default_rng(seed)
    chances, codes = guesses(stream, 200, 4)
    places = np.argsort(order)
    plain = ClassSets.of(chances, codes, rule=rule)
    turned = ClassSets.of(chances[:, order], places[codes], rule=rule)
    fresh, decided = guesses(stream, 30, 4)
    for by_class in (False, True):
        here = plain.members(fresh, decided, coverage, by_class)
        there = turned.members(fresh[:, order], places[decided], coverage, by_class)
        assert (here[:, order] == there).all()


@given(st.integers(0, 2**32), st.integers(0, 2000), COVERAGES, st.booleans())
@settings(deadline=None, max_examples=60)
def test_what_is_kept_of_the_scores_is_never_too_small(seed, rows, coverage, coarse):
    scores = np.random.default_rng(seed).normal(size=rows).round(2)
    kept = Quantiles.of(scores, coarse=coarse)
    wanted = rank(coverage, rows)
    exact = np.sort(scores)[wanted - 1] if wanted <= rows else math.inf
    assert kept.reach(coverage) >= exact
    assert Quantiles.from_json(json.loads(json.dumps(kept.to_json()))).reach(coverage) == kept.reach(coverage)
    assert kept.blocks(coverage)[0] >= min(wanted, rows + 1)


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
def test_usual_coverages_are_exact(coverage):
    scores = np.arange(1.0, 12_346.0)
    assert Quantiles.of(scores).reach(coverage) == rank(coverage, 12_345)


@given(st.integers(0, 2**32), st.sampled_from(["least_ambiguous", "adaptive"]))
@settings(deadline=None, max_examples=20)
def test_a_row_is_answered_alike_alone_and_in_company(seed, rule):
    stream = np.random.default_rng(seed)
    seen = ClassSets.of(*guesses(stream, 100, 5), rule=rule)
    chances, decided = guesses(stream, 10, 5)
    together = seen.members(chances, decided, 0.9)
    assert all((seen.members(chances[i : i + 1], decided[i : i + 1], 0.9) == together[i]).all() for i in range(10))
    intervals = Intervals.of(*numbers(stream, 300), stream)
    limits = intervals.limits(chances[:, 0], 0.9)
    assert all((intervals.limits(chances[i : i + 1, 0], 0.9) == limits[i]).all() for i in range(10))


def test_adaptive_strangeness_is_the_mass_up_to_the_class():
    found = strangeness(np.array([[0.2, 0.5, 0.3]]), "adaptive")
    assert found == pytest.approx(np.array([[1.0, 0.5, 0.8]]))


@pytest.mark.parametrize("task", [BINARY, THREE, NUMBER])
def test_it_is_stored_as_a_few_kilobytes_and_read_again(task):
    stream = np.random.default_rng(8)
    classes = len(task.classes)
    predicted, truth = guesses(stream, 5000, classes) if classes else numbers(stream, 5000)
    made = learn(task, predicted, truth.astype(np.float64), stream, ordered=True)
    text = json.dumps(made.to_json())
    assert len(text) < 10_000
    again = stored({FIELD: json.loads(text)}, task)
    assert again.ordered and again.rows == 5000
    if classes:
        chances, decided = guesses(stream, 50, classes)
        assert (again.members(chances, decided, 0.9) == made.members(chances, decided, 0.9)).all()
    else:
        assert (again.limits(predicted, 0.9) == made.limits(predicted, 0.9)).all()


@pytest.mark.parametrize(
    "data",
    [None, 3, {}, {"kind": "other"}, {"kind": "classes"}, {"kind": "numbers", "ordered": False},
     {"kind": "classes", "rule": "other", "ordered": 0, "by_class": 0, "whole": {}, "each": []},
     {"kind": "numbers", "ordered": 0, "sided": 0, "spread": None, "least": None,
      "above": {"rows": 3, "ranks": [2, 1], "scores": [1.0, 2.0]}},
     {"kind": "numbers", "ordered": 0, "sided": 0, "spread": [[1, 1], [2, 2]], "least": None,
      "above": {"rows": 3, "ranks": [1], "scores": [1.0]}}],
)  # fmt: skip
def test_older_and_strange_bundles_have_none(data):
    assert stored({FIELD: data}, BINARY) is None
    assert stored({FIELD: data}, NUMBER) is None
    assert stored({}, THREE) is None


def test_rows_without_a_prediction_are_left_out():
    stream = np.random.default_rng(9)
    predicted, truth = numbers(stream, 100)
    predicted[:30] = np.nan
    assert learn(NUMBER, predicted, truth, stream).rows == 70
    assert learn(NUMBER, predicted[:30], truth[:30], stream) is None
    assert learn(Task(Goal.RECOMMENDATION, "y", "rmse"), predicted, truth, stream) is None


@pytest.mark.parametrize("coverage", [0, 1, -0.1, 1.5, True, "0.9", None, float("nan")])
def test_a_coverage_out_of_range_is_refused(coverage):
    with pytest.raises(RequestError, match="coverage"):
        checked(coverage)


def test_all_predictions_alike_have_no_spread():
    assert Spread.of(np.ones(100), np.random.default_rng(0).normal(size=100)) is None
    assert Spread.of(np.arange(100.0), np.zeros(100)) is None
    same = Intervals.of(np.ones(300), np.ones(300), np.random.default_rng(0))
    assert same.limits(np.ones(1), 0.9).tolist() == [[1.0, 1.0]]


def test_the_chance_of_so_few_is_that_of_many_simulations():
    stream = np.random.default_rng(10)
    calibration, fresh = stream.random((4000, 50)), stream.random((4000, 80))
    limit = np.sort(calibration, axis=1)[:, rank(0.9, 50) - 1]
    hits = (fresh <= limit[:, None]).sum(axis=1)
    inside, outside = Quantiles.of(calibration[0]).blocks(0.9)
    for few in (60, 66, 72):
        share = (hits <= few).mean()
        assert chance_of_so_few(few, 80, inside, outside) == pytest.approx(share, abs=4 * math.sqrt(0.25 / 4000))
    exact, near = (chance_of_so_few(17_950, rows, 90_001, 10_000) for rows in (20_000, 20_001))
    assert near == pytest.approx(exact, rel=0.05)
    assert chance_of_so_few(0, 10, 11, 0) == chance_of_so_few(0, 0, 5, 5) == 1.0
