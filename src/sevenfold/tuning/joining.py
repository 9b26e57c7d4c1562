"""How trials are joined: the simpler unless the other's gain is real, on rows that neither was chosen by."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sevenfold.core.arrays import Flags, Floats, Ints
from sevenfold.core.context import Streams
from sevenfold.core.errors import DataError
from sevenfold.core.predictor import Combiner
from sevenfold.core.task import Target, Task
from sevenfold.training.workspace import Workspace
from sevenfold.tuning.ensemble import AverageCombiner, Blend, Loss, Room, StackCombiner, greedy_blend
from sevenfold.tuning.objective import as_calibrated, score_predictions
from sevenfold.tuning.trial import Trial

_MOST_CANDIDATES = 12
_OF_A_MODEL = 4  # candidates, so that a blend has different ones to choose from
_KIN = 0.1  # share of the leader's gain over the constant that another model's best trial may give up to be averaged
_JUDGED_ROWS = 20_000  # enough to tell blends apart; more only costs time
_FEWEST_JUDGED_ROWS = 2_000
_LOSSES, _LOSSES_A_CANDIDATE = 200, 25  # times that a loss is measured for a choice, about
_LEAST_GAIN = 2e-4  # share of the loss that a member must take off to be worth its bytes and its time
_RESAMPLES = 20
_LEAST_OF_A_CLASS = 10  # rows of each class in either half, before stacking is tried
BLEND_SURE = 0.75
"""Share of resamples in which a blend must beat what is simpler."""
_STACK_SURE = 0.95  # and a stack the blend: it has more freedom to fool itself


Joined = Callable[[Sequence[Floats]], Floats]
"""A fitted ensemble: from all candidates' predictions to one."""


def different(ranked: Sequence[Trial]) -> list[Trial]:
    """The best trials, a few of each model at most."""
    kept: list[Trial] = []
    for trial in ranked:
        if sum(other.recipe.model == trial.recipe.model for other in kept) < _OF_A_MODEL:
            kept.append(trial)
    return kept[:_MOST_CANDIDATES]


def kin_of(ranked: Sequence[Trial], finished: Sequence[Trial], most_members: int, most_bytes: float) -> list[int]:
    """Places of the best trial of each model that does about as well as the leader; the leader's is the first."""
    constant = next((t.loss for t in finished if t.recipe.model == "constant"), float("inf"))
    worst = ranked[0].loss + _KIN * max(0.0, constant - ranked[0].loss)
    room = max(most_bytes, fit_bytes(ranked[0]))
    places: list[int] = []
    for place, trial in enumerate(ranked):
        known = any(ranked[other].recipe.model == trial.recipe.model for other in places)
        if known or trial.loss > worst or fit_bytes(trial) > room or len(places) == most_members:
            continue
        places.append(place)
        room -= fit_bytes(trial)
    return places


def fit_bytes(trial: Trial) -> float:
    """Bytes of one fit of a trial, as its folds have it."""
    return trial.bytes / max(1, len(trial.folds))


@dataclass(frozen=True)
class Judge:
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
    def of(cls, workspace: Workspace, seen: Flags, predicted: Floats, candidates: int, seconds: float) -> Judge:
        """On as many rows as the time suffices for, by the time that one loss takes."""
        task, target, fold_of = workspace.task, workspace.target, first_fold(workspace)

        def loss(shown: Floats, at: Ints) -> float:
            part = target.take(at)
            return _mean_fold_loss(task, part, as_calibrated(task, part, shown[at]), fold_of[at])

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

    def second_is_better(self, first: Floats, second: Floats) -> float:
        """Share of resamples in which the second predictions beat the first."""
        return self.sureness([first, second], lambda at: lambda given: given[1], lambda at: lambda given: given[0])

    def sureness(
        self, arrays: Sequence[Floats], challenger: Callable[[Ints], Joined], holder: Callable[[Ints], Joined]
    ) -> float:
        """See `_sureness`."""
        return _sureness(arrays, self.rows, self.loss, self.stream, challenger, holder)


def join(
    ranked: Sequence[Trial],
    arrays: Sequence[Floats],
    judge: Judge,
    workspace: Workspace,
    most_members: int,
    most_bytes: float,
    kin: Sequence[int] = (),
) -> tuple[tuple[Trial, ...], Combiner, tuple[str, str]]:
    """Members and how they are joined.

    Args:
        kin: places of trials that are averaged unless a chosen blend is surely better; with fewer than two of them the
            best trial by itself is what a blend has to beat.
    """
    target, rows, loss = workspace.target, judge.rows, judge.loss
    sizes = [fit_bytes(trial) for trial in ranked]
    room = Room(sizes, max(most_bytes, sizes[0]))
    blend = greedy_blend(arrays, loss, rows, most_members, least_gain=_LEAST_GAIN, room=room)
    if len(kin) > 1:
        return _join_kin(ranked, arrays, judge, kin, _best_blend(arrays, loss, most_members, room), blend)
    if len(blend.members) == 1:
        kept = ranked[blend.members[0]]
        return (kept,), AverageCombiner([1.0]), ("no ensemble", "no blend of trials beats the best one")
    sure = judge.sureness(arrays, _best_blend(arrays, loss, most_members, room), _best_single(arrays, loss))
    if sure < BLEND_SURE:
        why = f"a blend beats the best trial in only {sure:.0%} of resamples of rows its weights have not seen"
        best = ranked[int(np.argmin([loss(array, rows) for array in arrays]))]
        return (best,), AverageCombiner([1.0]), ("no ensemble", why)
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


def _join_kin(
    ranked: Sequence[Trial],
    arrays: Sequence[Floats],
    judge: Judge,
    kin: Sequence[int],
    best_blend: Callable[[Ints], Joined],
    blend: Blend,
) -> tuple[tuple[Trial, ...], Combiner, tuple[str, str]]:
    """Where rows are few: models that differ, weighing the same, unless chosen weights are surely better. Averaging
    lowers the variance of whichever leads; weights and leaders chosen on few rows owe much to luck."""
    equal = AverageCombiner([1.0 / len(kin)] * len(kin))
    sure = judge.sureness(arrays, best_blend, lambda at: lambda given: equal.combine([given[place] for place in kin]))
    if sure >= BLEND_SURE:
        why = (
            f"it beats equal weights of {len(kin)} models in {sure:.0%} of resamples of rows its weights have not seen"
        )
        return (
            tuple(ranked[place] for place in blend.members),
            AverageCombiner(blend.weights),
            ("weighted average", why),
        )
    why = (
        f"the best trial of each of {len(kin)} models: with so few rows luck decides which leads, and a blend with "
        f"chosen weights beats them in only {sure:.0%} of resamples"
    )
    return tuple(ranked[place] for place in kin), equal, ("equal weights", why)


def first_fold(workspace: Workspace) -> Ints:
    """(rows,) the first fold that validates each row, -1 where none does."""
    fold_of = np.full(len(workspace.target), -1, np.int64)
    for number in range(len(workspace.folds) - 1, -1, -1):
        fold_of[workspace.folds[number][1]] = number
    return fold_of


def _mean_fold_loss(task: Task, target: Target, predicted: Floats, fold_of: Ints) -> float:
    """Mean over folds, by their rows: predictions of different folds' models are never ranked against each other."""
    total, counted = 0.0, 0
    for fold in np.unique(fold_of):
        rows = np.flatnonzero(fold_of == fold)
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
