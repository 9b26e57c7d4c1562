"""Kinds of journal events: one stream feeds progress display, report, resume and replay."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from sevenfold.core.run import Event


class Happening(StrEnum):
    """Every kind of event a run can write."""

    RUN_STARTED = "run.started"  # versions, resources, plan digest
    RUN_RESUMED = "run.resumed"
    RUN_FINISHED = "run.finished"  # result as `train --json` prints it
    RUN_FAILED = "run.failed"
    STEP_STARTED = "step.started"  # step: one of STEPS
    STEP_FINISHED = "step.finished"  # step, seconds
    DECISION = "decision"  # what, why: a choice or a refusal
    FINDING = "finding"
    TRIAL_STARTED = "trial.started"  # trial, recipe, folds
    FOLD_FINISHED = "fold.finished"  # trial, fold, loss, rounds, seconds
    TRIAL_FINISHED = "trial.finished"  # trial, value, low, high, seconds, bytes
    TRIAL_PRUNED = "trial.pruned"  # trial, reason
    TRIAL_FAILED = "trial.failed"  # trial, reason
    ENSEMBLE_FINISHED = "ensemble.finished"  # members, weights, value
    SEALED_OPENED = "sealed.opened"  # looks so far: each widens the reported interval


STEPS = ("data", "features", "models", "training", "evaluation", "tuning", "deployment")


class Listener(Protocol):
    """Whoever watches a run: the terminal, the studio, a callback."""

    def __call__(self, event: Event) -> None:
        """Called after the event is safely in the journal. An exception ends the watching, not the run."""
