"""What distillation buys: one model made smaller and smaller, taught by labels alone or by the best choice's answers.

    python benchmarks/distillation/run.py DATA [--sets a,b] [--seeds 0,1] [--trials 8] [--markdown RESULTS.md]

DATA is a folder of data sets, each a folder with `train.*`, `test.*` and `dataset.json`. Of each set a search by number
of trials finds the best choice without limits. All that is compared then learns from all training rows once and is
scored on the test set: the best choice, its best single trial, and that trial's model with fewer and fewer rounds,
which learns the labels or, in several ways, the answers. Scores do not depend on how busy the machine is; times do.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl

import sevenfold
from sevenfold.api.price import price_of
from sevenfold.core.predictor import Member, Predictor
from sevenfold.core.recipe import Recipe
from sevenfold.core.run import Journal
from sevenfold.core.task import Target
from sevenfold.evaluation.metrics.catalogue import METRICS
from sevenfold.training.fit import StepCache
from sevenfold.training.workspace import Workspace
from sevenfold.tuning.distil import models_for, sized
from sevenfold.tuning.ensemble import AverageCombiner
from sevenfold.tuning.final import Choice, choose, load_pipeline
from sevenfold.tuning.job import Job, run_job
from sevenfold.tuning.lessons import MOST_MADE
from sevenfold.tuning.objective import score_predictions
from sevenfold.tuning.teacher import Teacher
from sevenfold.tuning.trial import Trial, trials_from_journal

MODELS = ("lightgbm", "xgboost", "catboost", "extra_trees", "logistic_l2", "ridge", "mlp")
BOOSTED = ("lightgbm", "xgboost", "catboost")
SHARES = (1.0, 0.25, 0.0625)
LABELS = "labels"
WAYS: dict[str, tuple[float, int]] = {
    "answers": (1.0, 0),
    "answers and labels": (0.5, 0),
    "answers, made rows": (1.0, MOST_MADE),
    "answers and labels, made rows": (0.5, MOST_MADE),
}


@dataclass(frozen=True)
class Line:
    """One scored model."""

    data: str
    seed: int
    metric: str
    greater: bool
    share: float
    way: str
    model: str
    value: float
    microseconds: float
    megabytes: float


@dataclass(frozen=True)
class Bench:
    """One data set that was searched."""

    name: str
    seed: int
    folder: Path
    workspace: Workspace
    best: Choice
    single: Trial
    boosted: Trial
    table: pl.DataFrame
    target: Target

    def lines(self) -> Iterator[Line]:
        """Everything that is compared."""
        whole = [(t.recipe, _rounds(t)) for t in self.best.members]
        yield self._scored(1.0, "best choice", " + ".join(t.recipe.model for t in self.best.members), whole)
        yield self._scored(1.0, "best trial", self.single.recipe.model, [(self.single.recipe, _rounds(self.single))])
        names, folds = [t.name for t in self.best.members], sorted(self.best.members[0].folds)
        combiner = self.best.combiner
        for share in SHARES:
            recipe = sized(self.boosted, share)
            if recipe is None:
                continue
            yield self._scored(share, LABELS, recipe.model, [(recipe, None)])
            for way, (trust, made) in WAYS.items():
                fits = tuple(f"fold-{fold}" for fold in folds)
                teacher = Teacher(tuple(names), fits, combiner.name, combiner.state(), trust)
                with patch("sevenfold.tuning.lessons.MOST_MADE", made):
                    yield self._scored(share, way, recipe.model, [(recipe, None)], teacher)

    def _scored(
        self,
        share: float,
        way: str,
        model: str,
        recipes: Sequence[tuple[Recipe, int | None]],
        teacher: Teacher | None = None,
    ) -> Line:
        members: list[Member] = []
        for number, (recipe, rounds) in enumerate(recipes):
            name = f"bench-{way.replace(' ', '-').replace(',', '')}-{share:g}-{number}"
            told = None if teacher is None else teacher.to_json()
            place = self.folder / "trials" / name
            job = Job(
                name,
                recipe.to_json(),
                -1,
                str(place),
                rounds=rounds,
                teacher=told,
                taught_in=str(place.parent),
                threads=2,
            )
            run_job(self.workspace, job, StepCache(0))
            members.append(Member(name, (load_pipeline(place / "full"),)))
        combiner = self.best.combiner if len(members) > 1 else AverageCombiner([1.0])
        predictor = Predictor(self.workspace.task, tuple(members), combiner)
        value = score_predictions(self.workspace.task, self.target, predictor.predict(self.table))[0]
        price = price_of(predictor, self.workspace)
        metric = METRICS.get(self.workspace.task.metric).spec
        return Line(
            self.name, self.seed, metric.name, metric.greater_is_better, share, way, model, float(value),
            price.seconds * 1e6, price.bytes / 1e6,
        )  # fmt: skip


def searched(folder: Path, seed: int, trials: int, out: Path) -> Bench:
    """Search one data set, with its own test set."""
    facts = json.loads((folder / "dataset.json").read_text())
    train, test = (next(folder.glob(f"{part}.*")) for part in ("train", "test"))
    wanted: dict[str, Any] = {"trials": trials, "folds": 3, "seed": seed, "metric": facts["metric"], "out": str(out)}
    run = sevenfold.train(str(train), facts["target"], test=str(test), **wanted)
    workspace = Workspace.load(run.folder.folds)
    found = [t for t in trials_from_journal(Journal(run.folder.journal).events()) if t.recipe.model in MODELS]
    best = choose(found, run.folder.trials, workspace, {})
    ranked = models_for(found, len(found))
    boosted = next(t for t in ranked if t.recipe.model in BOOSTED)
    table = pl.read_ipc(run.folder.sealed / "table.arrow")
    target = replace(workspace.target, values=np.load(run.folder.sealed / "target.npy"), weights=None)
    return Bench(folder.name, seed, run.folder.path, workspace, best, ranked[0], boosted, table, target)


def _rounds(trial: Trial) -> int | None:
    rounds = [result.rounds for result in trial.folds.values() if result.rounds]
    return max(1, round(float(np.mean(rounds)))) if rounds else None


def table(lines: Sequence[Line]) -> str:
    """Markdown: test scores by size and way, with the size and the time of the small model."""
    heads = ["set (seed)", "metric", "size", LABELS, *WAYS, "best choice", "best trial", "µs", "MB"]
    text = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for data, seed in dict.fromkeys((line.data, line.seed) for line in lines):
        own = [line for line in lines if (line.data, line.seed) == (data, seed)]
        best, single = (next(line for line in own if line.way == way) for way in ("best choice", "best trial"))
        for share in SHARES:
            known = {line.way: line for line in own if line.share == share}
            if LABELS not in known:
                continue
            small = known[LABELS]
            cells = [f"{data} ({seed})", small.metric, f"{small.model} {share:g}"]
            cells += [f"{known[way].value:.5g}" for way in (LABELS, *WAYS)]
            cells += [f"{best.value:.5g} ({best.microseconds:.0f} µs)", f"{single.value:.5g}"]
            text.append("| " + " | ".join([*cells, f"{small.microseconds:.0f}", f"{small.megabytes:.3g}"]) + " |")
    return "\n".join([*text, "", *summary(lines), ""])


def summary(lines: Sequence[Line]) -> Iterator[str]:
    """Wins against the same model taught by labels, and the mean share of the gap to the best choice that is closed."""
    yield "| size | way | wins | losses | median share of the gap to the best choice closed |"
    yield "|---|---|---|---|---|"
    for share in SHARES:
        for way in WAYS:
            wins, losses, closed = 0, 0, []
            for line in lines:
                if (line.share, line.way) != (share, way):
                    continue
                same = [o for o in lines if (o.data, o.seed) == (line.data, line.seed)]
                labels = next(o for o in same if (o.share, o.way) == (share, LABELS)).value
                best = next(o for o in same if o.way == "best choice").value
                sign = 1.0 if line.greater else -1.0
                gain, gap = sign * (line.value - labels), sign * (best - labels)
                wins, losses = wins + (gain > 0), losses + (gain < 0)
                if gap > 0:
                    closed.append(gain / gap)
            middle = f"{np.median(closed):.0%} ({len(closed)} with a gap)" if closed else "no gap"
            yield f"| {share:g} | {way} | {wins} | {losses} | {middle} |"


def main() -> None:
    """Measure, print, and write lines and table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", default="german_credit,abalone,wine_quality,telco_churn,california_housing")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--lines", type=Path, help="JSON lines, added to")
    parser.add_argument("--markdown", type=Path, help="the table of all lines")
    asked = parser.parse_args()
    lines: list[Line] = []
    if asked.lines and asked.lines.exists():
        lines = [Line(**json.loads(text)) for text in asked.lines.read_text().splitlines()]
    known = {(line.data, line.seed) for line in lines}
    for seed in map(int, asked.seeds.split(",")):
        for name in asked.sets.split(","):
            if (name, seed) in known:
                continue
            with tempfile.TemporaryDirectory() as folder:
                made = list(searched(asked.data / name, seed, asked.trials, Path(folder) / "run").lines())
            lines += made
            if asked.lines:
                with asked.lines.open("a", encoding="utf-8") as file:
                    file.writelines(json.dumps(asdict(line)) + "\n" for line in made)
            print(table(made), flush=True)
    if asked.markdown:
        asked.markdown.write_text(table(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
