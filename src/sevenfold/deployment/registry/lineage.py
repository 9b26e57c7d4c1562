"""Where a version comes from, as its bundle tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sevenfold.deployment.model import LoadedModel


@dataclass(frozen=True)
class Lineage:
    """What is known of how a version was made.

    Args:
        digest: of the bundle's manifest: what monitoring knows the model by.
        goal, target, metric: of its task.
        classes: labels, as text.
        inputs: columns of a row to predict that the model uses.
        run: id of the training.
        data: fingerprint of the training data.
        split: fingerprint of which rows were held back.
        scores: "validation" and "test", each value, low and high of the metric; fewer where not recorded.
        fairness: what was recorded of sensitive columns; empty where nothing was.
    """

    digest: str
    goal: str
    target: str
    metric: str
    classes: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    run: str = ""
    data: str = ""
    split: str = ""
    scores: Mapping[str, Any] | None = None
    fairness: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(cls, model: LoadedModel) -> Lineage:
        """What a loaded bundle tells."""
        told = model.metadata
        scores = {name: dict(told[name]) for name in ("validation", "test") if isinstance(told.get(name), Mapping)}
        fairness = told.get("fairness", ())
        return cls(
            model.digest,
            str(model.task.goal),
            model.task.target,
            model.task.metric,
            tuple(map(str, model.task.classes)),
            tuple(sorted(model.runtime.used)),
            str(told.get("run", "")),
            str(told.get("fingerprint", "")),
            str(told.get("split", "")),
            scores,
            tuple(entry for entry in fairness if isinstance(entry, Mapping)) if isinstance(fairness, list) else (),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data, the inverse of `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Lineage:
        """The lineage that `to_json` wrote."""
        values = dict(data)
        for key in ("classes", "inputs", "fairness"):
            values[key] = tuple(values.get(key, ()))
        return cls(**values)
