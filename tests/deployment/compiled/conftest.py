"""A small table of mixed columns, and runtimes of real features and models trained on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from sevenfold.core.config import Plan
from sevenfold.core.model import FitContext
from sevenfold.core.predictor import Decision, Member, Predictor
from sevenfold.core.recipe import Recipe
from sevenfold.data.dataset import build
from sevenfold.deployment.runtime import Runtime
from sevenfold.features.plan import plan
from sevenfold.models.catalogue import MODELS
from sevenfold.training.fit import fit_pipeline
from sevenfold.tuning.calibrate import TemperatureCalibrator
from sevenfold.tuning.ensemble import AverageCombiner, StackCombiner


def frame(rows=260, seed=0):
    """Numbers, a measured one, flags, categories, dates and a text, with holes, and two targets."""
    stream = np.random.default_rng(seed)

    def holed(values, share=0.05):
        return [None if stream.random() < share else value for value in values]

    size = stream.normal(50, 12, rows).round(2)
    level = stream.integers(0, 4, rows)
    many = stream.integers(0, 25, rows)
    start = datetime(2022, 3, 1)
    noise = stream.normal(size=rows)
    score = (size - 50) / 12 + level * 0.6 + noise * 0.4
    columns = {
        "size": holed(size.tolist()),
        "price": holed(stream.lognormal(3, 1.5, rows).round(3).tolist()),
        "count": holed(stream.integers(0, 9, rows).tolist()),
        "weight": [f"{v:.1f} kg" for v in stream.normal(70, 9, rows)],
        "colour": holed([f"shade {v}" for v in level]),
        "town": holed([f"town {v}" for v in many]),
        "grade": holed([int(v) for v in stream.integers(1, 4, rows)]),
        "member": holed(["yes" if v < 0.4 else "no" for v in stream.random(rows)]),
        "opened": holed([str(start + timedelta(hours=int(v))) for v in stream.integers(0, 9000, rows)]),
        "closed": [str((start + timedelta(days=int(v))).date()) for v in stream.integers(0, 900, rows)],
        "answer": ["good" if v > 1 else "bad" for v in score],
        "three": [("low", "mid", "high")[int(np.digitize(v, (0.3, 1.6)))] for v in score],
        "amount": (10 + 3 * score).round(3).tolist(),
    }
    return pl.DataFrame(columns)


@cache
def made(target, models, combiner="average", calibrated=False, folds=1):
    """The runtime of an ensemble of models, and typed rows such as it was trained on."""
    raw = frame().drop([name for name in ("answer", "three", "amount") if name != target])
    prepared = build(SimpleNamespace(frame=raw, source={}), Plan.of({"target": target}))
    table, task = prepared.dataset.table, prepared.task
    members = []
    for number, name in enumerate(models):
        model = MODELS.get(name)
        steps = plan(prepared.dataset.schema, None, task, model.spec, table.height)
        fast = {key: value for key, value in {"trees": 10, "rounds": 12}.items() if key in model.spec.space}
        recipe = Recipe(name, fast, steps.steps, steps.outputs)
        pipelines = []
        for fold in range(folds):
            rows = np.arange(fold, table.height, max(1, folds)) if folds > 1 else np.arange(table.height)
            context = FitContext(np.random.default_rng(fold), rounds=12)
            target_rows = prepared.target.take(rows)
            pipelines.append(fit_pipeline(recipe, table[rows], target_rows, None, None, context)[0])
        members.append(Member(f"t{number}", tuple(pipelines)))
    whole = AverageCombiner([1 / len(models)] * len(models))
    calibrator = None
    if combiner == "stack":
        whole = StackCombiner()
        whole.restore({"weights": np.linspace(0.5, 1, len(models)), "shift": np.array([0.1, -0.2]),
                       "classification": True})  # fmt: skip
    if calibrated:
        calibrator = TemperatureCalibrator()
        calibrator.restore({"slope": 1.3, "shift": 0.2})
    decision = Decision(0.4 if target == "answer" else None)
    predictor = Predictor(task, tuple(members), whole, calibrator, decision)
    runtime = Runtime.of(predictor, prepared.dataset.schema)
    return runtime, table.drop(target).head(20)


@pytest.fixture(scope="session")
def runtime_of():
    return made


@pytest.fixture(scope="session")
def raw_records():
    """Raw rows that training has not seen, as records."""
    return frame(40, seed=5).drop("answer", "three", "amount").to_dicts()
