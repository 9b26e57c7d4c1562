from __future__ import annotations

import math

import pytest
import torch

from sevenfold.core.errors import RequestError
from sevenfold.core.network import Lesson
from sevenfold.training.losses import LOSSES, loss_sum


def lesson(loss: str, **more: float) -> Lesson:
    return Lesson(loss, {"name": "sgd", "rate": 0.1}, epochs=1, batch_rows=1, **more)  # type: ignore[arg-type]


def test_cross_entropy_is_a_sum_and_a_count() -> None:
    logits = torch.log(torch.tensor([[0.8, 0.2], [0.3, 0.7]]))
    total, count = loss_sum(logits, torch.tensor([0, 1]), None, lesson("cross-entropy"), smoothing=True)
    assert float(total) == pytest.approx(-math.log(0.8) - math.log(0.7))
    assert float(count) == 2


def test_weights_multiply_and_are_counted() -> None:
    output, labels = torch.tensor([[1.0], [2.0]]), torch.tensor([0.0, 0.0])
    total, count = loss_sum(output, labels, torch.tensor([0.5, 3.0]), lesson("squared"), smoothing=True)
    assert (float(total), float(count)) == (12.5, 3.5)


def test_labels_are_smoothed_in_training_only() -> None:
    logits = torch.log(torch.tensor([[0.9, 0.1]]))
    smooth = lesson("cross-entropy", label_smoothing=0.2)
    taught, _ = loss_sum(logits, torch.tensor([0]), None, smooth, smoothing=True)
    measured, _ = loss_sum(logits, torch.tensor([0]), None, smooth, smoothing=False)
    assert float(taught) == pytest.approx(-0.9 * math.log(0.9) - 0.1 * math.log(0.1), rel=1e-5)
    assert float(measured) == pytest.approx(-math.log(0.9), rel=1e-5)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_the_quantile_loss_is_least_at_the_quantile(quantile: float) -> None:
    labels = torch.linspace(0, 100, 101)
    losses = [
        float(loss_sum(torch.full((101, 1), float(v)), labels, None, lesson("quantile", quantile=quantile), True)[0])
        for v in range(101)
    ]
    assert losses.index(min(losses)) == pytest.approx(100 * quantile, abs=1)


def test_the_poisson_loss_is_least_at_the_mean() -> None:
    labels = torch.tensor([0.0, 1.0, 5.0])
    losses = {
        mean: float(loss_sum(torch.full((3, 1), math.log(mean)), labels, None, lesson("poisson"), True)[0])
        for mean in (1.0, 1.9, 2.0, 2.1, 3.0)
    }
    assert min(losses, key=lambda mean: losses[mean]) == 2.0


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(RequestError, match=r"Did you mean 'squared'"):
        loss_sum(torch.zeros(1, 1), torch.zeros(1), None, lesson("square"), True)
    assert set(LOSSES) == {"cross-entropy", "squared", "quantile", "poisson"}
