"""How sure the model is: conformity scores out of fold, and the coverage that they give on rows that came later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.api.session import Session
from sevenfold.core.arrays import Floats
from sevenfold.core.metric import Needs
from sevenfold.evaluation.metrics.catalogue import METRICS

if TYPE_CHECKING:
    from sevenfold.api.collect import Collected
    from sevenfold.api.tune import Final
    from sevenfold.evaluation.conformal.stored import Conformal


def conformal_of(session: Session, collected: Collected, final: Final) -> Conformal | None:
    """Learned from the out-of-fold predictions of the final model; None for tasks that have no such thing."""
    from sevenfold.evaluation.conformal.stored import learn

    task, seen = collected.task, final.choice.seen
    if METRICS.get(task.metric).spec.needs is Needs.RANKING:
        return None
    stream = session.streams.generator("evaluation", "conformal")
    truth = collected.workspace.target.values[seen]
    return learn(task, out_of_fold_answers(final)[seen], truth, stream, ordered=collected.strategy == "time")


def out_of_fold_answers(final: Final) -> Floats:
    """(rows, ...) predictions out of fold as the model would give them; NaN where no fold validated the row."""
    choice = final.choice
    shown = choice.predicted.copy()
    shown[choice.seen] = choice.answers(np.flatnonzero(choice.seen))
    return shown


def rolling_coverage(session: Session, collected: Collected, final: Final) -> dict[str, Any] | None:
    """Where rows are split by time: the coverage in each fold of scores from the folds before it, over all folds."""
    from sevenfold.evaluation.conformal.coverage import rolling

    if collected.strategy != "time" or METRICS.get(collected.task.metric).spec.needs is Needs.RANKING:
        return None
    stream = session.streams.generator("evaluation", "conformal", "rolling")
    folds = [valid for _, valid in collected.workspace.folds]
    decision = final.choice.decision
    truth = collected.workspace.target.values
    return rolling(collected.task, out_of_fold_answers(final), truth, folds, stream, decision.decide)
