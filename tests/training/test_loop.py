"""The loop on small problems: it learns, repeats itself, stops in time, and goes on where it was cut off."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sevenfold.core.errors import DataError, MissingExtraError, RequestError
from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.model import FitContext, Valid
from sevenfold.core.network import Lesson
from sevenfold.core.task import Goal, Target
from sevenfold.models.networks.mlp import MultilayerPerceptron
from sevenfold.training.checkpoints import FILE_NAME
from sevenfold.training.loop import teach
from sevenfold.training.pace import Pace

SMALL: dict[str, Any] = {"units": 16, "layers": 2, "bins": 4, "epochs": 6, "patience": 0}


def moons(rows: int, seed: int = 0) -> tuple[Inputs, Target]:
    """Two classes that no straight line parts."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(rows, 2))
    labels = (x[:, 0] * x[:, 1] > 0).astype(np.float64)
    return Inputs.of(rows, [Block(Form.NUMBERS, ("a", "b"), x)]), Target(Goal.BINARY, labels, 2)


def context(**changes: Any) -> FitContext:
    return dataclasses.replace(FitContext(np.random.default_rng(7)), **changes)


class Clock:
    """A budget that shrinks by a fixed amount whenever it is asked for."""

    def __init__(self, seconds: float, each: float) -> None:
        self.seconds, self.each = seconds, each

    def __call__(self) -> float:
        self.seconds -= self.each
        return max(0.0, self.seconds)


class CutOffError(Exception):
    """Stands for whatever ends a process."""


class Breaker:
    """Ends the training from outside after so many questions for the time left."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def __call__(self) -> float:
        self.calls -= 1
        if self.calls < 0:
            raise CutOffError
        return float("inf")


def test_learns_what_no_line_can_part() -> None:
    inputs, target = moons(600)
    network = MultilayerPerceptron(units=32, layers=2, epochs=15)
    info = teach(network, inputs, target, None, context())
    fresh, truth = moons(400, seed=1)
    assert (network.predict(fresh).argmax(axis=1) == truth.codes).mean() > 0.9
    assert info.rounds == 15
    assert not info.truncated


def test_same_stream_same_result_and_global_state_is_left_alone() -> None:
    inputs, target = moons(200)
    before = torch.random.get_rng_state()
    threads, exact = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    predictions = []
    for _ in range(2):
        network = MultilayerPerceptron(**SMALL)
        teach(network, inputs, target, None, context())
        predictions.append(network.predict(inputs))
    assert np.array_equal(*predictions)
    assert torch.equal(before, torch.random.get_rng_state())
    assert (threads, exact) == (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled())


def test_another_stream_gives_another_network() -> None:
    inputs, target = moons(200)
    predictions = []
    for seed in (1, 2):
        network = MultilayerPerceptron(**SMALL)
        teach(network, inputs, target, None, context(stream=np.random.default_rng(seed)))
        predictions.append(network.predict(inputs))
    assert not np.array_equal(*predictions)


def test_stops_early_and_keeps_the_best_epoch() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(100, 5))
    noise = Target(Goal.BINARY, generator.integers(0, 2, 100).astype(np.float64), 2)  # nothing can be learned
    inputs = Inputs.of(100, [Block(Form.NUMBERS, tuple("abcde"), x)])
    rows, held = np.arange(60), np.arange(60, 100)
    network = MultilayerPerceptron(units=64, layers=2, epochs=100, patience=3, rate=0.01)
    valid = Valid(inputs.take(held), noise.take(held))
    info = teach(network, inputs.take(rows), noise.take(rows), valid, context())
    assert info.rounds is not None
    assert info.notes["epochs"] == info.rounds + 3 < 100
    codes = noise.codes[held]
    measured = -np.log(network.predict(valid.inputs)[np.arange(40), codes]).mean()
    assert measured == pytest.approx(info.notes["valid_loss"], rel=1e-5)


def test_rounds_fix_the_number_of_epochs() -> None:
    inputs, target = moons(100)
    info = teach(MultilayerPerceptron(**SMALL), inputs, target, None, context(rounds=3))
    assert info.rounds == info.notes["epochs"] == 3


def test_ends_before_the_time_is_up() -> None:
    inputs, target = moons(400)
    network = MultilayerPerceptron(units=16, layers=1, epochs=400, patience=0)
    info = teach(network, inputs, target, None, context(seconds_left=Clock(1.0, 0.01)))
    assert info.truncated
    assert 0 < info.notes["epochs"] < 400
    assert np.isfinite(network.predict(inputs)).all()


def test_time_that_turns_up_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, target = moons(400)
    affordable = iter([15.0, 14.0])  # hardly anything at the first plans; then there is plenty
    monkeypatch.setattr(Pace, "affordable_steps", lambda pace: next(affordable, float("inf")))
    network = MultilayerPerceptron(units=16, layers=1, epochs=8, patience=0)
    info = teach(network, inputs, target, None, context())
    assert info.notes["epochs"] == 8
    assert not info.truncated


def test_no_time_at_all_still_gives_a_network() -> None:
    inputs, target = moons(100)
    network = MultilayerPerceptron(**SMALL)
    info = teach(network, inputs, target, Valid(inputs, target), context(seconds_left=lambda: 0.0))
    assert info.truncated
    assert info.rounds == 1
    assert np.isfinite(network.predict(inputs)).all()


@pytest.mark.parametrize("steps", [1, 5, 9, 14])
def test_a_resumed_training_ends_as_an_uninterrupted_one(tmp_path: Path, steps: int) -> None:
    inputs, target = moons(200)
    held = Valid(*moons(50, seed=3))
    whole = MultilayerPerceptron(**SMALL)
    told = teach(whole, inputs, target, held, context())

    broken = context(checkpoint=str(tmp_path), seconds_left=Breaker(steps))
    with pytest.raises(CutOffError):
        teach(MultilayerPerceptron(**SMALL), inputs, target, held, broken, checkpoint_seconds=0.0)
    assert (tmp_path / FILE_NAME).is_file()
    resumed = MultilayerPerceptron(**SMALL)
    info = teach(resumed, inputs, target, held, context(checkpoint=str(tmp_path)))
    assert np.array_equal(whole.predict(inputs), resumed.predict(inputs))
    assert {**info.notes, "spent_seconds": 0} == {**told.notes, "spent_seconds": 0}
    assert info.rounds == told.rounds
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_of_another_training_is_ignored(tmp_path: Path) -> None:
    inputs, target = moons(100)
    with pytest.raises(CutOffError):
        broken = context(checkpoint=str(tmp_path), seconds_left=Breaker(4))
        teach(MultilayerPerceptron(**SMALL), inputs, target, None, broken, checkpoint_seconds=0.0)
    other = {**SMALL, "rate": 0.01}
    network, alone = MultilayerPerceptron(**other), MultilayerPerceptron(**other)
    teach(network, inputs, target, None, context(checkpoint=str(tmp_path)))
    teach(alone, inputs, target, None, context())
    assert np.array_equal(network.predict(inputs), alone.predict(inputs))


def test_rows_of_weight_zero_are_as_if_they_were_not_there() -> None:
    inputs, target = moons(80)
    weights = np.repeat([1.0, 0.0], [50, 30])
    kept = np.arange(50)
    weighted, without = MultilayerPerceptron(**SMALL), MultilayerPerceptron(**SMALL)
    teach(weighted, inputs, Target(Goal.BINARY, target.values, 2, weights), None, context())
    teach(without, inputs.take(kept), target.take(kept), None, context())
    assert weighted.predict(inputs) == pytest.approx(without.predict(inputs), abs=1e-6)


def test_weights_decide_between_rows_that_disagree() -> None:
    inputs, target = moons(300)
    wrong = target.values.copy()
    wrong[:150] = 1 - wrong[:150]
    weights = np.repeat([0.01, 1.0], 150)
    network = MultilayerPerceptron(units=32, layers=2, epochs=20, patience=0)
    teach(network, inputs, Target(Goal.BINARY, wrong, 2, weights), None, context())
    fresh, truth = moons(300, seed=1)
    assert (network.predict(fresh).argmax(axis=1) == truth.codes).mean() > 0.8


class Exploding(MultilayerPerceptron):
    """Its loss is infinite until it is taught at half the rate (`lasting`: even then)."""

    lasting = False
    builds = 0

    def lesson(self, inputs: Inputs, target: Target, context: FitContext) -> Lesson:
        lesson = super().lesson(inputs, target, context)
        rate = 1e30 if self.lasting else 1e-3
        return dataclasses.replace(lesson, optimizer={"name": "sgd", "rate": rate, "momentum": 0.0}, gradient_norm=0.0)

    def build(self, inputs: Inputs, target: Target, context: FitContext) -> torch.nn.Module:
        module = super().build(inputs, target, context)
        calls = iter(range(1_000_000))

        def spoil(module: torch.nn.Module, args: object, output: torch.Tensor) -> torch.Tensor:
            return output * float("nan") if not self.lasting and next(calls) == 2 else output

        module.register_forward_hook(spoil)
        return module


def test_a_loss_that_is_not_finite_starts_again_at_half_the_rate() -> None:
    inputs, target = moons(100)
    network = Exploding(**SMALL)
    info = teach(network, inputs, target, None, context())
    assert info.notes["rate_factor"] == 0.5
    assert info.notes["epochs"] == SMALL["epochs"]
    assert np.isfinite(network.predict(inputs)).all()


def test_a_loss_that_stays_infinite_is_an_error() -> None:
    inputs, target = moons(100)
    network = Exploding(**SMALL)
    network.lasting = True
    with pytest.raises(DataError, match="not finite"):
        teach(network, inputs, target, None, context())


def test_a_goal_it_cannot_reach_is_refused() -> None:
    inputs, target = moons(10)
    with pytest.raises(RequestError, match="cannot reach the goal"):
        teach(MultilayerPerceptron(), inputs, Target(Goal.RECOMMENDATION, target.values), None, context())


def test_no_rows_and_no_torch_are_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, target = moons(10)
    nothing = np.empty(0, np.int64)
    with pytest.raises(DataError):
        teach(MultilayerPerceptron(), inputs.take(nothing), target.take(nothing), None, context())
    monkeypatch.setattr("sevenfold.core.network.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"sevenfold\[deep\]"):
        teach(MultilayerPerceptron(), inputs, target, None, context())
