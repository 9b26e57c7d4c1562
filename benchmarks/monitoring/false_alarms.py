"""How often monitoring raises an alarm of each kind, and any at all, while nothing has changed.

    python benchmarks/monitoring/false_alarms.py --goal binary [--models 100] [--first 0] [--windows 10]
        [--rows 500] [--out LINES.jsonl]
    python benchmarks/monitoring/false_alarms.py --table LINES.jsonl [LINES.jsonl ...]

Each model is a new one on data of its own, drawn from a stream that no rule was tuned on: columns of several shapes, a
linear model, a score on held-out rows, predictions out of fold. Its windows come from the very same distribution, and
after each the same functions judge that `sevenfold monitor` calls, labels included: with ten windows a hundred models
make a thousand looks. One line a model; the table adds them up.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from sevenfold.core.arrays import Floats
from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.predictor import Decision
from sevenfold.core.task import Goal, Task
from sevenfold.data.profile import profile
from sevenfold.deployment.predictions import prediction_schema, prediction_table
from sevenfold.evaluation.conformal.stored import FIELD, learn
from sevenfold.evaluation.intervals import interval
from sevenfold.evaluation.metrics.catalogue import METRICS
from sevenfold.monitoring import shares
from sevenfold.monitoring.alerts import alerts_about_expectation, alerts_about_performance
from sevenfold.monitoring.counting import sketch_rows
from sevenfold.monitoring.coverage import alerts_about_coverage, coverage_of, coverage_of_window
from sevenfold.monitoring.drift import ALPHA, LEAST_EFFECT, LEAST_ROWS, drift_over_windows
from sevenfold.monitoring.errors import Errors
from sevenfold.monitoring.monitor import expected_of, newest_rows, shift_of
from sevenfold.monitoring.performance import Performance, label_drift
from sevenfold.monitoring.reference import Watchlist, watchlist
from sevenfold.monitoring.rows import LoggedRows, joined
from sevenfold.monitoring.store import Reference
from sevenfold.monitoring.windows import Window

STATED = {
    "columns": shares.COLUMNS, "predictions": shares.COLUMNS, "target": shares.TARGET, "rows told apart": shares.ROWS,
    "expected score": shares.EXPECTED, "measured score": shares.PERFORMANCE, "coverage": shares.COVERAGE, "any": 1.0,
}  # fmt: skip
KINDS = tuple(STATED)
"""What can raise an alarm, with its share of the chance; columns and predictions have theirs together."""
TRAIN_ROWS, TEST_ROWS, FOLDS = 3_000, 1_000, 5
TOLD_APART_ROWS = 2_000
SEED = 20_261_123
LEVELS = tuple(f"level {number}" for number in range(12))
CLASSES = ("no", "yes")
_SIZES = {
    "gaussian": (3.0, 2.0), "skewed": (3.7, 3.5), "heavy": (0.0, 1.4), "count": (3.0, 1.7), "mixed": (14.0, 15.0),
    "linked": (3.0, 2.2),
}  # fmt: skip
"""Mean and deviation, about; numbers of their own, so that no window has another relation than the next."""


@dataclass(frozen=True)
class World:
    """A distribution of rows that never changes.

    Args:
        weights: of the inputs, numbers first.
        of_levels: of each label.
        goal: classes or numbers.
    """

    weights: Floats
    of_levels: Floats
    goal: Goal

    def draw(self, rows: int, stream: np.random.Generator) -> tuple[pl.DataFrame, Floats]:
        """Typed inputs, and (rows,) the encoded truth."""
        numbers = {
            "gaussian": stream.normal(3.0, 2.0, rows),
            "skewed": stream.lognormal(1.0, 0.8, rows),
            "heavy": stream.standard_t(4, rows),
            "count": stream.poisson(3.0, rows).astype(np.float64),
            "mixed": np.where(stream.random(rows) < 0.3, 0.0, stream.gamma(2.0, 10.0, rows)),
        }
        numbers["linked"] = numbers["gaussian"] + stream.normal(0, 1.0, rows)
        chances = 1.0 / np.arange(1, len(LEVELS) + 1)
        levels = stream.choice(len(LEVELS), rows, p=chances / chances.sum())
        gone = stream.random(rows) < 0.1
        flag = stream.random(rows) < 0.15
        signal = self.of_levels[levels] + self.weights[-1] * flag
        for weight, name in zip(self.weights, numbers, strict=False):
            middle, size = _SIZES[name]
            signal = signal + weight * (numbers[name] - middle) / size
        columns = {**numbers, "label": [LEVELS[code] for code in levels], "flag": flag}
        table = pl.DataFrame(columns).with_columns(skewed=pl.when(pl.Series(~gone)).then("skewed"))
        if self.goal is Goal.REGRESSION:
            return table, signal + stream.standard_t(6, rows) * (0.5 + 0.3 * flag)
        return table, (stream.random(rows) < 1 / (1 + np.exp(-signal))).astype(np.float64)


@dataclass(frozen=True)
class Served:
    """A model in service.

    Args:
        reference, watched: what its bundle would hold.
        predict: (rows, classes) probabilities or (rows,) numbers.
    """

    reference: Reference
    watched: Watchlist
    predict: Callable[[pl.DataFrame], Floats]


def matrix(table: pl.DataFrame) -> Floats:
    """(rows, inputs) numbers for the linear model."""
    numbers = table.select(pl.col(pl.Float64).fill_null(0.0).clip(-30.0, 60.0)).to_numpy() / 5.0
    levels = np.stack([(table["label"] == level).to_numpy() for level in LEVELS], axis=1)
    rest = np.stack([table["flag"].to_numpy(), table["skewed"].is_null().to_numpy()], axis=1)
    return np.concatenate([numbers, levels, rest], axis=1).astype(np.float64)


def fitted(table: pl.DataFrame, truth: Floats, goal: Goal) -> Callable[[pl.DataFrame], Floats]:
    """A linear model."""
    if goal is Goal.REGRESSION:
        from sklearn.linear_model import Ridge

        numbers = Ridge().fit(matrix(table), truth)
        return lambda rows: numbers.predict(matrix(rows))
    from sklearn.linear_model import LogisticRegression

    classes = LogisticRegression(max_iter=300).fit(matrix(table), truth)
    return lambda rows: classes.predict_proba(matrix(rows))


def serve(world: World, stream: np.random.Generator) -> Served:
    """Train a model as `sevenfold train` would: predictions out of fold, a score on held-out rows."""
    table, truth = world.draw(TRAIN_ROWS, stream)
    held, held_truth = world.draw(TEST_ROWS, stream)
    schema, task = _words(world.goal)
    model = fitted(table, truth, world.goal)
    fold_of = np.arange(TRAIN_ROWS) % FOLDS
    out_of_fold = np.zeros((TRAIN_ROWS, 2) if task.classes else TRAIN_ROWS)
    for fold in range(FOLDS):
        learned = fitted(table.filter(fold_of != fold), truth[fold_of != fold], world.goal)
        out_of_fold[fold_of == fold] = learned(table.filter(fold_of == fold))
    score = interval(METRICS.get(task.metric)(), held_truth, model(held), stream)
    made = learn(task, out_of_fold, truth, stream)
    errors = None if task.classes else Errors.of(out_of_fold, truth, table=table, schema=schema, task=task)
    metadata = {
        "test": {**score.to_json(), "rows": TEST_ROWS},
        FIELD: None if made is None else made.to_json(),
        "errors": None if errors is None else errors.to_json(),
    }
    target = pl.Series([CLASSES[int(code)] for code in truth]) if task.classes else pl.Series(truth)
    chances = out_of_fold if task.classes else None
    predictions = prediction_table(task, _decided(task, out_of_fold), chances)
    reference = Reference(
        "0" * 16, task, schema, profile(table.with_columns(truth=target), schema).to_json(),
        profile(predictions, prediction_schema(task)).to_json(), {}, metadata,
    )  # fmt: skip
    return Served(reference, watchlist(reference), model)


def _words(goal: Goal) -> tuple[Schema, Task]:
    numbers = ("gaussian", "skewed", "heavy", "count", "mixed", "linked")
    inputs = [Column(name, Kind.NUMBER) for name in numbers]
    inputs += [Column("label", Kind.CATEGORY, levels=LEVELS), Column("flag", Kind.FLAG, levels=("false", "true"))]
    if goal is Goal.REGRESSION:
        return Schema((*inputs, Column("truth", Kind.NUMBER))), Task(goal, "truth", "rmse")
    target = Column("truth", Kind.CATEGORY, levels=CLASSES)
    return Schema((*inputs, target)), Task(goal, "truth", "roc_auc", classes=CLASSES)


def _decided(task: Task, answers: Floats) -> list:
    return [task.classes[code] for code in Decision().decide(answers)] if task.classes else answers.tolist()


def window_of(
    served: Served, world: World, number: int, rows: int, stream: np.random.Generator
) -> tuple[Window, Floats]:
    """One clean window, all of its rows kept, and their truth."""
    table, truth = world.draw(rows, stream)
    answers, task = served.predict(table), served.reference.task
    predictions, chances = _decided(task, answers), answers if task.classes else None
    sketch = sketch_rows(served.watched, task, table, predictions, chances)
    ids = tuple(f"{number}-{row}" for row in range(rows))
    times = np.full(rows, float(number))
    sample = LoggedRows(ids, (0,) * rows, table, tuple(predictions), chances, times)
    return Window(number, number + 0.5, sketch, sample), truth


def looked(served: Served, windows: list[Window], truths: list[Floats], covered: list, alpha: float) -> dict[str, bool]:
    """By kind whether a look at these windows raises an alarm; kinds that cannot be judged yet are left out."""
    reference = served.reference
    task = reference.task
    truth = np.concatenate(truths)
    logged = joined([window.sample for window in windows if window.sample is not None], reference)
    found = drift_over_windows(served.watched.columns, [window.sketch.counts for window in windows], alpha=alpha)
    drifted = {column.column for column in found if column.drifted}
    inputs = set(reference.schema.names)
    target = label_drift(
        truth, reference, alpha=alpha * shares.TARGET, least_effect=LEAST_EFFECT, least_rows=LEAST_ROWS
    )
    made = {
        "columns": bool(drifted & inputs),
        "predictions": bool(drifted - inputs),
        "target": any(column.drifted for column in target),
    }
    newest = newest_rows(windows, reference)
    assert newest is not None
    made["expected score"] = any(alerts_about_expectation(expected_of(newest, reference), reference, alpha))
    metric = METRICS.get(task.metric)()
    said = logged.probabilities if task.classes else logged.values()
    measured = {task.metric: interval(metric, truth, said, np.random.default_rng(0), draws=300)}
    places = np.arange(len(truth))
    coverage = coverage_of(truth, logged, places, reference)
    last = windows[-1]
    inside = np.flatnonzero(logged.times == last.start)
    covered.append(coverage_of_window(truth, logged, inside, reference))
    performance = Performance("request_id", len(truth), 0, 0, 0, measured)
    made["measured score"] = any(alerts_about_performance(performance, reference, alpha))
    alarms = alerts_about_coverage(coverage, covered, alpha * shares.COVERAGE)
    made["coverage"] = any(alarm.code == "coverage-missed" for alarm in alarms)
    third = newest_rows(windows[-max(1, len(windows) // 3) :], reference, TOLD_APART_ROWS)
    shift = shift_of(windows, third, reference, alpha=alpha * shares.ROWS)
    if shift is not None:
        made["rows told apart"] = shift.shifted
    made["any"] = any(made.values())
    return made


def clean(goal: Goal, number: int, windows: int = 10, rows: int = 500, alpha: float = ALPHA) -> dict:
    """Looks and alarms by kind of one model."""
    stream = np.random.default_rng([SEED, number, len(goal.value)])
    size = 7
    world = World(stream.normal(0, 0.5, size), stream.normal(0, 0.5, len(LEVELS)), goal)
    served = serve(world, stream)
    looks: Counter[str] = Counter()
    alarms: Counter[str] = Counter()
    kept: list[Window] = []
    truths: list[Floats] = []
    covered: list = []
    for place in range(windows):
        window, truth = window_of(served, world, place, rows, stream)
        kept.append(window)
        truths.append(truth)
        for kind, raised in looked(served, kept, truths, covered, alpha).items():
            looks[kind] += 1
            alarms[kind] += raised
    return {"goal": str(goal), "model": number, "rows": rows, "looks": dict(looks), "alarms": dict(alarms)}


def table(lines: list[dict], alpha: float = ALPHA) -> str:
    """Alarms by kind, goal and size of the windows, as Markdown."""
    groups = sorted({(line["goal"], line["rows"]) for line in lines})
    heads = [f"{goal}, windows of {rows:,}" for goal, rows in groups]
    made = ["| alarm | stated, at most | " + " | ".join(heads) + " |", "| --- | --- |" + " --- |" * len(groups)]
    for kind in KINDS:
        cells = []
        for goal, rows in groups:
            own = [line for line in lines if (line["goal"], line["rows"]) == (goal, rows)]
            alarms, looks = (sum(line[part].get(kind, 0) for line in own) for part in ("alarms", "looks"))
            cells.append(f"{alarms} of {looks:,}")
        made.append(f"| {kind} | {STATED[kind] * alpha:.1%} | " + " | ".join(cells) + " |")
    return "\n".join(made)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--goal", choices=["binary", "regression"], default="binary")
    options.add_argument("--models", default=100, type=int)
    options.add_argument("--first", default=0, type=int)
    options.add_argument("--windows", default=10, type=int)
    options.add_argument("--rows", default=500, type=int)
    options.add_argument("--out", type=Path)
    options.add_argument("--table", nargs="+", type=Path)
    given = options.parse_args()
    if given.table:
        print(table([json.loads(line) for path in given.table for line in path.read_text().splitlines()]))
        return
    made = []
    for number in range(given.first, given.first + given.models):
        made.append(clean(Goal(given.goal), number, given.windows, given.rows))
        if given.out:
            with given.out.open("a") as file:
                file.write(json.dumps(made[-1]) + "\n")
    print(table(made))


if __name__ == "__main__":
    main()
