"""Do the work of a finished run again, by the work that its journal records, and compare what comes out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.api.run import Run
from sevenfold.core.context import Resources
from sevenfold.core.events import Happening
from sevenfold.core.int8 import FLOAT
from sevenfold.core.run import Journal, RunFolder
from sevenfold.core.state import load_state
from sevenfold.training.workspace import Workspace
from sevenfold.tuning.executors.base import Executor
from sevenfold.tuning.executors.processes import ProcessExecutor
from sevenfold.tuning.final import load_pipeline
from sevenfold.tuning.job import Job


def replay(run: str | Path) -> dict[str, Any]:
    """Fit every deployed part of a run anew and compare its predictions with those of the run, bit for bit.

    A fit that the clock had cut is repeated with the rounds it had reached, so a run under a time budget repeats, too.

    Returns:
        {"run", "fits", "identical", "largest_difference", "different": [names]}.
    Raises:
        RequestError: it is no run folder, or the run has not ended.
    """
    opened = Run.open(run)
    opened.result  # noqa: B018 - a run that has not ended is an error
    folder = opened.folder
    workspace = Workspace.load(folder.folds)
    differences: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as scratch, ProcessExecutor(Resources.detect().cores) as pool:
        pool.open(folder.folds)
        for name, job in _redone(pool, list(_deployed(folder, Path(scratch)))):
            differences[name] = _difference(
                workspace, folder.trials / job.trial / job.name, Path(job.folder) / job.name
            )
    different = [name for name, difference in sorted(differences.items()) if difference > 0]
    return {
        "run": str(folder.path),
        "fits": len(differences),
        "identical": len(differences) - len(different),
        "largest_difference": max(differences.values(), default=0.0),
        "different": different,
    }


def _deployed(folder: RunFolder, scratch: Path) -> Iterator[Job]:
    """One job for each part of the deployed model, with the rounds that its first fit took."""
    begun: dict[str, Mapping[str, Any]] = {}
    fits: dict[tuple[str, int, int, bool], Mapping[str, Any]] = {}
    members: set[str] = set()
    for event in Journal(folder.journal).events():
        if event.kind == Happening.TRIAL_STARTED:
            begun[event.data["trial"]] = event.data
        elif event.kind == Happening.FOLD_FINISHED:
            data = event.data
            key = data["trial"], max(data["fold"], -1), data.get("repeat", 0), data.get("sealed", False)
            fits[key] = data["result"]
        elif event.kind == Happening.ENSEMBLE_FINISHED:
            members = {member["trial"] for member in event.data["members"]}
    for (trial, fold, repeat, sealed), result in sorted(fits.items(), key=lambda item: item[0]):
        if trial in members:
            share = result.get("notes", {}).get("share")
            more = str(folder.sealed.resolve()) if sealed else None
            place, rounds, told = str(scratch / trial), result["rounds"], begun[trial]
            yield Job(
                trial, told["recipe"], fold, place, rounds=rounds, repeat=repeat, share=share, more=more,
                teacher=told.get("teacher"), taught_in=str(folder.trials), precision=told.get("precision", FLOAT),
            )  # fmt: skip


def _redone(pool: Executor, jobs: list[Job]) -> Iterator[tuple[str, Job]]:
    while jobs or pool.running:
        while jobs and pool.running < pool.slots:
            pool.submit(jobs.pop())
        for outcome in pool.wait(1.0):
            if outcome.result is not None:
                yield f"{outcome.job.trial}/{outcome.job.name}", outcome.job


def _difference(workspace: Workspace, first: Path, second: Path) -> float:
    """Largest difference between the predictions of two fits of the same rows."""
    before, after = load_state(first), load_state(second)
    if "predicted" in before and "predicted" in after:
        return float(np.abs(before["predicted"] - after["predicted"]).max(initial=0.0))
    rows = workspace.table[:1000]
    return float(np.abs(load_pipeline(first).predict(rows) - load_pipeline(second).predict(rows)).max(initial=0.0))
