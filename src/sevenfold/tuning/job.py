"""One unit of work: fit one recipe on one fold, predict its validation rows, leave the result in the run folder."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.context import Streams
from sevenfold.core.inputs import Inputs
from sevenfold.core.int8 import FLOAT, INT8
from sevenfold.core.model import FitContext, Recommender
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.recipe import Recipe
from sevenfold.core.state import save_state
from sevenfold.training.code_pages import give_back_code
from sevenfold.training.fit import FittedFeatures, StepCache, fit_features, fit_model
from sevenfold.training.int8 import in_int8
from sevenfold.training.memory import give_back, need_of, share_that_fits, surely_fits, thinned
from sevenfold.training.refit import fit_whole, learns_whole
from sevenfold.training.whole import share_within
from sevenfold.training.workspace import Stored, Workspace
from sevenfold.tuning.executors.imports import warm
from sevenfold.tuning.lessons import taught
from sevenfold.tuning.teacher import Teacher

_WORTHWHILE = 1.5  # times the sample's rows; fewer are not worth another reading


@dataclass(frozen=True)
class Job:
    """What a worker is asked to do, as plain data.

    Args:
        trial: the trial's name.
        recipe: `Recipe.to_json()`.
        fold: fold number, or -1 to fit on every training row.
        folder: where the trial's results lie.
        stop_at: monotonic clock time at which a fit that can stop early does.
        latest_at: until when `stop_at` may be put off by the time that importing a library took.
        kill_at: monotonic clock time at which the worker is killed.
        threads: threads the fit may start.
        rounds: fixed number of rounds, or None to let validation decide.
        repeat: number of a further fit of the same recipe and fold, with its own random stream.
        share: of the rows of the file behind a sample, for a fit on every row; None fits on the sample.
        more: folder of the sealed rows, once they have been opened, to learn from them as well; fold is -1 then.
        teacher: `Teacher.to_json()`, for a fit that learns a teacher's answers; None learns the labels.
        taught_in: the run's `trials/`, where the teacher's fits lie.
        precision: how large matrices of weights are stored: "float", or "int8", in which they are then judged, too.
    """

    trial: str
    recipe: Mapping[str, Any]
    fold: int
    folder: str
    stop_at: float = float("inf")
    latest_at: float = 0.0
    kill_at: float = float("inf")
    threads: int = 1
    rounds: int | None = None
    repeat: int = 0
    share: float | None = None
    more: str | None = None
    teacher: Mapping[str, Any] | None = None
    taught_in: str = ""
    precision: str = FLOAT

    @property
    def name(self) -> str:
        """Folder of this job's result within the trial's."""
        base = ("full" if self.more is None else "all") if self.fold < 0 else f"fold-{self.fold}"
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


def run_job(workspace: Workspace, job: Job, cache: StepCache, memory_bytes: float = float("inf")) -> JobResult:
    """Do one job. The result depends on workspace, recipe, fold, rounds and repeat alone, unless the clock cut it, or
    memory is so short that the fit learns from fewer rows.

    Args:
        memory_bytes: that this process may take.
    Raises:
        LimitError: the fit would not keep within memory even with few rows.
    """
    from threadpoolctl import threadpool_limits

    recipe = Recipe.from_json(job.recipe)
    whole = job.share is not None and learns_whole(workspace, recipe)
    # What a first fit of a model spends on importing its library is not the fit's: its time is given on top.
    job = replace(job, stop_at=min(job.stop_at + warm(recipe.model), max(job.stop_at, job.latest_at)))
    started, core_started = time.monotonic(), time.process_time()
    if job.more is not None:
        workspace, cache = with_sealed(workspace, Path(job.more)), StepCache(0)
    share = 1.0
    with threadpool_limits(job.threads):
        if whole:
            pipeline, fitted, info, feature_seconds = _fit_whole(workspace, recipe, job, cache, started, memory_bytes)
        else:
            share = _share(workspace, recipe, job, memory_bytes)
            if share < 1.0:
                cache.clear()
                cache = StepCache(0)
            pipeline, fitted, info, feature_seconds = _fit(workspace, recipe, job, cache, started, share)
        if job.precision == INT8:
            pipeline = in_int8(pipeline)
        predict_started = time.monotonic()
        _, valid = workspace.rows(job.fold)
        predicted, value, loss = None, float("nan"), float("nan")
        if len(valid) and fitted.valid is not None:
            if pipeline.precision == FLOAT:
                predicted = pipeline.target.invert(pipeline.model.predict(fitted.valid))
            else:  # its features are stored in eight bits as well
                predicted = pipeline.predict(workspace.part(valid, columns_of(recipe)))
            value, loss = score_fold(workspace, pipeline, job.fold, predicted)
        predict_seconds = time.monotonic() - predict_started
    size = save_result(Path(job.folder) / job.name, pipeline, predicted)
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
        notes={
            **info.notes,
            **({"memory_share": share} if share < 1.0 else {}),
            "core_seconds": round(time.process_time() - core_started, 4),
        },
    )


def with_sealed(workspace: Workspace, sealed: Path) -> Workspace:
    """The workspace with the sealed rows behind its own; it has no folds."""
    import polars as pl

    weights = workspace.target.weights
    values = np.concatenate([workspace.target.values, np.load(sealed / "target.npy")])
    if weights is not None:
        path = sealed / "weights.npy"
        held = np.load(path) if path.exists() else np.ones(len(values) - len(weights))
        weights = np.concatenate([weights, held])
    own, path = workspace.held, sealed / "table.arrow"
    if isinstance(own, Stored):
        table: pl.DataFrame | Stored = Stored((*own.paths, path))
    else:
        table = pl.concat([own, pl.read_ipc(path).select(own.columns)])
    return replace(workspace, held=table, target=replace(workspace.target, values=values, weights=weights), folds=())


def _fit(
    workspace: Workspace, recipe: Recipe, job: Job, cache: StepCache, started: float, share: float
) -> tuple[Pipeline, FittedFeatures, Any, float]:
    streams = Streams(workspace.seed)
    train, valid = workspace.rows(job.fold)
    train = thinned(train, share, streams.generator("memory", job.fold))
    target = workspace.target.take(train)
    columns = columns_of(recipe)
    held_out = workspace.part(valid, columns) if len(valid) else None
    fitted = fit_features(
        recipe,
        workspace.part(train, columns),
        target,
        held_out,
        lambda digest: streams.generator("step", digest, job.fold),
        cache,
        job.fold,
    )
    feature_seconds = time.monotonic() - started
    give_back_code()  # of what made the features: the fit takes the most memory, and longest
    held_target = workspace.target.take(valid) if len(valid) else None
    if job.teacher is not None:
        teacher = Teacher.from_json(job.teacher)
        fitted, target = taught(workspace, recipe, fitted, train, job.fold, teacher, Path(job.taught_in))
    pipeline, info = fit_model(recipe, fitted, target, held_target, _context(workspace, recipe, job))
    return pipeline, fitted, info, feature_seconds


def _share(workspace: Workspace, recipe: Recipe, job: Job, memory_bytes: float) -> float:
    """Share of the training rows that a fit can be made with; all of them unless memory is short."""
    train, valid = workspace.rows(job.fold)
    columns = columns_of(recipe)
    if memory_bytes == float("inf") or surely_fits((len(train) + len(valid)) * max(1.0, len(columns)), memory_bytes):
        return 1.0
    need = need_of(recipe, workspace.table, workspace.target, len(valid), len(train), job.threads)
    return share_that_fits(need, len(train), memory_bytes)


def columns_of(recipe: Recipe) -> list[str]:
    """The source columns that a recipe reads."""
    return sorted({name for step in recipe.steps for name in step.inputs if not name.startswith("@")})


def _fit_whole(
    workspace: Workspace, recipe: Recipe, job: Job, cache: StepCache, started: float, memory_bytes: float
) -> tuple[Pipeline, FittedFeatures, Any, float]:
    """Features of the sample, model of the whole file (or that share of it which the job names)."""
    assert workspace.whole is not None
    assert job.share is not None
    cache.clear()
    streams = Streams(workspace.seed)
    fitted = fit_features(
        recipe, workspace.table, workspace.target, None, lambda digest: streams.generator("step", digest, job.fold)
    )
    feature_seconds = time.monotonic() - started
    give_back()  # the sample's typed rows
    context = _context(workspace, recipe, job)
    pipeline, info = fit_whole(recipe, fitted, workspace.target, workspace, job.share, context, memory_bytes)
    return pipeline, FittedFeatures(fitted.features, Inputs(0), None), info, feature_seconds


def worthwhile_share(
    workspace: Workspace, recipe: Recipe, results: Sequence[JobResult], rows: int, seconds: float
) -> float | None:
    """Share of the file behind a sample that the time allows to learn; None where that is little more than the sample.

    Args:
        results: of the recipe's folds.
        rows: that these learned from, all together.
        seconds: left for the fit.
    """
    if workspace.whole is None or not learns_whole(workspace, recipe):
        return None
    rounds = [result.rounds for result in results if result.rounds]
    if not rounds:
        return None
    spent = sum(result.seconds - result.feature_seconds - result.predict_seconds for result in results)
    mean = float(np.mean(rounds))
    lottery = workspace.whole.lottery
    share = share_within(spent / max(1, rows) / mean, round(mean), lottery.rows, seconds)
    return share if share > _WORTHWHILE * lottery.share else None


def _context(workspace: Workspace, recipe: Recipe, job: Job) -> FitContext:
    return FitContext(
        stream=Streams(workspace.seed).generator("model", recipe.digest, job.fold, job.repeat),
        threads=job.threads,
        seconds_left=lambda: job.stop_at - time.monotonic(),
        metric=workspace.task.metric,
        objective=workspace.task.objective,
        quantile=workspace.task.quantile,
        rounds=job.rounds,
    )


def score_fold(workspace: Workspace, pipeline: Pipeline, fold: int, predicted: Floats) -> tuple[float, float]:
    """The run's metric on a fold's validation rows, calibrated as the chosen model's will be, and its loss."""
    from sevenfold.tuning.objective import as_calibrated, ranking_value, score_predictions

    valid = workspace.folds[fold][1]
    task, target = workspace.task, workspace.target.take(valid)
    if isinstance(pipeline.model, Recommender):
        return ranking_value(pipeline, workspace.table[valid], target, task)
    return score_predictions(task, target, as_calibrated(task, target, predicted))


def save_result(folder: Path, pipeline: Pipeline, predicted: Floats | None) -> int:
    """Leave a fit and its predictions of validation rows in a folder; bytes of what was learned."""
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
