"""One unit of work: fit one recipe on one fold, predict its validation rows, leave the result in the run folder."""

from __future__ import annotations

import resource
import sys
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.context import Streams
from sevenfold.core.model import FitContext, Recommender
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.recipe import Recipe
from sevenfold.core.state import save_state
from sevenfold.training.fit import FittedFeatures, fit_features, fit_model
from sevenfold.training.workspace import Workspace


@dataclass(frozen=True)
class Job:
    """What a worker is asked to do, as plain data.

    Args:
        trial: the trial's name.
        recipe: `Recipe.to_json()`.
        fold: fold number, or -1 to fit on every training row.
        folder: where the trial's results lie.
        stop_at: monotonic clock time at which a fit that can stop early does.
        kill_at: monotonic clock time at which the worker is killed.
        threads: threads the fit may start.
        rounds: fixed number of rounds, or None to let validation decide.
        repeat: number of a further fit of the same recipe and fold, with its own random stream.
    """

    trial: str
    recipe: Mapping[str, Any]
    fold: int
    folder: str
    stop_at: float = float("inf")
    kill_at: float = float("inf")
    threads: int = 1
    rounds: int | None = None
    repeat: int = 0

    @property
    def name(self) -> str:
        """Folder of this job's result within the trial's."""
        base = "full" if self.fold < 0 else f"fold-{self.fold}"
        return base if self.repeat == 0 else f"{base}-{self.repeat}"

    def to_json(self) -> dict[str, Any]:
        """Plain data (infinite times as None)."""
        data = asdict(self)
        for key in ("stop_at", "kill_at"):
            data[key] = None if data[key] == float("inf") else data[key]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Job:
        """The job that `to_json` wrote."""
        values = dict(data)
        for key in ("stop_at", "kill_at"):
            values[key] = float("inf") if values[key] is None else values[key]
        return cls(**values)


@dataclass(frozen=True)
class JobResult:
    """What a finished job reports; predictions and learned state lie in the trial's folder.

    Args:
        loss: the run's metric on the validation rows, smaller is better; NaN for a fit on every row.
        value: the same as the metric gives it.
        rounds: rounds or epochs kept.
        seconds: wall time of the whole job.
        feature_seconds, predict_seconds: parts of it.
        bytes: size of the learned state.
        memory_bytes: peak resident memory of the worker so far.
        truncated: the clock ended the fit.
        per_user: for a ranking, the metric of each validated user.
    """

    loss: float
    value: float
    rounds: int | None
    seconds: float
    feature_seconds: float
    predict_seconds: float
    bytes: int
    memory_bytes: int
    truncated: bool = False
    notes: Mapping[str, Any] = field(default_factory=dict)


class FeatureCache:
    """Fitted features of the last few (feature part, fold) pairs, within a limit of bytes."""

    def __init__(self, limit_bytes: int = 256 * 2**20) -> None:
        self.limit_bytes = limit_bytes
        self._kept: OrderedDict[tuple[str, int], FittedFeatures] = OrderedDict()

    def get(self, key: tuple[str, int]) -> FittedFeatures | None:
        """The kept features, or None."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: tuple[str, int], fitted: FittedFeatures) -> None:
        """Keep features; the least lately used go when room is short."""
        self._kept[key] = fitted
        while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > self.limit_bytes:
            self._kept.popitem(last=False)


def run_job(workspace: Workspace, job: Job, cache: FeatureCache) -> JobResult:
    """Do one job. The result depends on workspace, recipe, fold, rounds and repeat alone, unless the clock cut it."""
    from threadpoolctl import threadpool_limits

    started = time.monotonic()
    recipe = Recipe.from_json(job.recipe)
    with threadpool_limits(job.threads):
        pipeline, fitted, info, feature_seconds = _fit(workspace, recipe, job, cache, started)
        predict_started = time.monotonic()
        _, valid = workspace.rows(job.fold)
        predicted, value, loss = None, float("nan"), float("nan")
        if len(valid) and fitted.valid is not None:
            predicted = pipeline.target.invert(pipeline.model.predict(fitted.valid))
            value, loss = _score(workspace, pipeline, job.fold, predicted)
        predict_seconds = time.monotonic() - predict_started
    size = _save(Path(job.folder) / job.name, pipeline, predicted)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return JobResult(
        loss=loss,
        value=value,
        rounds=info.rounds,
        seconds=time.monotonic() - started,
        feature_seconds=feature_seconds,
        predict_seconds=predict_seconds,
        bytes=size,
        memory_bytes=peak,
        truncated=info.truncated,
        notes=dict(info.notes),
    )


def _fit(
    workspace: Workspace, recipe: Recipe, job: Job, cache: FeatureCache, started: float
) -> tuple[Pipeline, FittedFeatures, Any, float]:
    streams = Streams(workspace.seed)
    train, valid = workspace.rows(job.fold)
    target = workspace.target.take(train)
    key = (recipe.features_digest, job.fold)
    fitted = cache.get(key)
    if fitted is None:
        held_out = workspace.table[valid] if len(valid) else None
        stream = streams.generator("features", *key)
        fitted = fit_features(recipe, workspace.table[train], target, held_out, stream)
        cache.put(key, fitted)
    feature_seconds = time.monotonic() - started
    context = FitContext(
        stream=streams.generator("model", recipe.digest, job.fold, job.repeat),
        threads=job.threads,
        seconds_left=lambda: job.stop_at - time.monotonic(),
        metric=workspace.task.metric,
        objective=workspace.task.objective,
        quantile=workspace.task.quantile,
        rounds=job.rounds,
    )
    held_target = workspace.target.take(valid) if len(valid) else None
    pipeline, info = fit_model(recipe, fitted, target, held_target, context)
    return pipeline, fitted, info, feature_seconds


def _score(workspace: Workspace, pipeline: Pipeline, fold: int, predicted: Floats) -> tuple[float, float]:
    """The run's metric on a fold's validation rows, and its loss."""
    from sevenfold.tuning.objective import ranking_value, score_predictions

    valid = workspace.folds[fold][1]
    if isinstance(pipeline.model, Recommender):
        return ranking_value(pipeline, workspace.table[valid], workspace.target.take(valid), workspace.task)
    return score_predictions(workspace.task, workspace.target.take(valid), predicted)


def _save(folder: Path, pipeline: Pipeline, predicted: Floats | None) -> int:
    state: dict[str, Any] = {"pipeline": pipeline.state()}
    if predicted is not None:
        state["predicted"] = np.ascontiguousarray(predicted)
    if folder.exists():
        # A killed resume may have left the result without its journal line; equal work gives equal files.
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    save_state(folder, state)
    return sum(path.stat().st_size for path in folder.iterdir()) - (0 if predicted is None else predicted.nbytes)


def describe_failure(error: BaseException) -> str:
    """One line for the journal: what failed and where in our code or a library's."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    first = str(error).strip().splitlines()
    return f"{type(error).__name__}: {first[0] if first else 'no message'}{where}"
