from __future__ import annotations

import sys

import pytest
import torch
from torch import nn

from sevenfold.training.optimizers import make_optimizer, set_rate
from sevenfold.training.steps import Steps

SETTINGS = (
    {"name": "adamw", "rate": 0.01, "decay": 0.1},
    {"name": "sgd", "rate": 0.05, "decay": 0.1, "momentum": 0.9},
    {"name": "sgd", "rate": 0.05, "momentum": 0.0},
)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))


def taught(module: nn.Module, optimizer: Steps | torch.optim.Optimizer, steps: int, first: int = 0) -> list[float]:
    for step in range(first, first + steps):
        torch.manual_seed(step)
        loss = (module(torch.randn(8, 3)) - torch.randn(8, 1)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        for group in optimizer.param_groups:
            group["lr"] = group["full_rate"] * (1.0 - step / 40)
        optimizer.step()
    return [value for parameter in module.parameters() for value in parameter.flatten().tolist()]


@pytest.mark.parametrize("settings", SETTINGS)
def test_changes_what_torch_changes(settings: dict[str, object]) -> None:
    own, theirs = network(), network()
    optimizer = make_optimizer(own, settings)
    groups = [
        {**group, "params": [dict(theirs.named_parameters())[name] for name in names_of(own, group["params"])]}
        for group in optimizer.param_groups
    ]
    momentum = settings.get("momentum", 0.0)
    reference: torch.optim.Optimizer
    if settings["name"] == "adamw":
        reference = torch.optim.AdamW(groups, betas=(0.9, 0.95))
    else:
        reference = torch.optim.SGD(groups, momentum=momentum, nesterov=bool(momentum))  # type: ignore[arg-type]
    assert taught(own, optimizer, 20) == pytest.approx(taught(theirs, reference, 20), rel=1e-5, abs=1e-7)


def names_of(module: nn.Module, parameters: list[nn.Parameter]) -> list[str]:
    return [name for name, own in module.named_parameters() if any(own is parameter for parameter in parameters)]


@pytest.mark.parametrize("settings", SETTINGS)
def test_goes_on_as_if_never_broken_off(settings: dict[str, object]) -> None:
    whole, broken = network(), network()
    expected = taught(whole, make_optimizer(whole, settings), 10)
    before = make_optimizer(broken, settings)
    taught(broken, before, 6)
    after = make_optimizer(broken, settings)
    after.load_state_dict(before.state_dict())
    assert taught(broken, after, 4, first=6) == expected


def test_a_parameter_without_gradient_stays() -> None:
    module = network()
    optimizer = make_optimizer(module, SETTINGS[0])
    before = [parameter.clone() for parameter in module.parameters()]
    set_rate(optimizer, 0.5)
    optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))
    assert optimizer.state_dict()["state"] == {}


def test_leaves_the_compiler_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)  # importing it fails from now on
    module = network()
    before = [parameter.clone() for parameter in module.parameters()]
    taught(module, make_optimizer(module, SETTINGS[0]), 1)
    assert not any(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))
