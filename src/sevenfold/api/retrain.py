"""Run the same recipe on new data, and offer the result as a challenger."""

from __future__ import annotations

import time
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.errors import DataError, RequestError

if TYPE_CHECKING:
    from sevenfold.api.run import Run
    from sevenfold.api.session import Listener
    from sevenfold.core.arrays import Floats
    from sevenfold.deployment.model import LoadedModel

_OWN = frozenset({"data", "target", "test", "schema", "out", "budget", "trials", "metric"})


def retrain(
    run: str | Path,
    data: Any = None,
    *,
    store: str | Path | None = None,
    labels: Any = None,
    test: Any = None,
    budget: str | None = None,
    trials: int | None = None,
    out: str | Path | None = None,
    on_event: Listener | None = None,
    whole_process: bool = False,
) -> dict[str, Any]:
    """Train by the plan of a run on new data, and compare both models on rows that neither has learned from.

    The columns keep the kinds that the run gave them, the metric is the same. The rows to compare on are the sealed
    ones of the new training, or `test`.

    Args:
        run: folder of the run whose model is the champion.
        data: new labelled rows. Or:
        store, labels: logged rows whose labels have come.
        test: rows to compare on; otherwise some are split off `data`.
        budget, trials: of the new training; those of the run by default.
        out: the new run's folder; beside the old one by default.
        on_event, whole_process: see `train`.
    Returns:
        {"run", "model", "champion", "metric", "rows", "champion_score", "challenger_score", "gain", "better",
        "advice"}.
        "gain" is in the metric's unit, above 0 where the challenger is better, with its 95 % interval.
    Raises:
        RequestError, DataError, LimitError: as `train` does.
    """
    from sevenfold.api.run import Run
    from sevenfold.api.train import train
    from sevenfold.core.config import Plan
    from sevenfold.monitoring.harvest import labelled_rows

    before = Run.open(run)
    champion = before.model
    if (data is None) == (store is None) or (store is not None and labels is None):
        raise RequestError(
            "It is not clear what to train on.", "--data NEW, or --store STORE with --labels LABELS",
            "both" if data is not None else "neither", "Give one of them.",
        )  # fmt: skip
    rows = data if store is None else labelled_rows(store, labels)
    plan = Plan.load(before.folder.plan)
    settings: dict[str, Any] = {f.name: getattr(plan, f.name) for f in fields(Plan) if f.name not in _OWN}
    settings |= {"budget": budget, "trials": trials}
    if budget is None and trials is None:
        settings |= {"budget": plan.budget, "trials": plan.trials}
    settings |= {"metric": champion.task.metric, "schema": str(before.folder.schema)}
    settings |= {"out": str(out or _beside(before.path)), "test": test}
    target = plan.target or (champion.task.target if champion.task.target in champion.schema else None)
    after = train(rows, target, on_event=on_event, whole_process=whole_process, **settings)
    compared = _compared(champion, after)
    return {"run": str(after.path), "model": str(after.folder.model), "champion": str(before.folder.model), **compared}


def _beside(run: Path) -> Path:
    """A folder for the new run, beside the old one."""
    base = run.with_name(f"{run.name}-retrained-{time.strftime('%Y%m%d-%H%M%S')}")
    number, path = 1, base
    while path.exists():
        number += 1
        path = base.with_name(f"{base.name}-{number}")
    return path


def _compared(champion: LoadedModel, run: Run) -> dict[str, Any]:
    """Both models on the sealed rows of the new run."""
    import polars as pl

    from sevenfold.core.context import Streams
    from sevenfold.evaluation.compare import compare
    from sevenfold.evaluation.intervals import interval
    from sevenfold.evaluation.metrics.catalogue import metric_for

    challenger = run.model
    task = challenger.task
    table = pl.read_ipc(run.folder.sealed / "table.arrow")
    truth: Floats = np.load(run.folder.sealed / "target.npy")
    metric = metric_for(task, None, challenger.runtime.predictor.decision.costs)
    nothing = {"metric": metric.spec.name, "rows": len(truth), "champion_score": None, "challenger_score": None}
    if task.classes != champion.task.classes:
        why = "The classes are others than before: compare the models by what they are for."
        return {**nothing, "gain": None, "better": False, "advice": why}
    try:
        first, second = (_form(model, table, metric.spec.needs) for model in (champion, challenger))
        streams = Streams(0)
        gain = compare(metric, truth, first, second, streams.generator("retrain", "gain"))
        scores = [interval(metric, truth, p, streams.generator("retrain", "score")) for p in (first, second)]
    except DataError as error:
        return {**nothing, "gain": None, "better": False, "advice": f"They could not be compared: {error.what}"}
    better, worse = gain.real, gain.high < 0
    advice = (
        "The challenger is better beyond doubt: deploy it." if better
        else "The challenger is worse: keep the champion." if worse
        else "No clear difference: keep the champion, or let the challenger run beside it."
    )  # fmt: skip
    return {
        "metric": metric.spec.name,
        "rows": len(truth),
        "champion_score": scores[0].to_json(),
        "challenger_score": scores[1].to_json(),
        "gain": gain.to_json(),
        "better": better,
        "advice": advice,
    }


def _form(model: LoadedModel, table: Any, needs: Any) -> Floats:
    """What the metric looks at. The champion meets the rows as its own schema reads them."""
    from sevenfold.core.metric import Needs

    predictor = model.runtime.predictor
    predicted = predictor.predict(table)
    if needs is Needs.LABELS:
        return predictor.decision.decide(predicted).astype(np.float64)
    if needs is Needs.RANKING:
        raise DataError("Rankings are compared by their own reports.", "another metric", "a ranking")
    return predicted
