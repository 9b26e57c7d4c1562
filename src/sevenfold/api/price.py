"""What keeping the plan's limits costs: one row's time as it will be served, and the score given up for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.context import Streams
from sevenfold.core.errors import DataError
from sevenfold.core.metric import Needs
from sevenfold.core.predictor import Predictor
from sevenfold.evaluation.compare import Gain, compare
from sevenfold.evaluation.metrics.catalogue import metric_for
from sevenfold.evaluation.subject import form_for
from sevenfold.tuning.final import Choice
from sevenfold.tuning.limits import Price, median_seconds, row_seconds, state_bytes

if TYPE_CHECKING:
    from sevenfold.training.workspace import Workspace

LIMITS_COST = "what the limits cost"
"""The decision that tells it."""
_TYPICAL_ROWS = 16
_JUDGED_ROWS = 20_000


def served_seconds(predictor: Predictor, workspace: Workspace) -> float:
    """Median time of one record's prediction, reading included: in the compiled form where there is one, as a server
    answers, and through a data frame otherwise."""
    from sevenfold.deployment.compiled.build import Refusal, compile_runtime
    from sevenfold.deployment.runtime import Runtime

    runtime = Runtime.of(predictor, workspace.schema)
    typical = workspace.table[:_TYPICAL_ROWS]
    compiled = compile_runtime(runtime, typical.select([column.name for column in runtime.schema]))
    if isinstance(compiled, Refusal):
        return row_seconds(predictor, workspace.table[:1])
    record = {
        runtime.sources[name]: value for name, value in typical.row(0, named=True).items() if name in runtime.schema
    }
    return median_seconds(lambda: compiled.values(record))


def price_of(predictor: Predictor, workspace: Workspace, timed: bool = True) -> Price:
    """What a predictor costs in use; its time only where asked for, as it takes a while to find."""
    return Price(state_bytes(predictor), served_seconds(predictor, workspace) if timed else float("nan"))


def told_costs(best: Price, taken: Price) -> str:
    """Price of what is deployed beside that of the best."""
    return f"{taken} instead of {best}"


def told_price(workspace: Workspace, best: Choice, taken: Choice) -> str:
    """What is lost in score by deploying `taken` instead of `best`, with a 95 % interval by paired draws of out-of-fold
    rows; "" where that cannot be measured."""
    lost = given_up(workspace, best, taken)
    if lost is None:
        return ""
    name = metric_for(workspace.task).spec.name
    return f"{name} out of fold is {lost.value:.4g} worse (95 % interval {lost.low:.4g} to {lost.high:.4g})"


def given_up(workspace: Workspace, best: Choice, taken: Choice) -> Gain | None:
    """How much smaller the loss of `best` is than that of `taken`, on the same draws of out-of-fold rows; None where
    that cannot be measured."""
    metric = metric_for(workspace.task)
    rows = np.flatnonzero(best.seen & taken.seen)
    if metric.spec.needs is Needs.RANKING or len(rows) == 0:
        return None
    stream = Streams(workspace.seed).generator("price")
    if len(rows) > _JUDGED_ROWS:
        rows = np.sort(stream.choice(rows, _JUDGED_ROWS, replace=False))
    target = workspace.target.take(rows)
    before, after = (form_for(metric, choice.answers(rows), choice.decision) for choice in (best, taken))
    try:
        return compare(metric, target.values, after, before, stream, target.weights)
    except DataError:
        return None
