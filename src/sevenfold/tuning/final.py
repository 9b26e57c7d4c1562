"""From finished trials to the one predictor: which members, joined how, calibrated, with which decision rule."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sevenfold.core.arrays import Flags, Floats, Ints
from sevenfold.core.context import Streams
from sevenfold.core.model import Trait
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.predictor import Calibrator, Combiner, Decision
from sevenfold.core.state import load_state, own_states
from sevenfold.core.task import Goal, Target, Task
from sevenfold.features.catalogue import FEATURES
from sevenfold.features.target import TARGETS
from sevenfold.models.catalogue import MODELS
from sevenfold.training.workspace import Workspace, out_of_fold
from sevenfold.tuning.calibrate import calibrate
from sevenfold.tuning.ensemble import AverageCombiner
from sevenfold.tuning.joining import BLEND_SURE, Judge, different, fit_bytes, join, kin_of
from sevenfold.tuning.threshold import choose_threshold, cost_decision
from sevenfold.tuning.trial import Status, Trial

MOST_MEMBERS = 4
_FEW_ROWS = 2_000  # below it the leader leads by luck as much as by merit


@dataclass(frozen=True)
class Choice:
    """What is to be deployed.

    Args:
        members: trials, heaviest first.
        combiner: joins them.
        calibrator, decision: applied after it.
        predicted: (rows, ...) out-of-fold predictions of the whole, before calibration; NaN where no fold validated.
        seen: (rows,) which rows have them.
        reasons: what was decided and why, for the journal.
    """

    members: tuple[Trial, ...]
    combiner: Combiner
    calibrator: Calibrator | None
    decision: Decision
    predicted: Floats
    seen: Flags
    reasons: tuple[tuple[str, str], ...]

    def answers(self, rows: Ints) -> Floats:
        """(rows, ...) out-of-fold predictions of some rows as the deployed model would give them."""
        shown = self.predicted[rows]
        return shown if self.calibrator is None else self.calibrator.apply(shown)


def load_pipeline(folder: Path) -> Pipeline:
    """The pipeline that a job left in its folder."""
    with own_states():
        return Pipeline.from_state(load_state(folder)["pipeline"], FEATURES, MODELS, TARGETS)


def trial_predictions(trials: Path, trial: Trial, workspace: Workspace) -> tuple[Floats, Flags]:
    """A trial's out-of-fold predictions and which rows have one."""
    parts = {fold: load_state(trials / trial.name / f"fold-{fold}")["predicted"] for fold in trial.folds}
    return out_of_fold(parts, workspace.folds, len(workspace.target))


def choose(
    trials: Sequence[Trial],
    folder: Path,
    workspace: Workspace,
    costs: dict[str, float],
    most_members: int = MOST_MEMBERS,
    *,
    most_bytes: float = float("inf"),
    seconds: float = float("inf"),
) -> Choice:
    """The best single trial, a blend or a stack of trials: the simpler unless the other's paired gain is real.

    Args:
        trials: of the run; only finished ones count, baselines only where nothing else finished.
        folder: the run's `trials/`.
        costs: cost of each mistake, see `tuning.threshold.cost_decision`.
        most_bytes: members with one fit each take no more; a larger single trial only where its gain is sure.
        seconds: time for weighing trials; where it is short they are weighed on fewer rows.
    """
    finished = [t for t in trials if t.status is Status.FINISHED]
    real = [t for t in finished if Trait.BASELINE not in MODELS.get(t.recipe.model).spec.traits]
    ranked = sorted(real or finished, key=lambda t: t.loss)
    best = ranked[0]
    same = [trial for trial in ranked if trial.folds.keys() == best.folds.keys()]
    ranked = different(same)
    predictions, seen = trial_predictions(folder, best, workspace)
    reasons = [
        (f"{best.recipe.model} ({best.name}) leads", f"mean {workspace.task.metric} {best.value:.5g} on the folds")
    ]
    members: tuple[Trial, ...] = (best,)
    combiner: Combiner = AverageCombiner([1.0])
    joined = predictions
    if len(ranked) > 1 and most_members > 1 and workspace.task.goal is not Goal.RECOMMENDATION:
        judge = Judge.of(workspace, seen, predictions, len(ranked), seconds)
        if fit_bytes(best) > most_bytes:
            smaller = different([t for t in same if fit_bytes(t) <= most_bytes])
            if smaller:
                one = trial_predictions(folder, smaller[0], workspace)[0]
                sure = judge.second_is_better(one, predictions)
                size = (
                    f"{fit_bytes(best) / 1e6:.0f} MB a fit, and it beats {smaller[0].name} in {sure:.0%} of resamples"
                )
                reasons.append((f"{best.name} is {'kept' if sure >= BLEND_SURE else 'left out'} for its size", size))
                if sure < BLEND_SURE:
                    ranked, predictions = smaller, one
        arrays = [predictions, *(trial_predictions(folder, t, workspace)[0] for t in ranked[1:])]
        kin = kin_of(ranked, finished, most_members, most_bytes) if int(seen.sum()) < _FEW_ROWS else []
        members, combiner, reason = join(ranked, arrays, judge, workspace, most_members, most_bytes, kin)
        joined = combiner.combine([arrays[ranked.index(t)] for t in members])
        reasons.append(reason)
    calibrator, decision, why = _decide(workspace, joined, seen, costs)
    reasons.extend(why)
    return Choice(members, combiner, calibrator, decision, joined, seen, tuple(reasons))


def deployable(trials: Sequence[Trial], named: Collection[str]) -> list[Trial]:
    """Of models that were asked for: a yardstick that was not is measured, and deployed only where nothing else ended.

    Args:
        trials: of the run.
        named: models that the user asked for, if any.
    """
    asked = [trial for trial in trials if trial.recipe.model in named]
    return asked if any(trial.status is Status.FINISHED for trial in asked) else list(trials)


def exchanged(
    choice: Choice, members: Sequence[Trial], folder: Path, workspace: Workspace, costs: dict[str, float]
) -> Choice:
    """The choice with other trials, on the same folds, in the places of its members; weights stay as they are."""
    predictions = [trial_predictions(folder, trial, workspace)[0] for trial in members]
    joined = choice.combiner.combine(predictions)
    calibrator, decision, reasons = _decide(workspace, joined, choice.seen, costs)
    return Choice(tuple(members), choice.combiner, calibrator, decision, joined, choice.seen, tuple(reasons))


def _decide(
    workspace: Workspace, joined: Floats, seen: Flags, costs: dict[str, float]
) -> tuple[Calibrator | None, Decision, list[tuple[str, str]]]:
    task, reasons = workspace.task, []
    if not task.goal.is_classification:
        return None, Decision(), []
    rows = np.flatnonzero(seen)
    target: Target = workspace.target.take(rows)
    stream = Streams(workspace.seed).generator("calibration")
    calibrator, why = calibrate(joined[rows], target.codes, target.weights, stream)
    reasons.append(("probabilities are calibrated" if calibrator else "probabilities are left as they are", why))
    shown = joined[rows] if calibrator is None else calibrator.apply(joined[rows])
    decision = cost_decision(costs, task.classes) if costs else choose_threshold(task, target, shown)
    if decision.threshold is not None:
        reasons.append(
            (f"decides for {task.classes[1]!r} from {decision.threshold:.3g} on", f"best {task.metric} out of fold")
        )
    return calibrator, decision, reasons


def bagged(task: Task, strategy: str, folds: int) -> bool:
    """Whether the fold pipelines are averaged (each row is then learned by most of them) or refitted on all rows."""
    return task.goal is not Goal.RECOMMENDATION and strategy != "time" and folds >= 3
