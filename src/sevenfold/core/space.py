"""Search spaces as plain data: each hyperparameter's default, range, scale and help, declared once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from sevenfold.core.errors import RequestError, unknown_name


@dataclass(frozen=True)
class Real:
    """A real number in [low, high]; `log` searches its logarithm."""

    default: float
    low: float
    high: float
    log: bool = False
    help: str = ""

    def check(self, name: str, value: Any) -> float:
        """The value as a float, or a RequestError."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise _outside(name, f"a number from {self.low} to {self.high}", value)
        return float(value)

    def sample(self, generator: np.random.Generator) -> float:
        """A random value, uniform on the search scale."""
        if self.log:
            return float(math.exp(generator.uniform(math.log(self.low), math.log(self.high))))
        return float(generator.uniform(self.low, self.high))

    def grid(self, points: int) -> list[float]:
        """Evenly spaced values on the search scale."""
        if self.log:
            return [float(v) for v in np.geomspace(self.low, self.high, points)]
        return [float(v) for v in np.linspace(self.low, self.high, points)]


@dataclass(frozen=True)
class Integer:
    """A whole number in [low, high]."""

    default: int
    low: int
    high: int
    log: bool = False
    help: str = ""

    def check(self, name: str, value: Any) -> int:
        """The value as an int, or a RequestError."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise _outside(name, f"a whole number from {self.low} to {self.high}", value)
        if value != int(value):
            raise _outside(name, f"a whole number from {self.low} to {self.high}", value)
        return int(value)

    def sample(self, generator: np.random.Generator) -> int:
        """A random value, uniform on the search scale."""
        if self.log:
            low, high = math.log(self.low), math.log(self.high + 1)
            return min(self.high, int(math.exp(generator.uniform(low, high))))
        return int(generator.integers(self.low, self.high + 1))

    def grid(self, points: int) -> list[int]:
        """Distinct values, evenly spaced on the search scale."""
        spread = np.geomspace if self.log else np.linspace
        return sorted({round(float(v)) for v in spread(self.low, self.high, points)})


@dataclass(frozen=True)
class Choice:
    """One of a few values (strings, numbers, booleans or None)."""

    default: Any
    options: tuple[Any, ...]
    help: str = ""

    def check(self, name: str, value: Any) -> Any:
        """The value, or a RequestError."""
        if value not in self.options:
            raise _outside(name, "one of " + ", ".join(map(repr, self.options)), value)
        return value

    def sample(self, generator: np.random.Generator) -> Any:
        """A random option."""
        return self.options[int(generator.integers(len(self.options)))]

    def grid(self, points: int) -> list[Any]:
        """Every option."""
        return list(self.options)


Dimension: TypeAlias = Real | Integer | Choice


class Space(Mapping[str, Dimension]):
    """The hyperparameters of a model or feature, by name.

    >>> Space(alpha=Real(1.0, 1e-4, 1e4, log=True)).resolve({})
    {'alpha': 1.0}
    """

    def __init__(self, **dimensions: Dimension) -> None:
        self._dimensions = dimensions

    def __getitem__(self, name: str) -> Dimension:
        return self._dimensions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._dimensions)

    def __len__(self) -> int:
        return len(self._dimensions)

    def defaults(self) -> dict[str, Any]:
        """Every hyperparameter at its default."""
        return {name: dimension.default for name, dimension in self._dimensions.items()}

    def resolve(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Defaults overridden by `params`, each checked against its range; unknown names are errors."""
        resolved = self.defaults()
        for name, value in params.items():
            if name not in self._dimensions:
                raise unknown_name("Hyperparameter", name, self._dimensions)
            resolved[name] = self._dimensions[name].check(name, value)
        return resolved

    def sample(self, generator: np.random.Generator) -> dict[str, Any]:
        """A random point."""
        return {name: dimension.sample(generator) for name, dimension in self._dimensions.items()}


def _outside(name: str, expected: str, value: Any) -> RequestError:
    return RequestError(f"Hyperparameter '{name}' is out of range.", expected, repr(value), "Choose a value in range.")
