"""Students to try, and small models without a teacher: of models that have done well, as large as limits allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sevenfold.core.dataset import Kind
from sevenfold.core.model import Trait
from sevenfold.core.recipe import Recipe, digest_of
from sevenfold.core.space import Integer, Real
from sevenfold.core.task import Goal
from sevenfold.models.catalogue import MODELS
from sevenfold.training.workspace import Workspace
from sevenfold.tuning.limits import Price
from sevenfold.tuning.teacher import Teacher
from sevenfold.tuning.trial import SMALL, STUDENT, Status, Trial

TRUST = 0.5
SAFE = 0.85  # of what a limit allows: timings waver, and a fit on more rows may grow
_MOST_GROWTH = 2.0  # times the rounds of the trial that a student is modelled on
_STEPS_A_HALF = 2  # sizes are rounded to so many steps for each halving, so that small errors of timings change nothing
_DIALS = ("rounds", "trees")


def refusal(workspace: Workspace) -> str:
    """Why no student can be taught on these data, or ""."""
    task = workspace.task
    if task.goal not in (Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION):
        return f"a student learns classes or numbers, and the task is {task.goal}"
    if task.goal is Goal.REGRESSION and task.objective != "mean":
        return f"a student learns means, and the objective is '{task.objective}'"
    if workspace.whole is not None:
        return "the data are larger than memory, and a student is taught in memory"
    strange = [c.name for c in workspace.schema.of_kind(Kind.IMAGE, Kind.SEQUENCE) if c.used]
    if strange:
        return f"rows are made of numbers, classes, dates and texts, and '{strange[0]}' is something else"
    return ""


def models_for(trials: Sequence[Trial], most: int) -> list[Trial]:
    """The best trial of each model that can learn from weighted rows, best first; a student is modelled on each."""
    kept: dict[str, Trial] = {}
    for trial in sorted((t for t in trials if t.status is Status.FINISHED), key=lambda t: t.loss):
        traits = MODELS.get(trial.recipe.model).spec.traits
        if Trait.WEIGHTS in traits and Trait.BASELINE not in traits:
            kept.setdefault(trial.recipe.model, trial)
    return list(kept.values())[:most]


def allowed_share(cost: Price, least: Price, limit: Price) -> float:
    """How large a model may be, as a share of one that is known.

    Args:
        cost: of the known one.
        least: of one with the same features and nothing learned.
        limit: infinite where there is none.
    Returns:
        Infinite without limits; 0 where its features alone break them.
    """
    shares = [
        (top * SAFE - low) / max(known - low, 1e-9) if top < float("inf") else float("inf")
        for known, low, top in (
            (cost.bytes, least.bytes, limit.bytes),
            (cost.seconds, least.seconds, limit.seconds),
        )
    ]
    return max(0.0, min(shares))


def sized(trial: Trial, share: float) -> Recipe | None:
    """The recipe of a student modelled on a trial, in size at most that share of it; None where there is none.

    Boosted rounds, or trees of a forest, are the dial; fewer rounds take longer steps. Weights of classes are left out:
    answers are probabilities already.
    """
    space = MODELS.get(trial.recipe.model).spec.space
    params = {name: value for name, value in trial.recipe.params.items() if name != "class_weight"}
    dial = next((name for name in _DIALS if name in space), None)
    if dial is None:
        return replace(trial.recipe, params=params) if share >= 1.0 else None
    rounds = [result.rounds for result in trial.folds.values() if result.rounds]
    known = float(np.mean(rounds)) if rounds else float(space.resolve(trial.recipe.params)[dial])
    range_ = space[dial]
    assert isinstance(range_, Integer)
    number = int(known * _stepped(min(share, _MOST_GROWTH)))
    if number < range_.low:
        return None
    params[dial] = min(number, range_.high)
    rate = space.get("learning_rate")
    if isinstance(rate, Real) and number < known:
        given = space.resolve(trial.recipe.params)["learning_rate"]
        params["learning_rate"] = min(max(given, 0.5 * rate.high), given * known / number)
    return replace(trial.recipe, params=params)


def student(trial: Trial, recipe: Recipe, teacher: Teacher | None) -> Trial:
    """A trial that learns the teacher's answers, or, without one, the labels; named by what it is: equal ones have
    equal names, and results."""
    lesson = None if teacher is None else teacher.to_json()
    origin = SMALL if teacher is None else STUDENT
    return Trial(
        f"{origin[:2]}{digest_of([recipe.to_json(), lesson])[:6]}", recipe, trial.style, origin, teacher=lesson
    )


def _stepped(share: float) -> float:
    """The next smaller power of the root of 2, or of what the steps say."""
    if share <= 0:
        return 0.0
    return float(2.0 ** (np.floor(np.log2(share) * _STEPS_A_HALF + 1e-9) / _STEPS_A_HALF))
