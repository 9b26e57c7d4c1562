"""What is known of each trial, rebuilt from the journal on resume."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np

from sevenfold.core.events import Happening
from sevenfold.core.int8 import FLOAT
from sevenfold.core.recipe import Recipe
from sevenfold.core.run import Event
from sevenfold.tuning.job import JobResult

STUDENT, SMALL, ROUNDED = "student", "small", "int8"
"""Origins of trials made to keep a limit: one learns the answers of others, one the labels as any trial does, and one
is another trial whose weights are stored in eight bits."""


class Status(StrEnum):
    """Where a trial stands."""

    OPEN = "open"
    FINISHED = "finished"
    PRUNED = "pruned"
    FAILED = "failed"
    CUT = "cut"  # the clock ended the search before every fold was done


@dataclass
class Trial:
    """One recipe, scored on the folds.

    Args:
        name: "t007".
        recipe: features, model, hyperparameters.
        style: feature style the recipe was planned with.
        origin: "yardstick", "portfolio", "bayes", "random", "grid", "student", "small" or "int8".
        folds: results by fold number.
        started: folds that were given to a worker (not in the journal: a killed worker's are started anew).
        judged: folds, from the first on, after which it was asked whether to go on.
        teacher: `Teacher.to_json()` of a student, whose fits learn its answers.
        precision: how its weights are stored, "float" or "int8".
    """

    name: str
    recipe: Recipe
    style: str
    origin: str
    folds: dict[int, JobResult] = field(default_factory=dict)
    started: set[int] = field(default_factory=set)
    judged: int = 0
    status: Status = Status.OPEN
    reason: str = ""
    teacher: Mapping[str, Any] | None = None
    precision: str = FLOAT

    def add(self, fold: int, result: JobResult) -> None:
        """Keep a fold's result; folds stay in order, so that sums over them do not depend on which came first."""
        self.folds = dict(sorted({**self.folds, fold: result}.items()))

    @property
    def loss(self) -> float:
        """Mean loss over the folds done, NaN where there is none."""
        return float(np.mean([r.loss for r in self.folds.values()])) if self.folds else float("nan")

    @property
    def value(self) -> float:
        """Mean of the metric over the folds done."""
        return float(np.mean([r.value for r in self.folds.values()])) if self.folds else float("nan")

    @property
    def seconds(self) -> float:
        """Work of all folds done, in seconds."""
        return sum(r.seconds for r in self.folds.values())

    @property
    def bytes(self) -> int:
        """Learned state of all folds."""
        return sum(r.bytes for r in self.folds.values())

    def loss_on(self, folds: Iterable[int]) -> float:
        """Mean loss on some folds."""
        return float(np.mean([self.folds[f].loss for f in sorted(folds)]))

    def first_folds(self, number: int) -> Trial:
        """The trial as it stood with its first `number` folds alone."""
        kept = {fold: result for fold, result in self.folds.items() if fold < number}
        return replace(self, folds=kept)

    def comparable_loss(self, best: Trial) -> float:
        """The loss it would have on all folds if it kept its distance to `best` on the folds both have done."""
        common = set(self.folds) & set(best.folds)
        if not common or len(self.folds) >= len(best.folds):
            return self.loss
        return best.loss + self.loss_on(common) - best.loss_on(common)

    def started_event(self) -> dict[str, Any]:
        """What the journal keeps of its start."""
        told = {"trial": self.name, "recipe": self.recipe.to_json(), "style": self.style, "origin": self.origin}
        if self.precision != FLOAT:
            told["precision"] = self.precision
        return told if self.teacher is None else {**told, "teacher": dict(self.teacher)}

    def ended_event(self) -> tuple[str, dict[str, Any]]:
        """Kind and content of what the journal keeps of its end."""
        row = self.leaderboard_row()
        kind = next(happening for happening, status in _ENDS.items() if status is self.status)
        keys = ("trial", "model", "value", "low", "high", "loss", "seconds", "bytes", "reason")
        # A pruned trial may have folds beyond those it was judged by: a resumed run must leave them out as well.
        return kind, {**{key: row[key] for key in keys}, "counted": list(self.folds)}

    def leaderboard_row(self) -> dict[str, Any]:
        """One line of leaderboard.json."""
        losses = [r.value for r in self.folds.values()]
        spread = 1.96 * float(np.std(losses)) / max(1.0, len(losses)) ** 0.5 if losses else 0.0
        return {
            "trial": self.name,
            "model": self.recipe.model,
            "params": dict(self.recipe.params),
            "features": self.style,
            "target": self.recipe.target,
            "origin": self.origin,
            "value": self.value,
            "low": self.value - spread,
            "high": self.value + spread,
            "loss": self.loss,
            "folds": len(self.folds),
            "seconds": self.seconds,
            "bytes": self.bytes,
            "status": str(self.status),
            "reason": self.reason,
        }


def trials_from_journal(events: Iterable[Event]) -> list[Trial]:
    """Every trial of the search as the journal tells it, in order of start. Those made to keep a limit are none:
    they follow from what the search has found, and are made anew."""
    trials: dict[str, Trial] = {}
    made: set[str] = set()
    for event in events:
        data: Mapping[str, Any] = event.data
        if event.kind == Happening.TRIAL_STARTED and data["origin"] in (STUDENT, SMALL, ROUNDED):
            made.add(data["trial"])
        if data.get("trial") in made:
            continue
        if event.kind == Happening.TRIAL_STARTED:
            trials[data["trial"]] = Trial(
                data["trial"], Recipe.from_json(data["recipe"]), data["style"], data["origin"]
            )
        elif event.kind == Happening.FOLD_FINISHED and data["fold"] >= 0:
            trials[data["trial"]].add(data["fold"], JobResult(**data["result"]))
        elif event.kind in _ENDS:
            trial = trials[data["trial"]]
            trial.status, trial.reason = _ENDS[Happening(event.kind)], data.get("reason", "")
            counted = data.get("counted", list(trial.folds))
            trial.folds = {fold: result for fold, result in trial.folds.items() if fold in counted}
    for trial in trials.values():
        trial.started = set(trial.folds)
    return list(trials.values())


_ENDS = {
    Happening.TRIAL_FINISHED: Status.FINISHED,
    Happening.TRIAL_PRUNED: Status.PRUNED,
    Happening.TRIAL_FAILED: Status.FAILED,
}


def fold_event(trial: str, fold: int, result: JobResult) -> dict[str, Any]:
    """What the journal keeps of a finished fold."""
    return {"trial": trial, "fold": fold, "result": asdict(result)}
