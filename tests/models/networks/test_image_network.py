from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from sevenfold.core.errors import DataError
from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.model import FitContext
from sevenfold.core.state import pack, unpack
from sevenfold.core.task import Goal, Target
from sevenfold.models.networks.image_network import ImageNetwork
from sevenfold.training.loop import teach

SMALL: dict[str, Any] = {"width": 8, "epochs": 2, "batch_rows": 16}


def stripes(rows: int, side: int = 16, channels: int = 1, seed: int = 0) -> tuple[Inputs, Target]:
    """Pictures with stripes down, across, or none."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, rows)
    images = generator.integers(60, 120, (rows, side, side, channels))
    for row, label in enumerate(labels):
        start = int(generator.integers(4))
        if label == 1:
            images[row, start::4] += 100
        if label == 2:
            images[row, :, start::4] += 100
    block = Block(Form.IMAGES, ("picture",), images.astype(np.uint8))
    return Inputs.of(rows, [block]), Target(Goal.MULTICLASS, labels.astype(np.float64), 3)


def taught(params: dict[str, Any], inputs: Inputs, target: Target) -> ImageNetwork:
    network = ImageNetwork(**params)
    teach(network, inputs, target, None, FitContext(np.random.default_rng(1)))
    return network


def test_learns_to_tell_stripes() -> None:
    network = taught({**SMALL, "epochs": 8, "flip": True, "turn": 5.0}, *stripes(240))
    inputs, truth = stripes(90, seed=1)
    assert (network.predict(inputs).argmax(axis=1) == truth.codes).mean() > 0.95


@pytest.mark.parametrize(("side", "channels"), [(9, 3), (16, 1), (21, 3), (48, 1), (97, 1)])
def test_numpy_predicts_what_torch_would(side: int, channels: int) -> None:
    inputs, target = stripes(24, side, channels)
    network = ImageNetwork(**SMALL)
    kept: list[torch.nn.Module] = []
    learned = network.learned
    network.learned = lambda module: (kept.append(module), learned(module))[1]  # type: ignore[method-assign,func-returns-value]
    teach(network, inputs, target, None, FitContext(np.random.default_rng(1)))
    with torch.no_grad():
        logits = kept[0](torch.from_numpy(inputs[Form.IMAGES].values)).numpy()
    assert network.predict(inputs) == pytest.approx(network._outputs.predictions(logits), rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("flip", [False, True])
def test_a_picture_alone_gives_what_it_gives_among_others(flip: bool) -> None:
    inputs, target = stripes(70, 20, 3)
    network = taught({**SMALL, "epochs": 1, "flip": flip}, inputs, target)
    together = network.predict(inputs)
    alone = np.concatenate([network.predict(inputs.take(np.array([row]))) for row in range(70)])
    assert np.array_equal(together, alone)
    assert together.sum(axis=1) == pytest.approx(np.ones(70))


def test_mirrored_pictures_count_alike_where_they_may_be_mirrored() -> None:
    inputs, target = stripes(40)
    network = taught({**SMALL, "flip": True}, inputs, target)
    mirrored = np.ascontiguousarray(inputs[Form.IMAGES].values[:, :, ::-1])
    other = Inputs.of(40, [Block(Form.IMAGES, ("picture",), mirrored)])
    assert network.predict(inputs) == pytest.approx(network.predict(other), abs=1e-6)


def test_restored_from_data_it_predicts_the_same() -> None:
    inputs, target = stripes(40)
    network = taught(SMALL, inputs, target)
    again = ImageNetwork(**SMALL)
    again.restore(unpack(pack(network.state())))
    assert pack(again.state()) == pack(network.state())
    assert np.array_equal(network.predict(inputs), again.predict(inputs))
    assert again.predict(inputs.take(np.empty(0, np.int64))).shape == (0, 3)


def test_brightness_can_be_predicted() -> None:
    generator = np.random.default_rng(0)
    level = generator.uniform(0, 200, 200)
    images = (level[:, None, None, None] + generator.uniform(0, 50, (200, 12, 12, 1))).astype(np.uint8)
    inputs = Inputs.of(200, [Block(Form.IMAGES, ("picture",), images)])
    network = taught({**SMALL, "epochs": 12, "rate": 0.05}, inputs, Target(Goal.REGRESSION, level))
    assert np.corrcoef(network.predict(inputs), level)[0, 1] > 0.95


def test_pictures_too_small_are_refused() -> None:
    inputs, target = stripes(10, side=6)
    with pytest.raises(DataError, match="too small"):
        ImageNetwork().build(inputs, target, FitContext(np.random.default_rng(0)))
