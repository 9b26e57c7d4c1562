"""The contract of a network: a model that the one gradient loop in `training` teaches."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenfold.core.inputs import Form, Inputs
from sevenfold.core.model import Model
from sevenfold.core.task import Goal, Target

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Lesson:
    """How a network wants to be taught, as plain data: the loop in `training` reads it.

    Args:
        loss: name in `training.losses`.
        optimizer: name in `training.optimizers`, with its parameters.
        epochs: at most so many passes; the schedule is fitted to the time that is left.
        batch_rows: rows in one step.
        patience_epochs: stop after so many epochs without gain on `valid`.
        label_smoothing: in [0, 1).
        augment: names of augmentations applied to training batches ("flip", "shift", ...).
    """

    loss: str
    optimizer: Mapping[str, Any]
    epochs: int
    batch_rows: int
    patience_epochs: int = 0
    label_smoothing: float = 0.0
    augment: tuple[str, ...] = ()


class Network(Model):
    """A model built as a torch module. Which form it reads decides what `forward` is given."""

    goal: Goal | None = None

    @abstractmethod
    def build(self, inputs: Inputs, target: Target) -> torch.nn.Module:
        """A new module for these shapes, weights not yet drawn from any global state: the loop seeds torch first."""

    @abstractmethod
    def lesson(self, inputs: Inputs, target: Target) -> Lesson:
        """How to teach it."""

    @abstractmethod
    def learned(self, module: torch.nn.Module) -> None:
        """Take over the taught module; afterwards `predict` and `state` work."""

    @property
    @abstractmethod
    def form(self) -> Form:
        """The block that `forward` is given."""
