"""How many folds the time suffices for: fewer for every trial rather than hardly any trial."""

from __future__ import annotations

from sevenfold.tuning.trial import Trial

FEWEST_FOLDS = 2
_WANTED_TRIALS = 4  # real trials that the time should suffice for, else fewer folds are used
_MORE_TRIALS = 8  # as long as the folds that are left validate enough rows
_ENOUGH_VALIDATED = 1_500


def folds_within(first: Trial, folds: int, valid_rows: int, work_seconds: float) -> int:
    """The folds to use, by the pace of the first real trial.

    Args:
        first: with at least one fold done.
        folds: that were planned.
        valid_rows: validation rows of one fold.
        work_seconds: left for searching, on all workers together.
    """
    pace = first.seconds / len(first.folds)
    # Features of a fold are made once and serve all later trials: they count once, the model for every trial.
    features = sum(result.feature_seconds for result in first.folds.values()) / len(first.folds)
    few, many = (
        int(work_seconds / (features + number * (pace - features))) for number in (_MORE_TRIALS, _WANTED_TRIALS)
    )
    enough = -(-_ENOUGH_VALIDATED // valid_rows)
    return max(min(FEWEST_FOLDS, folds), min(folds, max(few, min(many, enough))))
