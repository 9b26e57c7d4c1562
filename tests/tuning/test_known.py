"""What is shipped as known of models is what the leave-one-set-out table judged, and follows from its data."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

from sevenfold.core.task import Goal, Task
from sevenfold.models.catalogue import MODELS
from sevenfold.tuning.candidates import FIRST_TRIES
from sevenfold.tuning.gain import KNOWN

FOLDER = Path(__file__).parents[2] / "benchmarks" / "portfolio"


class Learning(NamedTuple):
    """The modules that learn, loaded from where their scripts lie."""

    gains: ModuleType
    greedy: ModuleType
    promises: ModuleType
    replay: ModuleType
    results: ModuleType


@pytest.fixture
def learning(monkeypatch: pytest.MonkeyPatch) -> Iterator[Learning]:
    import importlib
    import sys

    monkeypatch.syspath_prepend(str(FOLDER))
    yield Learning(*(importlib.import_module(name) for name in Learning._fields))
    for name in Learning._fields:
        sys.modules.pop(name, None)


def made_set(learning: Learning, name: str) -> Any:
    """A regression on which CatBoost is nearly right, ridge and LightGBM are halfway, and all else is far off."""
    stream = np.random.default_rng([3, *name.encode()])
    target = stream.normal(size=90)
    noise = {"constant": 0.0, "ridge": 0.7, "lightgbm": 0.7, "catboost": 0.05, "svm_rbf": 3.0, "mlp": 0.7}
    seconds = {"catboost": 4.0, "mlp": 50.0}
    tried, predictions = {}, {}
    for model, size in noise.items():
        trial = f"{model}-0"
        tried[trial] = learning.results.Tried(trial, model, 0, False, {}, seconds.get(model, 1.0))
        predictions[trial] = 0.0 * target if model == "constant" else target + size * stream.normal(size=90)
    task = Task(Goal.REGRESSION, "y", "rmse")
    return learning.results.SetResults(name, task, target, np.arange(90) % 3, tried, predictions)


def test_what_is_shipped_is_what_was_judged(learning: Learning) -> None:
    assert learning.promises.JUDGED == KNOWN


def test_the_table_follows_from_the_measured_gains(learning: Learning) -> None:
    known = learning.promises.learned(learning.gains.read(FOLDER / "gains.csv"))
    page = (FOLDER / "RESULTS.md").read_text(encoding="utf-8")
    for name, value in known.first.items():
        assert f"| {name} | {KNOWN.first.get(name, KNOWN.other)} | {value} |" in page
    assert f"| {KNOWN.next_start} | {known.next_start} |" in page
    assert f"| {KNOWN.variant} | {known.variant} |" in page


def test_without_measured_sets_the_judgement_stands(learning: Learning) -> None:
    gain = learning.gains.Gain
    few = [gain("a", model, "first", 0.02 * value) for model, value in KNOWN.first.items() if model != "lightgbm"]
    known = learning.promises.learned(few)
    assert known.first["catboost"] == pytest.approx(KNOWN.first["catboost"], rel=0.02)
    assert known.variant == KNOWN.variant
    assert known.first["image_network"] == KNOWN.first["image_network"]


def test_many_sets_outweigh_the_judgement(learning: Learning) -> None:
    gain = learning.gains.Gain
    sets = [f"s{number}" for number in range(60)]
    found = [
        gain(name, model, "first", value)
        for name in sets
        for model, value in {"catboost": 0.001, "xgboost": 0.01, "mlp": 0.02}.items()
    ]
    known = learning.promises.learned(found)
    assert known.first["mlp"] > known.first["xgboost"] > known.first["catboost"] > 0.0


def test_names_known_are_models() -> None:
    assert set(KNOWN.first) <= set(MODELS.names())
    assert set(FIRST_TRIES) <= set(MODELS.names())
    assert len(set(FIRST_TRIES)) == len(FIRST_TRIES)


def test_shares_run_from_the_constant_to_the_best_trial(learning: Learning) -> None:
    made = made_set(learning, "a")
    assert made.single("constant-0") == 0.0
    assert made.single("catboost-0") == 1.0
    assert made.yardstick == "ridge-0"
    both = made.ensemble(["ridge-0", "lightgbm-0"])
    assert max(made.single("ridge-0"), made.single("lightgbm-0")) < both < 1.0


def test_a_replay_reaches_what_its_time_allows(learning: Learning) -> None:
    made = made_set(learning, "a")
    begun = made.ensemble(["ridge-0", "lightgbm-0"])
    assert learning.replay.by_promise(made, 3.0, 1.0, KNOWN) == begun
    assert learning.replay.by_promise(made, 10.0, 1.0, KNOWN) > begun + 0.1
    assert learning.replay.by_promise(made, 10.0, 10.0, KNOWN) == begun
    assert learning.replay.after(made, 1, learning.replay.in_turn(made, FIRST_TRIES)) == begun
    assert learning.replay.after(made, 2, learning.replay.in_turn(made, FIRST_TRIES)) > begun + 0.1


def test_the_greedy_order_begins_with_what_raises_most_a_second(learning: Learning) -> None:
    assert learning.greedy.greedy([made_set(learning, name) for name in "abc"])[0] == "catboost-0"


def test_gains_are_measured_for_what_comes_after_the_first_model(learning: Learning) -> None:
    found = {(gain.model, gain.step): gain.gain for gain in learning.gains.measure(made_set(learning, "a"))}
    assert ("lightgbm", "first") not in found
    assert found["catboost", "first"] > 0.1 > found["svm_rbf", "first"]
