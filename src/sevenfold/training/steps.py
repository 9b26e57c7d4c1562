"""How an optimizer changes parameters after a batch: AdamW, and gradient descent with Nesterov's momentum.

Torch's own optimizers import its compiler when they are made: 70 MB for each process, and more than a second.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_EPSILON = 1e-8


class Steps(ABC):
    """Changes the parameters of its groups by their gradients, at each group's own rate.

    Args:
        groups: each with `params` (a list), `lr` and `weight_decay`; anything else is kept with it.
    """

    def __init__(self, groups: Sequence[dict[str, Any]]) -> None:
        self.param_groups = list(groups)
        self._slots: dict[int, dict[str, Tensor]] = {}

    def zero_grad(self) -> None:
        """Let go of the gradients."""
        for _, parameter, _ in self._parameters():
            parameter.grad = None

    def step(self) -> None:
        """Change every parameter that has a gradient."""
        import torch

        with torch.no_grad():
            for index, parameter, group in self._parameters():
                if parameter.grad is not None:
                    slots = self._slots.setdefault(index, {})
                    self._change(parameter, parameter.grad, group["lr"], group["weight_decay"], slots)

    def state_dict(self) -> dict[str, Any]:
        """The slots of each parameter by its number, and the groups without their parameters: torch's form."""
        groups = [{key: value for key, value in group.items() if key != "params"} for group in self.param_groups]
        return {"state": self._slots, "param_groups": groups}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the slots that `state_dict` of an optimizer of the same parameters gave."""
        devices = {index: parameter.device for index, parameter, _ in self._parameters()}
        self._slots = {
            index: {name: value.to(devices[index], copy=True) for name, value in slots.items()}
            for index, slots in state["state"].items()
        }

    @abstractmethod
    def _change(self, parameter: Tensor, gradient: Tensor, rate: float, decay: float, slots: dict[str, Tensor]) -> None:
        """Change one parameter in its place; `slots` are its memory, empty at first."""

    def _parameters(self) -> Iterator[tuple[int, torch.nn.Parameter, dict[str, Any]]]:
        index = 0
        for group in self.param_groups:
            for parameter in group["params"]:
                yield index, parameter, group
                index += 1


class AdamW(Steps):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2).

    Args:
        betas: shares of the old in the means of gradients and of their squares.
    """

    def __init__(self, groups: Sequence[dict[str, Any]], betas: tuple[float, float]) -> None:
        super().__init__(groups)
        self.betas = betas

    def _change(self, parameter: Tensor, gradient: Tensor, rate: float, decay: float, slots: dict[str, Tensor]) -> None:
        import torch

        if not slots:
            slots["step"] = torch.tensor(0.0)
            slots["exp_avg"], slots["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
        first, second = self.betas
        slots["step"] += 1.0
        count = float(slots["step"])
        parameter.mul_(1.0 - rate * decay)
        slots["exp_avg"].lerp_(gradient, 1.0 - first)
        slots["exp_avg_sq"].mul_(second).addcmul_(gradient, gradient, value=1.0 - second)
        spread = (slots["exp_avg_sq"].sqrt() / (1.0 - second**count) ** 0.5).add_(_EPSILON)
        parameter.addcdiv_(slots["exp_avg"], spread, value=-rate / (1.0 - first**count))


class Descent(Steps):
    """Stochastic gradient descent with Nesterov's momentum (Sutskever et al. 2013), weight decay within the gradient.

    Args:
        momentum: share of the last change in the next one; 0 for none.
    """

    def __init__(self, groups: Sequence[dict[str, Any]], momentum: float) -> None:
        super().__init__(groups)
        self.momentum = momentum

    def _change(self, parameter: Tensor, gradient: Tensor, rate: float, decay: float, slots: dict[str, Tensor]) -> None:
        if decay:
            gradient = gradient.add(parameter, alpha=decay)
        if self.momentum:
            if slots:
                slots["momentum_buffer"].mul_(self.momentum).add_(gradient)
            else:
                slots["momentum_buffer"] = gradient.clone()
            gradient = gradient.add(slots["momentum_buffer"], alpha=self.momentum)
        parameter.add_(gradient, alpha=-rate)
