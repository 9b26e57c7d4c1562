"""A recipe: which features and which model with which hyperparameters, as plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Step:
    """One feature step of a recipe.

    Args:
        name: how later steps and outputs refer to it, as "@name".
        feature: name in the feature catalogue.
        inputs: source columns by name, or whole outputs of earlier steps as "@name".
        params: what differs from the feature's defaults.
    """

    name: str
    feature: str
    inputs: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data, the inverse of `from_json`."""
        return {"name": self.name, "feature": self.feature, "inputs": list(self.inputs), "params": dict(self.params)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Step:
        """The step that `to_json` wrote."""
        return cls(data["name"], data["feature"], tuple(data["inputs"]), dict(data.get("params", {})))


@dataclass(frozen=True)
class Recipe:
    """Features, model and hyperparameters; nothing learned.

    Args:
        model: name in the model catalogue.
        params: what differs from the model's defaults.
        steps: feature steps in order.
        outputs: steps whose outputs the model is given.
        target: transformation of a regression target ("identity", "log1p", ...), see `features.target`.
    """

    model: str
    params: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    outputs: tuple[str, ...] = ()
    target: str = "identity"

    def to_json(self) -> dict[str, Any]:
        """Plain data, the inverse of `from_json`."""
        return {
            "model": self.model,
            "params": dict(self.params),
            "steps": [step.to_json() for step in self.steps],
            "outputs": list(self.outputs),
            "target": self.target,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Recipe:
        """The recipe that `to_json` wrote."""
        return cls(
            data["model"],
            dict(data.get("params", {})),
            tuple(Step.from_json(step) for step in data.get("steps", ())),
            tuple(data.get("outputs", ())),
            data.get("target", "identity"),
        )

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits; equal recipes, equal digests."""
        return digest_of(self.to_json())

    @property
    def features_digest(self) -> str:
        """The same for the feature part alone: recipes that share it share their inputs."""
        return digest_of({"steps": [step.to_json() for step in self.steps], "outputs": list(self.outputs)})


def digest_of(data: Any) -> str:
    """Twelve hexadecimal digits of plain data, independent of the order of keys."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:12]
