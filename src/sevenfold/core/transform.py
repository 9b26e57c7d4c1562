"""The contract of a target transformation: how a regression target is bent before a model learns it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from sevenfold.core.arrays import Floats
from sevenfold.core.state import State
from sevenfold.core.task import Target


class TargetTransform(ABC):
    """Learned on training rows only; classification uses the identity."""

    name: ClassVar[str]

    @abstractmethod
    def fit(self, target: Target) -> Target:
        """Learn from training rows and return their transformed target."""

    @abstractmethod
    def apply(self, target: Target) -> Target:
        """Transform other rows' target with what was learned."""

    @abstractmethod
    def invert(self, predicted: Floats) -> Floats:
        """Predictions back in the target's own unit; probabilities (rows, classes) pass unchanged."""

    @abstractmethod
    def state(self) -> State:
        """What was learned, as data."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Take over what `state` gave."""
