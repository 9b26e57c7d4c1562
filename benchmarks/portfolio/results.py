"""What `collect.py` kept of one data set, and the ensembles that its trials make."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.metric import Needs
from sevenfold.core.task import Goal, Task
from sevenfold.evaluation.metrics.catalogue import metric_for
from sevenfold.tuning.candidates import YARDSTICKS
from sevenfold.tuning.ensemble import AverageCombiner, greedy_blend

MEMBERS = 4
STEPS = 8
LEAST_GAIN = 2e-4
"""Members of an ensemble at most, additions, and the part of the loss that a member must take off: as in `tuning`."""


@dataclass(frozen=True)
class Tried:
    """One finished trial; `number` counts a model's starting points, or its random settings where `drawn`."""

    name: str
    model: str
    number: int
    drawn: bool
    params: Mapping[str, Any]
    core_seconds: float


@dataclass
class SetResults:
    """All finished trials of one data set.

    Args:
        target: (rows,) values or class numbers.
        fold_of: (rows,) the fold that predicted each row.
        predictions: (rows, ...) out-of-fold predictions by trial.
    """

    name: str
    task: Task
    target: Floats
    fold_of: Ints
    tried: dict[str, Tried]
    predictions: dict[str, Floats]
    losses: dict[str, float] = field(default_factory=dict)
    _ensembles: dict[frozenset[str], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        metric = metric_for(self.task)
        if metric.spec.needs is Needs.LABELS:
            # Where a decision's threshold lies is not at stake here.
            self.task = replace(self.task, metric="log_loss")
            metric = metric_for(self.task)
        self._metric = metric
        self._folds = [np.flatnonzero(self.fold_of == fold) for fold in np.unique(self.fold_of[self.fold_of >= 0])]
        for name, predicted in self.predictions.items():
            self.losses[name] = float(np.mean([self._loss(predicted, rows) for rows in self._folds]))
        self._floor = self.losses.get("constant-0", float("nan"))
        self._best = min(self.losses.values())

    @property
    def yardstick(self) -> str:
        """The plain linear model, which every run tries."""
        return f"{YARDSTICKS[self.task.goal.is_classification][1]}-0"

    def share(self, loss: float) -> float:
        """A loss as a share of the gain: 0 is the constant, 1 the best single trial of the set."""
        return (self._floor - loss) / (self._floor - self._best)

    def single(self, name: str) -> float:
        """The share of the gain that a trial has by itself."""
        return self.share(self.losses[name])

    def ensemble(self, names: Iterable[str]) -> float:
        """The share of the gain that an ensemble of trials has, its weights chosen on one fold, judged on the next."""
        chosen = frozenset(names)
        if chosen not in self._ensembles:
            ranked = sorted(chosen, key=lambda name: (self.losses[name], name))
            arrays = [self.predictions[name] for name in ranked]
            losses = []
            for place, rows in enumerate(self._folds):
                blend = greedy_blend(arrays, self._loss, rows, MEMBERS, STEPS, LEAST_GAIN)
                joined = AverageCombiner(blend.weights).combine([arrays[i] for i in blend.members])
                losses.append(self._loss(joined, self._folds[(place + 1) % len(self._folds)]))
            self._ensembles[chosen] = self.share(float(np.mean(losses)))
        return self._ensembles[chosen]

    def _loss(self, predicted: Floats, rows: Ints) -> float:
        return self._metric.loss(self._metric(self.target[rows], predicted[rows], None))


def load(work: Path) -> list[SetResults]:
    """Every data set of the folder on which yardsticks and LightGBM were tried, by name."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in (work / "trials.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows.setdefault(row["set"], []).append(row)
    found = [_load_set(work / name, rows[name]) for name in sorted(rows)]
    return [results for results in found if {"constant-0", "lightgbm-0", results.yardstick} <= results.tried.keys()]


def _load_set(folder: Path, rows: list[dict[str, Any]]) -> SetResults:
    facts = json.loads((folder / "_task.json").read_text(encoding="utf-8"))
    tried, predictions = {}, {}
    for row in rows:
        if row["loss"] is None:
            continue
        _, _, ending = row["trial"].rpartition("-")
        drawn = ending.startswith("r")
        number = int(ending.removeprefix("r"))
        tried[row["trial"]] = Tried(
            row["trial"], row["model"], number, drawn, row["params"], max(row["core_seconds"], 0.01)
        )
        predictions[row["trial"]] = np.load(folder / f"{row['trial']}.npy").astype(np.float64)
    task = Task.from_json(facts["task"])
    target = np.load(folder / "_target.npy")
    if task.goal is Goal.REGRESSION:
        target = target.astype(np.float64)
    return SetResults(folder.name, task, target, np.load(folder / "_fold.npy"), tried, predictions)
