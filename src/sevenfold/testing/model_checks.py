"""The contract of a model, as checks that anyone who writes one can run over it.

Each check takes the model's class and raises AssertionError where the contract is broken. `checks_for` gives those
that apply, by what the model states about itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.model import Estimator, FitContext, FitInfo, Size, Trait, Valid
from sevenfold.core.space import Choice, Integer, Real
from sevenfold.core.state import pack, unpack
from sevenfold.core.task import Goal, Target
from sevenfold.testing.model_data import GOALS, columns_of, easy, loss, shares_of

Check = Callable[[type[Estimator]], None]


def checks_for(model: type[Estimator]) -> Iterator[Check]:
    """The checks that apply to a model, by its goals, forms and traits."""
    yield from (check_statement, check_ranges, check_wrong_goal, check_one_row_alone, check_state, check_determinism)
    yield from (check_zero_weights, check_samples, check_small, check_clock, check_columns, check_cost)
    if Trait.BASELINE not in model.spec.traits:
        yield check_learns
    if any(goal.is_classification for goal in model.spec.solves):
        yield from (check_probabilities, check_absent_class, check_one_class)
    for trait, check in _BY_TRAIT.items():
        if trait in model.spec.traits:
            yield check
    if Form.SPARSE in model.spec.accepts:
        yield check_sparse_alone
    if Form.CATEGORIES in model.spec.accepts:
        yield check_unseen_categories


def taught(
    model: type[Estimator],
    inputs: Inputs,
    target: Target,
    valid: Valid | None = None,
    params: Mapping[str, Any] | None = None,
    **context: Any,
) -> tuple[Estimator, FitInfo]:
    """A fitted model and what its fit reported; the same call always draws the same random numbers."""
    fitted = model(**{**quick(model), **(params or {})})
    info = fitted.fit(inputs, target, valid, FitContext(np.random.default_rng(5), **context))
    return fitted, info


def quick(model: type[Estimator]) -> dict[str, Any]:
    """Parameters that make most checks fast without changing what they show."""
    fast = {"trees": 10, "rounds": 60, "learning_rate": 0.1}
    return {name: value for name, value in fast.items() if name in model.spec.space}


def check_statement(model: type[Estimator]) -> None:
    """Name, texts, portfolio, samples and costs are usable."""
    spec = model.spec
    assert spec.name.isidentifier() and spec.name == spec.name.lower(), "a name is a lower-case word"
    assert spec.title and spec.summary.endswith(".") and spec.source, "title, summary and source are given"
    assert spec.solves and spec.accepts and spec.portfolio, "goals, forms and a portfolio are stated"
    assert len({repr(sorted(entry.items())) for entry in spec.portfolio}) == len(spec.portfolio), "no entry twice"
    for entry in spec.portfolio:
        model(**entry)
        assert all(value != spec.space[name].default for name, value in entry.items()), "entries hold what differs"
    for dimension in spec.space.values():
        assert dimension.help, "every hyperparameter says what it does"
    small, large = (spec.cost(spec.space.defaults(), Size(rows, 20, 3)) for rows in (1_000, 1_000_000))
    assert 0 < small.seconds < large.seconds < math.inf, "more rows cost more time"
    assert 0 < small.memory_bytes < large.memory_bytes < math.inf, "more rows cost more memory"


def check_ranges(model: type[Estimator]) -> None:
    """A value out of range, of a wrong type, or an unknown name is a RequestError."""
    _refused(RequestError, lambda: model(no_such_hyperparameter=1))
    for name, dimension in model.spec.space.items():
        wrong: list[Any] = ["nonsense"]
        if isinstance(dimension, Real | Integer):
            wrong += [dimension.high * 2 + 1, dimension.low - 1, math.nan]
        for value in wrong:
            assert not isinstance(dimension, Choice) or value not in dimension.options
            _refused(RequestError, partial(model, **{name: value}))


def check_wrong_goal(model: type[Estimator]) -> None:
    """A goal that is not stated is refused before any work."""
    for goal in GOALS:
        if goal not in model.spec.solves:
            inputs, target = easy(model, goal, 60)
            _refused(RequestError, partial(taught, model, inputs, target))


def check_learns(model: type[Estimator]) -> None:
    """On easy data it is better than the constant, with default parameters."""
    for goal in _goals(model):
        inputs, target = easy(model, goal, 400)
        learning, held = np.arange(300), np.arange(300, 400)
        valid = Valid(inputs.take(held), target.take(held))
        fitted, _ = taught(model, inputs.take(learning), target.take(learning), valid, model.spec.space.defaults())
        truth = target.take(held)
        reached = loss(truth, fitted.predict(inputs.take(held)))
        constant = loss(truth, _constant(target.take(learning), len(held)))
        assert reached < 0.8 * constant, f"{goal}: loss {reached:.3f}, that of a constant {constant:.3f}"


def check_one_row_alone(model: type[Estimator]) -> None:
    """One row by itself gives, bit for bit, what it gives within a batch, and in a batch of another order."""
    for fitted, inputs in _each_goal(model):
        batch = fitted.predict(inputs)
        for row in range(0, inputs.rows, 11):
            alone = fitted.predict(inputs.take(np.array([row])))
            assert np.array_equal(alone[0], batch[row]), f"row {row}: {alone[0]} alone, {batch[row]} in the batch"
        order = np.random.default_rng(0).permutation(inputs.rows)
        assert np.array_equal(fitted.predict(inputs.take(order)), batch[order]), "another order, another prediction"
        many = np.tile(np.arange(inputs.rows), 8)
        assert np.array_equal(fitted.predict(inputs.take(many)), batch[many]), "a larger batch, another prediction"
        assert fitted.predict(inputs.take(many[:0])).shape[0] == 0, "no rows, no predictions"


def check_state(model: type[Estimator]) -> None:
    """Stored and read back, it predicts the same bit for bit, and its state is the same."""
    for fitted, inputs in _each_goal(model):
        stored = pack(fitted.state())
        other = model(**fitted.params)
        other.restore(unpack(stored))
        assert np.array_equal(other.predict(inputs), fitted.predict(inputs)), "restored, it predicts differently"
        assert pack(other.state()) == stored, "restored, its state differs"


def check_determinism(model: type[Estimator]) -> None:
    """The same stream gives the same model."""
    for goal in _goals(model):
        inputs, target = easy(model, goal, 120)
        first, second = (taught(model, inputs, target, rounds=20)[0] for _ in range(2))
        assert np.array_equal(first.predict(inputs), second.predict(inputs)), f"{goal}: two fits, two models"


def check_probabilities(model: type[Estimator]) -> None:
    """(rows, classes) finite, in [0, 1], each row sums to 1; with class weights, too."""
    settings: list[dict[str, Any]] = [{}]
    if "class_weight" in model.spec.space:
        settings.append({"class_weight": "balanced"})
    for goal in _goals(model, classification=True):
        inputs, target = easy(model, goal, 300)
        rare = np.concatenate([np.flatnonzero(target.codes > 0)[:30], np.flatnonzero(target.codes == 0)])
        for params in settings:
            fitted, _ = taught(model, inputs.take(rare), target.take(rare), params=params, rounds=30)
            given = fitted.predict(inputs)
            assert given.shape == (300, target.classes) and np.isfinite(given).all(), "shape or values"
            assert (given >= 0).all() and np.allclose(given.sum(axis=1), 1.0, atol=1e-9), "no probabilities"
            told = fitted.predict(inputs.take(rare))[:, 0].mean()
            real = float(np.mean(target.codes[rare] == 0))
            assert abs(told - real) < 0.15, f"{goal}, {params}: class 0 has share {real:.2f}, told {told:.2f}"


def check_absent_class(model: type[Estimator]) -> None:
    """A class without training rows gets a probability of (all but) 0, and a column."""
    inputs, target = easy(model, _goals(model, classification=True)[0], 120)
    known = Target(Goal.MULTICLASS, np.minimum(target.codes, 1) * 2.0 + 1.0, 5)
    if Goal.MULTICLASS not in model.spec.solves:
        return
    fitted, _ = taught(model, inputs, known, rounds=20)
    given = fitted.predict(inputs)
    assert given.shape == (120, 5), "one column for each class of the task"
    absent = np.setdiff1d(np.arange(5), known.codes)
    assert given[:, absent].max() < 0.1, "a class never seen is thought likely"
    assert np.allclose(given.sum(axis=1), 1.0, atol=1e-9), "rows sum to 1"


def check_one_class(model: type[Estimator]) -> None:
    """Rows of one class only cannot be learned from: a DataError."""
    goal = _goals(model, classification=True)[0]
    inputs, target = easy(model, goal, 60)
    alone = Target(goal, np.zeros(60), target.classes)
    _refused(DataError, lambda: taught(model, inputs, alone))


def check_zero_weights(model: type[Estimator]) -> None:
    """Rows of weight 0 are as if they were not there, however wrong they are."""
    if Trait.WEIGHTS not in model.spec.traits:
        return
    for goal in _goals(model):
        inputs, target = easy(model, goal, 150)
        kept = np.arange(100)
        weights = (np.arange(150) < 100).astype(np.float64)
        wrong = target.values.copy()
        wrong[100:] = wrong[100:][::-1]
        weighted, _ = taught(model, inputs, Target(goal, wrong, target.classes, weights), rounds=20)
        fewer = Target(goal, target.values[kept], target.classes, np.ones(100))
        without, _ = taught(model, inputs.take(kept), fewer, rounds=20)
        assert np.allclose(weighted.predict(inputs), without.predict(inputs)), f"{goal}: rows of weight 0 were learned"


def check_weights(model: type[Estimator]) -> None:
    """Whole-number weights are about the same as repeated rows, and a heavy group outvotes a light one."""
    for goal in _goals(model):
        inputs, target = easy(model, goal, 240)
        weights = (1 + np.arange(240) % 3).astype(np.float64)
        rows = np.repeat(np.arange(240), weights.astype(int))
        weighted = Target(goal, target.values, target.classes, weights)
        by_weight = taught(model, inputs, weighted, rounds=40)[0].predict(inputs)
        by_rows = taught(model, inputs.take(rows), target.take(rows), rounds=40)[0].predict(inputs)
        gap = float(np.abs(by_weight - by_rows).mean())
        spread = 1.0 if goal.is_classification else float(np.std(target.values))
        assert gap < 0.25 * spread, f"{goal}: weights and repeated rows differ by {gap:.3f}"
        if Trait.BASELINE in model.spec.traits:
            continue
        # Three rows of four are told wrong and weigh next to nothing.
        told, wrong = target.values.copy(), np.arange(240) % 4 != 0
        told[wrong] = np.random.default_rng(2).permutation(told[wrong])
        heard = Target(goal, told, target.classes, np.where(wrong, 1.0, 20.0))
        right = taught(model, inputs, heard, rounds=40)[0].predict(inputs)
        alike = taught(model, inputs, Target(goal, told, target.classes), rounds=40)[0].predict(inputs)
        assert loss(target, right) < loss(target, alike), f"{goal}: weights change nothing for the better"


def check_missing(model: type[Estimator]) -> None:
    """Missing values are learned from and predicted, also in columns that had none."""
    for goal in _goals(model):
        inputs, target = easy(model, goal, 200)
        stream = np.random.default_rng(1)
        for share, rows in ((0.3, np.arange(200)), (1.0, np.arange(3))):
            holed = Inputs(200, {form: _holed(block, share, rows, stream) for form, block in inputs.blocks.items()})
            fitted, _ = taught(model, holed, target, rounds=20)
            assert np.isfinite(fitted.predict(holed)).all(), f"{goal}: a prediction is not finite"
        whole, _ = taught(model, inputs, target, rounds=20)
        nothing = Inputs(200, {f: _holed(b, 1.0, np.arange(200), stream) for f, b in inputs.blocks.items()})
        assert np.isfinite(whole.predict(nothing)).all(), f"{goal}: rows without any value"


def check_early_stopping(model: type[Estimator]) -> None:
    """`valid` chooses the rounds; a refit takes the number it is given."""
    for goal in _goals(model):
        inputs, target = easy(model, goal, 300)
        held = np.arange(200, 300)
        learning = inputs.take(np.arange(200)), target.take(np.arange(200))
        _, info = taught(model, *learning, Valid(inputs.take(held), target.take(held)))
        assert info.rounds is not None and info.rounds >= 1, "a fit says how many rounds it kept"
        _, again = taught(model, *learning, rounds=7)
        assert again.rounds == 7, f"7 rounds were asked, {again.rounds} kept"
        one_class = np.flatnonzero(target.codes[200:] == target.codes[200])[:10] + 200
        for metric in ("roc_auc", "accuracy", "no_such_metric", "rmse"):
            rows = Valid(inputs.take(one_class), target.take(one_class))
            fitted, _ = taught(model, *learning, rows, metric=metric, seconds_left=_seconds(1.0))
            assert np.isfinite(fitted.predict(inputs)).all(), f"{metric} on rows of one class"


def check_quantiles(model: type[Estimator]) -> None:
    """The share of truths below a predicted quantile is about its level."""
    inputs, target = easy(model, Goal.REGRESSION, 600)
    noisy = Target(Goal.REGRESSION, target.values + np.random.default_rng(3).normal(0, 1, 600))
    below = {}
    for level in (0.1, 0.9):
        fitted, _ = taught(model, inputs, noisy, objective="quantile", quantile=level, rounds=60)
        below[level] = float(np.mean(noisy.values <= fitted.predict(inputs)))
        assert abs(below[level] - level) < 0.13, f"quantile {level} has {below[level]:.2f} of the truths below it"
    fitted, _ = taught(model, inputs, noisy, objective="median", rounds=60)
    assert below[0.1] < np.mean(noisy.values <= fitted.predict(inputs)) < below[0.9], "the median lies between"


def check_counts(model: type[Estimator]) -> None:
    """Predicted counts are not negative and have about the right mean."""
    inputs, target = easy(model, Goal.REGRESSION, 300)
    scaled = (target.values - target.values.mean()) / target.values.std()
    counts = np.random.default_rng(4).poisson(np.exp(0.5 * scaled)).astype(float)
    fitted, _ = taught(model, inputs, Target(Goal.REGRESSION, counts), objective="counts", rounds=60)
    predicted = fitted.predict(inputs)
    assert (predicted >= 0).all(), "a count is negative"
    assert abs(predicted.mean() / counts.mean() - 1) < 0.2, (
        f"mean {predicted.mean():.2f}, of the truth {counts.mean():.2f}"
    )
    none, _ = taught(model, inputs, Target(Goal.REGRESSION, np.zeros(300)), objective="counts", rounds=5)
    assert np.abs(none.predict(inputs)).max() < 0.2, "all counts are 0"


def check_scale_free(model: type[Estimator]) -> None:
    """A monotone change of the numbers changes next to nothing for the rows learned from."""
    for goal in _goals(model):
        inputs, target = easy(model, goal, 200)
        numbers = inputs[Form.NUMBERS]
        bent = Inputs(200, {**inputs.blocks, Form.NUMBERS: Block(Form.NUMBERS, numbers.names, np.exp(numbers.values))})
        plain = taught(model, inputs, target, rounds=20)[0].predict(inputs)
        moved = taught(model, bent, target, rounds=20)[0].predict(bent)
        gap = float(np.abs(plain - moved).mean())
        spread = 1.0 if goal.is_classification else float(np.std(target.values))
        assert gap < 0.05 * spread, f"{goal}: predictions moved by {gap:.3f}"


def check_samples(model: type[Estimator]) -> None:
    """Random points of the space, and every portfolio entry, can be learned and give finite predictions."""
    stream = np.random.default_rng(6)
    points = [model.spec.space.sample(stream) for _ in range(4)] + [dict(entry) for entry in model.spec.portfolio]
    for place, params in enumerate(points):
        goals = _goals(model)
        goal = goals[place % len(goals)]
        inputs, target = easy(model, goal, 80)
        fitted, _ = taught(model, inputs, target, params=params, rounds=8, seconds_left=_seconds(3.0))
        assert np.isfinite(fitted.predict(inputs)).all(), f"{goal}, {params}: a prediction is not finite"


def check_small(model: type[Estimator]) -> None:
    """Two rows for each class, with fewer rows than columns."""
    for goal in _goals(model):
        inputs, target = easy(model, goal, 200, columns=12)
        codes = target.codes if goal.is_classification else np.arange(200)
        rows = np.concatenate([np.flatnonzero(codes == k)[:2] for k in range(max(target.classes, 2))])
        fitted, _ = taught(model, inputs.take(rows), target.take(rows), rounds=10)
        assert np.isfinite(fitted.predict(inputs)).all(), f"{goal}: a prediction is not finite"


def check_clock(model: type[Estimator]) -> None:
    """With no time left it ends at once, and can predict."""
    for goal in _goals(model):
        inputs, target = easy(model, goal, 300)
        started = time.monotonic()
        fitted, info = taught(model, inputs, target, seconds_left=lambda: 0.0)
        assert time.monotonic() - started < 10, "a fit without time took more than ten seconds"
        assert np.isfinite(fitted.predict(inputs)).all(), f"{goal}: a prediction is not finite"
        assert info.rounds is None or info.rounds < 50, "rounds without time"


def check_columns(model: type[Estimator]) -> None:
    """Constant, equal, single, huge and tiny columns are survived; new rows may be far outside."""
    if Form.NUMBERS not in model.spec.accepts:
        return
    for goal in _goals(model):
        _, target = easy(model, goal, 90)
        for name, values in columns_of(90, np.random.default_rng(8)).items():
            inputs = _numbers(values)
            fitted, _ = taught(model, inputs, target, rounds=5)
            far = _numbers(np.concatenate([values, values[:5] * 1e6, -1e300 + values[:2]]))
            assert np.isfinite(fitted.predict(far)).all(), f"{goal}, {name}: a prediction is not finite"


def check_wide(model: type[Estimator]) -> None:
    """Ten thousand columns and few rows; slow for some models, so not among `checks_for`."""
    for goal in _goals(model):
        inputs, target = easy(model, goal, 60, columns=10_000)
        fitted, _ = taught(model, inputs, target, rounds=3, seconds_left=_seconds(10.0))
        assert np.isfinite(fitted.predict(inputs)).all(), f"{goal}: a prediction is not finite"


def check_sparse_alone(model: type[Estimator]) -> None:
    """Sparse columns alone, beside an empty block of numbers, and beside numbers."""
    from scipy import sparse

    for goal in _goals(model):
        mixed, target = easy(model, goal, 200)
        words = sparse.csr_matrix(np.maximum(mixed[Form.NUMBERS].values, 0.0))
        block = Block(Form.SPARSE, tuple(f"word {i}" for i in range(words.shape[1])), words)
        empty = Block(Form.NUMBERS, (), np.empty((200, 0)))
        for blocks in ([block], [empty, block], [mixed[Form.NUMBERS], block]):
            inputs = Inputs.of(200, blocks)
            fitted, _ = taught(model, inputs, target, rounds=20)
            batch = fitted.predict(inputs)
            assert np.isfinite(batch).all(), f"{goal}: a prediction is not finite"
            assert np.array_equal(fitted.predict(inputs.take(np.array([3])))[0], batch[3]), f"{goal}: one row differs"
            assert loss(target, batch) < loss(target, _constant(target, 200)) or Trait.BASELINE in model.spec.traits


def check_unseen_categories(model: type[Estimator]) -> None:
    """Codes that no training row had, and missing ones, give finite predictions."""
    for goal in _goals(model):
        inputs, target = easy(model, goal, 200)
        codes = np.random.default_rng(9).integers(0, 5, (200, 2)).astype(np.int32)
        named = Block(Form.CATEGORIES, ("a", "b"), codes, (9, 9))
        for blocks in ([named], [inputs[Form.NUMBERS], named]):
            fitted, _ = taught(model, Inputs.of(200, blocks), target, rounds=20)
            other = np.where(codes < 2, -1, codes + 4).astype(np.int32)
            asked = [*blocks[:-1], Block(Form.CATEGORIES, ("a", "b"), other, (9, 9))]
            assert np.isfinite(fitted.predict(Inputs.of(200, asked))).all(), f"{goal}: a prediction is not finite"


def check_cost(model: type[Estimator]) -> None:
    """The estimate of a small fit is right within a factor of 20, or a second."""
    for goal in _goals(model):
        inputs, target = easy(model, goal, 600)
        defaults = model.spec.space.defaults()
        started = time.process_time()
        taught(model, inputs, target, params=defaults)
        spent = time.process_time() - started
        size = Size(600, len(inputs.names), target.classes if goal is Goal.MULTICLASS else 1)
        estimate = model.spec.cost(model().params, size).seconds
        assert spent < max(1.0, 20 * estimate), f"{goal}: took {spent:.2f} s, estimated {estimate:.2f} s"
        assert estimate < max(1.0, 20 * spent), f"{goal}: took {spent:.2f} s, estimated {estimate:.2f} s"


_BY_TRAIT: dict[Trait, Check] = {
    Trait.WEIGHTS: check_weights,
    Trait.MISSING: check_missing,
    Trait.EARLY_STOPPING: check_early_stopping,
    Trait.QUANTILES: check_quantiles,
    Trait.COUNTS: check_counts,
    Trait.SCALE_FREE: check_scale_free,
}


def _goals(model: type[Estimator], classification: bool = False) -> list[Goal]:
    return [g for g in GOALS if g in model.spec.solves and (g.is_classification or not classification)]


def _each_goal(model: type[Estimator]) -> Iterator[tuple[Estimator, Inputs]]:
    for goal in _goals(model):
        inputs, target = easy(model, goal, 240)
        learning = np.arange(200)
        fitted, _ = taught(model, inputs.take(learning), target.take(learning), rounds=25)
        yield fitted, inputs


def _constant(target: Target, rows: int) -> Floats:
    if target.goal.is_classification:
        return np.tile(shares_of(target), (rows, 1))
    return np.full(rows, float(target.values.mean()))


def _numbers(values: Floats) -> Inputs:
    names = tuple(f"x{i}" for i in range(values.shape[1]))
    return Inputs.of(len(values), [Block(Form.NUMBERS, names, values)])


def _holed(block: Block, share: float, rows: Ints, stream: np.random.Generator) -> Block:
    holes = np.zeros(block.values.shape, dtype=bool)
    if block.form is Form.NUMBERS:
        holes[rows] = stream.random((len(rows), block.values.shape[1])) < share
        return Block(block.form, block.names, np.where(holes, np.nan, block.values))
    if block.form is Form.CATEGORIES:
        holes[rows] = stream.random((len(rows), block.values.shape[1])) < share
        return Block(block.form, block.names, np.where(holes, -1, block.values).astype(np.int32), block.levels)
    return block


def _seconds(seconds: float) -> Callable[[], float]:
    end = time.monotonic() + seconds
    return lambda: end - time.monotonic()


def _refused(expected: type[Exception], act: Callable[[], Any]) -> None:
    try:
        act()
    except expected:
        return
    raise AssertionError(f"nothing was refused; expected {expected}")
