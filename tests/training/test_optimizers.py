from __future__ import annotations

import pytest
import torch
from torch import nn

from sevenfold.core.errors import RequestError
from sevenfold.training.optimizers import OPTIMIZERS, make_optimizer, set_rate


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_norms_and_biases_are_not_decayed(name: str) -> None:
    module = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    optimizer = make_optimizer(module, {"name": name, "rate": 0.1, "decay": 0.5})
    decayed = {
        id(parameter): group["weight_decay"] for group in optimizer.param_groups for parameter in group["params"]
    }
    expected = {id(parameter): 0.5 if parameter.ndim == 2 else 0.0 for parameter in module.parameters()}
    assert decayed == expected


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_goes_downhill(name: str) -> None:
    torch.manual_seed(0)
    module = nn.Linear(2, 1)
    optimizer = make_optimizer(module, {"name": name, "rate": 0.05})
    x, y = torch.tensor([[1.0, 2.0], [3.0, -1.0]]), torch.tensor([[1.0], [2.0]])
    losses = []
    for _ in range(200):
        loss = (module(x) - y).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.01 * losses[0] + 1e-4


def test_rate_factor_and_share_multiply_the_rate() -> None:
    module = nn.Linear(2, 1)
    module.bias.rate_factor = 0.1  # type: ignore[assignment]
    optimizer = make_optimizer(module, {"name": "adamw", "rate": 0.2})
    set_rate(optimizer, 0.5)
    assert sorted(group["lr"] for group in optimizer.param_groups) == pytest.approx([0.01, 0.1])


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(RequestError, match="adamw"):
        make_optimizer(nn.Linear(1, 1), {"name": "adam", "rate": 0.1})
