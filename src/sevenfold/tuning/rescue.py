"""What a trial that the clock cut short is worth: nothing, unless no other has more to show, or it is far ahead."""

from __future__ import annotations

from collections.abc import Sequence

from sevenfold.tuning.trial import Status, Trial

_FAR_AHEAD = 0.05  # of the gain over the constant


def rescued(trials: Sequence[Trial], folds: int, constant: Trial | None) -> tuple[Trial, str] | None:
    """The cut trial that counts with the folds it has done, and why: where no other has all of them done, or where it
    is far ahead of all others on those folds.

    Args:
        trials: of a search that ends.
        folds: of a whole trial.
    """
    real = [t for t in trials if t.recipe.model != "constant"]
    cut = [t for t in real if t.status is Status.OPEN and t.folds]
    finished = [t for t in real if t.status is Status.FINISHED]
    if not finished:
        cut = [t for t in real if t.folds]
    if not cut:
        return None
    if not finished:
        trial = max(cut, key=lambda t: (len(t.folds), -t.loss))
        return trial, f"no trial has all {folds} folds done; {trial.name} has {len(trial.folds)}"
    ahead = far_ahead(cut, finished, constant)
    if ahead is None:
        return None
    return ahead, f"on the {len(ahead.folds)} of {folds} folds it has done it is far ahead of all finished trials"


def far_ahead(cut: Sequence[Trial], finished: Sequence[Trial], constant: Trial | None) -> Trial | None:
    """The best of the trials cut short, if it gains much more over the constant on its folds than any finished."""
    shown = [t for t in cut if any(set(t.folds) <= set(f.folds) for f in finished)]
    if constant is None or not shown:
        return None
    leader = min(finished, key=lambda t: t.loss)
    trial = min(shown, key=lambda t: t.comparable_loss(leader))
    done = set(trial.folds)
    if not done <= set(constant.folds):
        return None
    best = min(f.loss_on(done) for f in finished if done <= set(f.folds))
    gain = constant.loss_on(done) - best
    return trial if best - trial.loss_on(done) > _FAR_AHEAD * max(gain, 0.0) else None
