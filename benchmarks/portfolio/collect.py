"""Try many starting points of every model on samples of many data sets, and keep what each gave.

    python benchmarks/portfolio/collect.py --data FOLDER --work FOLDER [--rows 4000] [--draws 6] [--only a,b]

Every model's own starting points are tried, and `--draws` random ones of the models that are usually worth it, on the
same folds, without pruning. One JSON line a trial goes to `WORK/trials.jsonl` and the out-of-fold predictions to
`WORK/SET.npz`; `learn.py` reads both. Only training files are read. Nothing depends on the clock: cost is measured in
seconds of processor time.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import sevenfold
from sevenfold.core.run import Journal
from sevenfold.training.workspace import Workspace
from sevenfold.tuning import search
from sevenfold.tuning.candidates import Candidate
from sevenfold.tuning.final import trial_predictions
from sevenfold.tuning.proposals import Proposal, portfolio
from sevenfold.tuning.trial import Status, Trial, trials_from_journal

TABULAR = ("binary", "multiclass", "regression", "drift")
DRAWN = {"lightgbm": 2.0, "catboost": 1.0, "xgboost": 1.0, "mlp": 1.0, "extra_trees": 0.5}
"""Models whose settings are drawn at random as well, and how many for each of `--draws`."""


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--data", required=True, type=Path)
    options.add_argument("--work", required=True, type=Path)
    options.add_argument("--rows", default=4000, type=int)
    options.add_argument("--draws", default=4, type=int)
    options.add_argument("--only", default="")
    given = options.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    only = list(filter(None, given.only.split(",")))
    done = set()
    table = given.work / "trials.jsonl"
    if table.exists():
        done = {json.loads(line)["set"] for line in table.read_text().splitlines()}
    folders = sorted(given.data.iterdir(), key=lambda f: only.index(f.name) if f.name in only else len(only))
    for folder in folders:
        facts_file = folder / "dataset.json"
        if not facts_file.exists() or folder.name in done or (only and folder.name not in only):
            continue
        facts = json.loads(facts_file.read_text())
        if facts["task"] in TABULAR:
            rows = collect(folder, facts, given.work, given.rows, given.draws)
            with table.open("a") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
            print(folder.name, len(rows), flush=True)


def collect(folder: Path, facts: dict, work: Path, most_rows: int, draws: int) -> list[dict[str, Any]]:
    """Rows of one data set."""
    frame = sample(folder, facts, most_rows)
    search.hopeless = lambda *_: ""  # every trial runs to its end
    search.portfolio = lambda candidates, classification, only: starts(candidates, classification, only, draws)
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "run"
        sevenfold.train(
            frame, target=str(facts["target"]), trials=400, tune="none", folds=3, refit="none", out=str(out)
        )
        trials = trials_from_journal(Journal(out / "journal.jsonl").events())
        workspace = Workspace.load(out / "folds")
        return told(folder.name, trials, workspace, out / "trials", work)


def sample(folder: Path, facts: dict, most_rows: int) -> pd.DataFrame:
    """Some of the training rows, in their order."""
    path = next(folder.glob("train.*"))
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
    else:
        header = None if facts.get("header") is False else "infer"
        frame = pd.read_csv(
            path, sep=facts.get("separator", ","), encoding=facts.get("encoding", "utf-8"), header=header
        )
    frame = frame.rename(columns=str).dropna(subset=[str(facts["target"])])
    frame = frame.drop(columns=[c for c in facts.get("leakage_columns", []) if c in frame])
    if len(frame) > most_rows:
        rows = np.sort(np.random.default_rng(0).choice(len(frame), most_rows, replace=False))
        frame = frame.iloc[rows]
    if facts["task"] == "multiclass":
        counts = frame[str(facts["target"])].value_counts()
        frame = frame[frame[str(facts["target"])].isin(counts.index[counts >= 10])]
    return frame.reset_index(drop=True)


def starts(candidates: Sequence[Candidate], classification: bool, only: bool, draws: int) -> list[Proposal]:
    """Every model's starting points, then random settings, the same on every data set."""
    known = portfolio(candidates, classification, only)
    for candidate in candidates:
        stream = np.random.default_rng([7, *candidate.name.encode()])
        for number in range(round(DRAWN.get(candidate.name, 0.0) * draws)):
            params = candidate.spec.space.sample(stream)
            params = {name: value for name, value in params.items() if name not in ("rounds", "class_weight")}
            style = next(iter(candidate.plans))
            level = 100 + number
            known.append(Proposal(candidate, candidate.recipe(params, style), style, "portfolio", level))
    return [replace(p, origin="portfolio") if p.candidate.name != "constant" else p for p in known]


def told(name: str, trials: Sequence[Trial], workspace: Workspace, folder: Path, work: Path) -> list[dict[str, Any]]:
    rows, kept = [], {}
    for trial in trials:
        if trial.status is not Status.FINISHED:
            continue
        predicted, seen = trial_predictions(folder, trial, workspace)
        kept[trial.name] = predicted.astype(np.float32)
        core = sum(r.notes.get("core_seconds", r.seconds) for r in trial.folds.values())
        rows.append(
            {
                "set": name,
                "trial": trial.name,
                "model": trial.recipe.model,
                "params": dict(trial.recipe.params),
                "loss": trial.loss,
                "value": trial.value,
                "core_seconds": round(core, 3),
                "rows": int(seen.sum()),
                "metric": workspace.task.metric,
            }
        )
    fold_of = np.full(len(workspace.target), -1)
    for number, (_, valid) in enumerate(workspace.folds):
        fold_of[valid] = number
    np.savez_compressed(
        work / f"{name}.npz", _target=workspace.target.values, _fold=fold_of, _classes=workspace.target.classes, **kept
    )
    return rows


if __name__ == "__main__":
    main()
