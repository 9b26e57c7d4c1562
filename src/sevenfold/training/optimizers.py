"""Optimizers by name, with weight decay where it belongs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sevenfold.core.errors import unknown_name
from sevenfold.training.steps import AdamW, Descent, Steps

if TYPE_CHECKING:
    import torch

OPTIMIZERS = ("adamw", "sgd")


def make_optimizer(module: torch.nn.Module, settings: Mapping[str, Any]) -> Steps:
    """An optimizer for all parameters of a module that learn.

    Norms and biases (parameters of fewer than two dimensions) are not decayed. A parameter may carry an
    attribute `rate_factor` that multiplies its rate.

    Args:
        module: what is taught.
        settings: `name` ("adamw", "sgd"), `rate`, and optionally `decay`, `momentum` (sgd, Nesterov's),
            `beta2` (adamw).
    Raises:
        RequestError: unknown name.
    """
    name = settings["name"]
    rate = float(settings["rate"])
    decay = float(settings.get("decay", 0.0))
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for parameter in module.parameters():
        if parameter.requires_grad:
            key = (decay if parameter.ndim >= 2 else 0.0, float(getattr(parameter, "rate_factor", 1.0)))
            groups.setdefault(key, []).append(parameter)
    described = [
        {"params": parameters, "weight_decay": own, "lr": rate * factor, "full_rate": rate * factor}
        for (own, factor), parameters in groups.items()
    ]
    if name == "adamw":
        return AdamW(described, (0.9, float(settings.get("beta2", 0.95))))
    if name == "sgd":
        return Descent(described, float(settings.get("momentum", 0.9)))
    raise unknown_name("Optimizer", name, OPTIMIZERS)


def set_rate(optimizer: Steps, share: float) -> None:
    """Set every group's rate to a share of its full rate."""
    for group in optimizer.param_groups:
        group["lr"] = group["full_rate"] * share
