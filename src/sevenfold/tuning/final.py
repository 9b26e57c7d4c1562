"""From finished trials to the one predictor: which members, joined how, calibrated, with which decision rule."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sevenfold.core.arrays import Flags, Floats, Ints
from sevenfold.core.context import Streams
from sevenfold.core.errors import DataError
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
from sevenfold.tuning.ensemble import AverageCombiner, Loss, Room, StackCombiner, greedy_blend
from sevenfold.tuning.objective import score_predictions
from sevenfold.tuning.threshold import choose_threshold, cost_decision
from sevenfold.tuning.trial import Status, Trial

MOST_MEMBERS = 4
_MOST_CANDIDATES = 12
_JUDGED_ROWS = 20_000  # enough to tell blends apart; more only costs time
_FEWEST_JUDGED_ROWS = 2_000
_LOSSES, _LOSSES_A_CANDIDATE = 200, 25  # times that a loss is measured for a choice, about
_LEAST_GAIN = 2e-4  # share of the loss that a member must take off to be worth its bytes and its time
_RESAMPLES = 20
_LEAST_OF_A_CLASS = 10  # rows of each class in either half, before stacking is tried
_BLEND_SURE = 0.75  # share of resamples in which a blend must beat the best single trial
_STACK_SURE = 0.95  # and a stack the blend: it has more freedom to fool itself


Joined = Callable[[Sequence[Floats]], Floats]
"""A fitted ensemble: from all candidates' predictions to one."""


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
    ranked = same[:_MOST_CANDIDATES]
    predictions, seen = trial_predictions(folder, best, workspace)
    reasons = [
        (f"{best.recipe.model} ({best.name}) leads", f"mean {workspace.task.metric} {best.value:.5g} on the folds")
    ]
    members: tuple[Trial, ...] = (best,)
    combiner: Combiner = AverageCombiner([1.0])
    joined = predictions
    if len(ranked) > 1 and most_members > 1 and workspace.task.goal is not Goal.RECOMMENDATION:
        judge = _Judge.of(workspace, seen, predictions, len(ranked), seconds)
        if fit_bytes(best) > most_bytes:
            smaller = [t for t in same if fit_bytes(t) <= most_bytes][:_MOST_CANDIDATES]
            if smaller:
                one = trial_predictions(folder, smaller[0], workspace)[0]
                sure = judge.sureness([one, predictions], lambda at: _second, lambda at: _first)
                size = (
                    f"{fit_bytes(best) / 1e6:.0f} MB a fit, and it beats {smaller[0].name} in {sure:.0%} of resamples"
                )
                reasons.append((f"{best.name} is {'kept' if sure >= _BLEND_SURE else 'left out'} for its size", size))
                if sure < _BLEND_SURE:
                    ranked, predictions = smaller, one
        arrays = [predictions, *(trial_predictions(folder, t, workspace)[0] for t in ranked[1:])]
        members, combiner, reason = _join(ranked, arrays, judge, workspace, most_members, most_bytes)
        joined = combiner.combine([arrays[ranked.index(t)] for t in members])
        reasons.append(reason)
    calibrator, decision, why = _decide(workspace, joined, seen, costs)
    reasons.extend(why)
    return Choice(members, combiner, calibrator, decision, joined, seen, tuple(reasons))


def fit_bytes(trial: Trial) -> float:
    """Bytes of one fit of a trial, as its folds have it."""
    return trial.bytes / max(1, len(trial.folds))


def _first(given: Sequence[Floats]) -> Floats:
    return given[0]


def _second(given: Sequence[Floats]) -> Floats:
    return given[1]


@dataclass(frozen=True)
class _Judge:
    """Tells blends apart on out-of-fold rows.

    Args:
        loss: mean over folds, of predictions of given rows.
        rows: to judge on.
        stream: for resamples.
    """

    loss: Loss
    rows: Ints
    stream: np.random.Generator

    @classmethod
    def of(cls, workspace: Workspace, seen: Flags, predicted: Floats, candidates: int, seconds: float) -> _Judge:
        """On as many rows as the time suffices for, by the time that one loss takes."""
        task, target, fold_of = workspace.task, workspace.target, first_fold(workspace)

        def loss(shown: Floats, at: Ints) -> float:
            return _mean_fold_loss(task, target, shown, at, fold_of[at])

        rows = np.flatnonzero(seen)
        stream = Streams(workspace.seed).generator("ensemble")
        most = _JUDGED_ROWS
        if seconds < float("inf"):
            some = rows[:: max(1, len(rows) // _JUDGED_ROWS)]
            started = time.monotonic()
            loss(predicted, some)
            losses = _LOSSES + _LOSSES_A_CANDIDATE * candidates
            needed = (time.monotonic() - started) * losses * min(1.0, most / len(some))
            most = max(_FEWEST_JUDGED_ROWS, int(most * min(1.0, seconds / max(needed, 1e-9))))
        if len(rows) > most:
            rows = np.sort(stream.choice(rows, most, replace=False))
        return cls(loss, rows, stream)

    def sureness(
        self, arrays: Sequence[Floats], challenger: Callable[[Ints], Joined], holder: Callable[[Ints], Joined]
    ) -> float:
        """See `_sureness`."""
        return _sureness(arrays, self.rows, self.loss, self.stream, challenger, holder)


def _join(
    ranked: Sequence[Trial],
    arrays: Sequence[Floats],
    judge: _Judge,
    workspace: Workspace,
    most_members: int,
    most_bytes: float,
) -> tuple[tuple[Trial, ...], Combiner, tuple[str, str]]:
    target, rows, loss = workspace.target, judge.rows, judge.loss
    sizes = [fit_bytes(trial) for trial in ranked]
    room = Room(sizes, max(most_bytes, sizes[0]))
    blend = greedy_blend(arrays, loss, rows, most_members, least_gain=_LEAST_GAIN, room=room)
    if len(blend.members) == 1:
        kept = ranked[blend.members[0]]
        return (kept,), AverageCombiner([1.0]), ("no ensemble", "no blend of trials beats the best one")
    sure = judge.sureness(arrays, _best_blend(arrays, loss, most_members, room), _best_single(arrays, loss))
    if sure < _BLEND_SURE:
        why = f"a blend beats the best trial in only {sure:.0%} of resamples of rows its weights have not seen"
        return (ranked[0],), AverageCombiner([1.0]), ("no ensemble", why)
    members = tuple(ranked[i] for i in blend.members)
    average = AverageCombiner(blend.weights)
    why = f"{len(members)} trials; it beats the best one in {sure:.0%} of resamples of rows its weights have not seen"
    stack_arrays = [arrays[i] for i in blend.members]
    if target.classes and np.bincount(target.codes[rows], minlength=target.classes).min() < 2 * _LEAST_OF_A_CLASS:
        return members, average, ("weighted average", f"{why}; a class is too rare to stack on")
    stack_sure = judge.sureness(
        stack_arrays,
        _best_stack(stack_arrays, target),
        lambda at: lambda given: average.combine(list(given)),
    )
    if stack_sure >= _STACK_SURE:
        stack = StackCombiner()
        stack.fit([array[rows] for array in stack_arrays], target.values[rows], target.classes)
        return members, stack, ("stacked ensemble", f"{why}; stacking beats plain weights in {stack_sure:.0%}")
    return members, average, ("weighted average", f"{why}; stacking would beat it in only {stack_sure:.0%}")


def first_fold(workspace: Workspace) -> Ints:
    """(rows,) the first fold that validates each row, -1 where none does."""
    fold_of = np.full(len(workspace.target), -1, np.int64)
    for number in range(len(workspace.folds) - 1, -1, -1):
        fold_of[workspace.folds[number][1]] = number
    return fold_of


def _mean_fold_loss(task: Task, target: Target, predicted: Floats, at: Ints, fold_of: Ints) -> float:
    """Mean over folds, by their rows: predictions of different folds' models are never ranked against each other."""
    total, counted = 0.0, 0
    for fold in np.unique(fold_of):
        rows = at[fold_of == fold]
        try:
            total += score_predictions(task, target.take(rows), predicted[rows])[1] * len(rows)
        except DataError:  # a resample without one of the classes says nothing of ranks
            continue
        counted += len(rows)
    return total / counted if counted else float("inf")


def _sureness(
    arrays: Sequence[Floats],
    rows: Ints,
    loss: Loss,
    stream: np.random.Generator,
    challenger: Callable[[Ints], Joined],
    holder: Callable[[Ints], Joined],
) -> float:
    """Share of resamples in which one way of joining beats another, both fitted on one half of the rows and judged on
    the other."""
    wins: list[bool] = []
    for _ in range(2):
        order = stream.permutation(rows)
        ours, theirs = order[: len(order) // 2], order[len(order) // 2 :]
        new, old = challenger(ours)(arrays), holder(ours)(arrays)
        for _ in range(_RESAMPLES):
            at = theirs[stream.integers(len(theirs), size=len(theirs))]
            wins.append(loss(new, at) < loss(old, at))
    return float(np.mean(wins))


def _best_single(arrays: Sequence[Floats], loss: Loss) -> Callable[[Ints], Joined]:
    def fit(at: Ints) -> Joined:
        best = int(np.argmin([loss(array, at) for array in arrays]))
        return lambda given: given[best]

    return fit


def _best_blend(arrays: Sequence[Floats], loss: Loss, most_members: int, room: Room) -> Callable[[Ints], Joined]:
    def fit(at: Ints) -> Joined:
        blend = greedy_blend(arrays, loss, at, most_members, least_gain=_LEAST_GAIN, room=room)
        average = AverageCombiner(blend.weights)
        return lambda given: average.combine([given[i] for i in blend.members])

    return fit


def _best_stack(arrays: Sequence[Floats], target: Target) -> Callable[[Ints], Joined]:
    def fit(at: Ints) -> Joined:
        stack = StackCombiner()
        stack.fit([array[at] for array in arrays], target.values[at], target.classes)
        return lambda given: stack.combine(list(given))

    return fit


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
