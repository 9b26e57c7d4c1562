"""Try many settings of every model on samples of many data sets, and keep what each gave and what it cost.

    python benchmarks/portfolio/collect.py DATA WORK [--rows 2000] [--only NAME,...]

DATA is a folder of folders, each with `dataset.json` (target, task, metric, columns that leak or name rows) and
`train.*`; no test file is read. Every model's own starting points are tried and some random settings of those models
that usually win, the same on every set, each on the same folds and to its end. A line a trial goes to
`WORK/trials.jsonl`, its out-of-fold predictions to `WORK/SET/TRIAL.npy`; what is there is not tried again. Cost is
processor time: a machine that is busy with other things changes nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.api.collect import Collected
from sevenfold.api.collect import collect as collect_data
from sevenfold.api.session import Session
from sevenfold.core.config import Plan
from sevenfold.core.context import Deadline, Resources
from sevenfold.core.model import Trait
from sevenfold.core.recipe import Recipe
from sevenfold.core.state import load_state
from sevenfold.training.fit import StepCache
from sevenfold.training.workspace import Workspace, out_of_fold
from sevenfold.tuning.candidates import Candidate, gather
from sevenfold.tuning.job import Job, JobResult, describe_failure, run_job
from sevenfold.tuning.joining import first_fold

if TYPE_CHECKING:
    import polars as pl

TABULAR = ("binary", "multiclass", "regression", "drift")
LEFT_OUT = ("flights_3m",)
"""Sets whose columns tell next to nothing: shares of such a gain are noise."""
DRAWN = {"lightgbm": 8, "xgboost": 3}
"""Models of which random settings are tried as well, and how many."""
SLOWEST_RATE = 0.02
"""Smaller steps than this are no starting point: they take too many rounds for a short run."""
DEAR = {"mlp": 1, "catboost": 2}
"""Models whose fits take most of the time, and how many of their starting points come before others' further ones."""
SETTLED = ("rounds", "class_weight")
"""Hyperparameters that are decided by validation, not searched."""
FOLDS = 3
TURNS = range(5)
RARE, RARE_ROWS = 0.1, 1.5  # below this share of the rarer of two classes so many times the rows are taken
DEAREST_FIT_SECONDS = 5.0


@dataclass(frozen=True)
class Entry:
    """One setting to try: `number` counts a model's starting points, or its random settings where `drawn`."""

    candidate: Candidate
    params: Mapping[str, Any]
    number: int
    drawn: bool = False

    @property
    def name(self) -> str:
        """Such as lightgbm-2, or lightgbm-r2 where drawn."""
        return f"{self.candidate.name}-{'r' if self.drawn else ''}{self.number}"

    @property
    def turn(self) -> int:
        """All sets get their entries of one turn before any gets those of the next: what matters most comes first."""
        name, first = self.candidate.name, self.number == 0 and not self.drawn
        if name in DEAR:
            return 0 if first and name == "catboost" else 2 if self.number < DEAR[name] else 4
        if first:
            return 0
        early = self.number < (4 if self.drawn else 2)
        return 1 if early or (name in DRAWN and not self.drawn) else 3


def main() -> None:
    """Try what was not tried yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    os.environ["SEVENFOLD_INLINE"] = "1"
    given.work.mkdir(parents=True, exist_ok=True)
    table = given.work / "trials.jsonl"
    folders = data_sets(given.data, tuple(filter(None, given.only.split(","))))
    opened: dict[str, Opened] = {}
    for turn in TURNS:
        for folder in folders:
            done = {(row["set"], row["trial"]) for row in rows_of(table)}
            if folder.name not in opened:
                opened[folder.name] = open_set(folder, given.work / folder.name, given.rows)
            for row in tried(opened[folder.name], turn, given.work / folder.name, done):
                with table.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
            print(turn, folder.name, flush=True)


def rows_of(table: Path) -> list[dict[str, Any]]:
    """Lines of a table of trials."""
    return [json.loads(line) for line in table.read_text(encoding="utf-8").splitlines()] if table.exists() else []


def data_sets(data: Path, only: tuple[str, ...]) -> list[Path]:
    """Folders of tabular data sets, the cheapest first."""
    found = []
    for facts_file in data.glob("*/dataset.json"):
        folder, facts = facts_file.parent, json.loads(facts_file.read_text(encoding="utf-8"))
        if facts["task"] in TABULAR and folder.name not in LEFT_OUT and (not only or folder.name in only):
            found.append(folder)
    return sorted(found, key=_dearness)


def _dearness(folder: Path) -> tuple[bool, int]:
    """Many classes multiply what boosting costs: such sets come last."""
    facts = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    return facts["task"] == "multiclass", sum(path.stat().st_size for path in folder.glob("train.*"))


@dataclass(frozen=True)
class Opened:
    """A data set, typed and split, with all that is to be tried on it."""

    name: str
    workspace: Workspace
    entries: tuple[Entry, ...]
    cache: StepCache


def open_set(folder: Path, work: Path, most_rows: int) -> Opened:
    """Read, sample, split and plan; the target is kept for whoever judges ensembles."""
    facts = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    collected = laid_down(sample(folder, facts, most_rows), facts)
    workspace = collected.workspace
    candidates, _ = gather(collected.task, collected.schema, collected.profile, workspace.target, ())
    keep_target(work, workspace)
    return Opened(folder.name, workspace, tuple(entries(candidates)), StepCache())


def tried(opened: Opened, turn: int, work: Path, done: set[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """Rows of the table for the entries of one turn."""
    for entry in opened.entries:
        if entry.turn == turn and (opened.name, entry.name) not in done:
            yield {"set": opened.name, "trial": entry.name, **measured(entry, opened.workspace, work, opened.cache)}


def sample(folder: Path, facts: Mapping[str, Any], most_rows: int) -> pl.DataFrame:
    """Some of the training rows, in their order."""
    import polars as pl

    from sevenfold.data.readers.base import Options
    from sevenfold.data.readers.read import read

    frame = read(next(folder.glob("train.*")), target=str(facts["target"]), options=Options()).frame
    target = frame[str(facts["target"])].cast(pl.String)
    frame = frame.filter(target.is_not_null() & (target != ""))
    rarest = int(frame[str(facts["target"])].value_counts()["count"].to_numpy().min())
    if facts["task"] == "binary" and rarest < RARE * frame.height:
        most_rows = int(RARE_ROWS * most_rows)
    if frame.height > most_rows:
        frame = frame[np.sort(np.random.default_rng(0).choice(frame.height, most_rows, replace=False))]
    if facts["task"] == "multiclass":
        frame = frame.filter(pl.len().over(str(facts["target"])) >= 5 * FOLDS)
    return frame


def laid_down(frame: pl.DataFrame, facts: Mapping[str, Any]) -> Collected:
    """The frame, typed and split as a training would do it."""
    dropped = [name for name in facts.get("leakage_columns", ()) if name in frame.columns]
    plan = Plan.of(
        {
            "data": "frame",
            "target": str(facts["target"]),
            "metric": facts["metric"],
            "drop": dropped,
            "folds": FOLDS,
            "trials": 1,
            "threads": 1,
        }
    )
    session = Session(plan, Deadline(), Resources.detect())
    try:
        collected = collect_data(session, frame, None)
        collected.audit.result()  # its thread's time would count as that of the first fits
        return collected
    finally:
        session.close()


def entries(candidates: list[Candidate]) -> Iterator[Entry]:
    """Every model's starting points, then random settings, the same on every data set."""
    for candidate in candidates:
        for number, params in enumerate(candidate.spec.portfolio or ({},)):
            yield Entry(candidate, params, number)
    for candidate in candidates:
        stream = np.random.default_rng([7, *candidate.name.encode()])
        for number in range(DRAWN.get(candidate.name, 0)):
            drawn = candidate.spec.space.sample(stream)
            rate = {"learning_rate": max(SLOWEST_RATE, drawn["learning_rate"])}
            params = {name: value for name, value in {**drawn, **rate}.items() if name not in SETTLED}
            yield Entry(candidate, params, number, drawn=True)


def measured(entry: Entry, workspace: Workspace, work: Path, cache: StepCache) -> dict[str, Any]:
    """What the entry gives on every fold; without a loss where it fails or is too dear."""
    candidate, recipe = entry.candidate, entry.candidate.recipe(dict(entry.params))
    told: dict[str, Any] = {"model": candidate.name, "params": dict(entry.params), "loss": None}
    baseline = Trait.BASELINE in candidate.spec.traits
    rows = len(workspace.folds[0][0])
    told |= {
        "metric": workspace.task.metric,
        "rows": rows,
        "columns": candidate.columns,
        "classes": workspace.target.classes,
    }
    if candidate.seconds(dict(entry.params), rows, workspace.target.classes, 1) > 2 * DEAREST_FIT_SECONDS:
        return {**told, "reason": "too dear by its estimate"}
    results: list[JobResult] = []
    with tempfile.TemporaryDirectory() as scratch:
        for fold in range(len(workspace.folds)):
            try:
                results.append(run_job(workspace, _job(recipe, fold, scratch), cache))
            except Exception as error:  # as a worker does: one entry that fails ends nothing else
                return {**told, "reason": describe_failure(error)}
            if results[0].notes["core_seconds"] > DEAREST_FIT_SECONDS and not baseline:
                break
        seconds = float(np.mean([result.notes["core_seconds"] for result in results])) * len(workspace.folds)
        told["core_seconds"] = round(seconds, 3)
        if len(results) < len(workspace.folds):
            return {**told, "reason": "too dear"}
        parts = {fold: load_state(Path(scratch) / f"fold-{fold}")["predicted"] for fold in range(len(results))}
    predicted, _ = out_of_fold(parts, workspace.folds, len(workspace.target))
    np.save(work / f"{entry.name}.npy", predicted.astype(np.float32))
    return {**told, "loss": float(np.mean([result.loss for result in results]))}


def _job(recipe: Recipe, fold: int, scratch: str) -> Job:
    return Job("trial", recipe.to_json(), fold, scratch)


def keep_target(work: Path, workspace: Workspace) -> None:
    """What ensembles of the predictions are judged by."""
    work.mkdir(parents=True, exist_ok=True)
    np.save(work / "_target.npy", workspace.target.values)
    np.save(work / "_fold.npy", first_fold(workspace))
    (work / "_task.json").write_text(
        json.dumps({"task": workspace.task.to_json(), "classes": workspace.target.classes}), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
