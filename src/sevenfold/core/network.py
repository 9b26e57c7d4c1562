"""The contract of a network: a model that the one gradient loop in `training` teaches."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.errors import MissingExtraError, RequestError
from sevenfold.core.inputs import Inputs
from sevenfold.core.model import FitContext, Model, ModelSpec
from sevenfold.core.task import Target

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Lesson:
    """How a network wants to be taught, as plain data: the loop in `training` reads it.

    Args:
        loss: name in `training.losses`.
        optimizer: `name` in `training.optimizers`, beside it that optimizer's settings (`rate`, ...).
        epochs: at most so many passes; the schedule is fitted to the time that is left.
        batch_rows: rows in one step.
        schedule: name in `training.schedules`.
        warmup: share of the steps in which the rate rises to its height, in [0, 1).
        patience_epochs: stop after so many epochs without gain on `valid`; 0 never stops early.
        label_smoothing: in [0, 1).
        gradient_norm: gradients longer than this are shortened to it; 0 leaves them.
        quantile: the quantile, for loss "quantile".
        augment: names in `training.augment`, with their settings, applied to training batches of images.
    """

    loss: str
    optimizer: Mapping[str, Any]
    epochs: int
    batch_rows: int
    schedule: str = "cosine"
    warmup: float = 0.1
    patience_epochs: int = 0
    label_smoothing: float = 0.0
    gradient_norm: float = 0.0
    quantile: float = 0.5
    augment: Mapping[str, float] = field(default_factory=dict)


class Network(Model):
    """A model that is built as a torch module, taught by `training.loop.teach`, and then keeps plain arrays.

    The loop calls `build`, `lesson`, `arrays` and `labels` in this order, and `learned` at the end; torch is
    seeded before. `predict` needs no torch where the network says so.
    """

    @abstractmethod
    def build(self, inputs: Inputs, target: Target, context: FitContext) -> torch.nn.Module:
        """A new module for these training rows; whatever else is learned from them (scales, bins) is learned here.

        Its `forward` takes one tensor for each array of `arrays` and gives (rows, outputs).

        Raises:
            DataError: the rows cannot be learned from.
        """

    @abstractmethod
    def lesson(self, inputs: Inputs, target: Target, context: FitContext) -> Lesson:
        """How to teach it."""

    @abstractmethod
    def arrays(self, inputs: Inputs) -> tuple[np.ndarray[Any, Any], ...]:
        """What `forward` is given: arrays with rows first and no missing values."""

    @abstractmethod
    def labels(self, target: Target) -> np.ndarray[Any, Any]:
        """What the loss compares with: int64 class indices, or float32 values on the network's own scale."""

    @abstractmethod
    def learned(self, module: torch.nn.Module) -> None:
        """Take over the taught module; afterwards `predict` and `state` work."""


def require_goal(spec: ModelSpec, target: Target) -> None:
    """Make sure that a model can reach the goal before work starts.

    Raises:
        RequestError: it cannot.
    """
    if target.goal not in spec.solves:
        raise RequestError(
            f"Model '{spec.name}' cannot reach the goal '{target.goal}'.",
            "one of: " + ", ".join(sorted(spec.solves)),
            str(target.goal),
            "Choose another model; `sevenfold models` lists what each can do.",
        )


def require_torch(purpose: str) -> None:
    """Make sure that torch is there before work starts.

    Raises:
        MissingExtraError: torch is not installed.
    """
    if find_spec("torch") is None:
        raise MissingExtraError.of("torch", "deep", purpose)
