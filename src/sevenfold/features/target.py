"""Transformations of a regression target, and which of them are worth trying."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.errors import DataError
from sevenfold.core.registry import Catalogue
from sevenfold.core.state import State
from sevenfold.core.task import Goal, Target
from sevenfold.core.transform import TargetTransform

TARGETS: Catalogue[type[TargetTransform]] = Catalogue(
    "Target transformation",
    "sevenfold.targets",
    {
        "identity": f"{__name__}:Identity",
        "standard": f"{__name__}:Standard",
        "log1p": f"{__name__}:Log1p",
        "log": f"{__name__}:Log",
        "sqrt": f"{__name__}:SquareRoot",
        "normal": f"{__name__}:Normal",
    },
)


def suggest(target: Target) -> list[str]:
    """Names of the transformations worth trying for training rows, the identity first.

    A logarithm where the target is skewed to the right and has no negative values; a square root where it is
    mildly so; ranks where the tails are heavy on both sides. Classification: the identity alone.
    """
    names = ["identity"]
    values = target.values
    if target.goal not in (Goal.REGRESSION, Goal.RECOMMENDATION) or len(values) < 3:
        return names
    low, middle, high = np.quantile(values, [0.01, 0.5, 0.99])
    spread = values.std()
    if spread == 0 or not np.isfinite(spread):
        return names
    scores = (values - values.mean()) / spread
    skew, kurtosis = float((scores**3).mean()), float((scores**4).mean())
    if values.min() >= 0 and skew > 0.5:
        # A logarithm makes ratios of equal size equal; it pays where the body of the target spans some.
        if values.min() > 0 and high / max(low, 1e-300) > 5:
            names.append("log")
        elif high / max(middle, 1e-300) > 2:
            names.append("log1p")
        names.append("sqrt")
    elif kurtosis > 10:
        names.append("normal")
    if not 0.01 <= spread <= 100 or abs(values.mean()) > 100 * spread:
        names.append("standard")
    return names


class _Regression(TargetTransform):
    """What the transformations of numbers share: they refuse classes, keep weights and hold their state as data."""

    # The smallest value that the transformation is defined for, itself excluded if `_OPEN`.
    LEAST: ClassVar[float] = -np.inf
    OPEN: ClassVar[bool] = False

    def __init__(self) -> None:
        self.learned: State = {}

    def fit(self, target: Target) -> Target:
        """Learn from training rows and return their transformed target.

        Raises:
            DataError: the target is a class, or holds values that the transformation is not defined for.
        """
        if target.goal.is_classification:
            raise DataError(
                f"Target transformation '{self.name}' is for numbers.", "a regression target", f"a {target.goal} target"
            )
        least = float(target.values.min(initial=np.inf))
        if least < self.LEAST or (self.OPEN and least <= self.LEAST):
            raise DataError(
                f"Target transformation '{self.name}' is not defined for all training rows.",
                f"values {'above' if self.OPEN else 'from'} {self.LEAST:g}",
                f"{least:g}",
                "Take one of those that sevenfold suggests.",
            )
        self.learned = self._learn(target)
        return self.apply(target)

    def _learn(self, target: Target) -> State:
        return {}

    def apply(self, target: Target) -> Target:
        """Transform other rows' target; values that it is not defined for are moved to the nearest that are."""
        return Target(target.goal, self._forward(target.values), target.classes, target.weights)

    def _forward(self, values: Floats) -> Floats:
        return values

    def state(self) -> State:
        """What was learned, as data."""
        return self.learned

    def restore(self, state: State) -> None:
        """Take over what `state` gave."""
        self.learned = state


@final
class Identity(TargetTransform):
    """The target as it is; the one for classification."""

    name = "identity"

    def fit(self, target: Target) -> Target:
        """The same target."""
        return target

    def apply(self, target: Target) -> Target:
        """The same target."""
        return target

    def invert(self, predicted: Floats) -> Floats:
        """The same predictions."""
        return predicted

    def state(self) -> State:
        """Nothing."""
        return {}

    def restore(self, state: State) -> None:
        """Nothing."""


@final
class Standard(_Regression):
    """Mean 0 and standard deviation 1, for models that learn by small steps."""

    name = "standard"

    def _learn(self, target: Target) -> State:
        spread = float(target.values.std())
        return {"centre": float(target.values.mean()), "spread": spread if spread > 0 else 1.0}

    def _forward(self, values: Floats) -> Floats:
        return (values - self.learned["centre"]) / self.learned["spread"]

    def invert(self, predicted: Floats) -> Floats:
        """Back to the target's own unit."""
        return predicted * self.learned["spread"] + self.learned["centre"]


@final
class Log1p(_Regression):
    """log(1 + y) for targets from 0 up. Inverted predictions stay within a factor of e above the training range."""

    name = "log1p"
    LEAST = 0.0

    def _learn(self, target: Target) -> State:
        return {"ceiling": float(np.log1p(target.values.max(initial=0.0))) + 1.0}

    def _forward(self, values: Floats) -> Floats:
        return np.log1p(np.maximum(values, 0.0))

    def invert(self, predicted: Floats) -> Floats:
        """exp(p) - 1, never below 0."""
        return np.maximum(np.expm1(np.minimum(predicted, self.learned["ceiling"])), 0.0)


@final
class Log(_Regression):
    """log(y) for targets above 0. Inverted predictions stay within a factor of e above the training range."""

    name = "log"
    LEAST = 0.0
    OPEN = True

    def _learn(self, target: Target) -> State:
        return {
            "ceiling": float(np.log(target.values.max(initial=1e-300))) + 1.0,
            "least": float(target.values.min(initial=1e300)),
        }

    def _forward(self, values: Floats) -> Floats:
        # Validation rows may be 0: they are taken for the least training value, not for minus infinity.
        return np.log(np.where(values > 0, values, self.learned["least"]))

    def invert(self, predicted: Floats) -> Floats:
        """exp(p)."""
        return np.exp(np.minimum(predicted, self.learned["ceiling"]))


@final
class SquareRoot(_Regression):
    """The square root, for counts and mildly skewed targets from 0 up."""

    name = "sqrt"
    LEAST = 0.0

    def _forward(self, values: Floats) -> Floats:
        return np.sqrt(np.maximum(values, 0.0))

    def invert(self, predicted: Floats) -> Floats:
        """p squared; a negative prediction gives 0."""
        return np.square(np.maximum(predicted, 0.0))


@final
class Normal(_Regression):
    """Ranks spread like a normal variable, for heavy tails on both sides. Predictions stay in the training range."""

    name = "normal"

    def _learn(self, target: Target) -> State:
        from scipy.special import ndtri

        values, counts = np.unique(target.values, return_counts=True)
        middles = (np.cumsum(counts) - counts / 2) / counts.sum()
        if len(values) > 2000:
            kept = np.unique(np.linspace(0, len(values) - 1, 2000).astype(np.int64))
            values, middles = values[kept], middles[kept]
        return {"values": values, "scores": np.asarray(ndtri(middles), dtype=np.float64)}

    def _forward(self, values: Floats) -> Floats:
        return np.interp(values, self.learned["values"], self.learned["scores"])

    def invert(self, predicted: Floats) -> Floats:
        """Back to the target's own unit, interpolated between training values."""
        return np.interp(predicted, self.learned["scores"], self.learned["values"])
