"""Bundles of stated models, fitted without a search, so that every run measures the same thing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl

from sevenfold.core.config import Plan
from sevenfold.core.model import FitContext
from sevenfold.core.predictor import Member, Predictor
from sevenfold.core.recipe import Recipe
from sevenfold.data.dataset import build
from sevenfold.data.profile import profile
from sevenfold.deployment.bundle import Contents, load, save
from sevenfold.deployment.model import LoadedModel
from sevenfold.features.plan import plan
from sevenfold.models.catalogue import MODELS
from sevenfold.training.fit import fit_pipeline
from sevenfold.tuning.calibrate import TemperatureCalibrator
from sevenfold.tuning.ensemble import AverageCombiner


def bundle(
    path: Path, frame: pl.DataFrame, models: Sequence[str], rounds: int = 100, calibrated: bool = False
) -> LoadedModel:
    """A model of `frame` as loaded from its bundle.

    Args:
        path: where the bundle is written.
        frame: raw rows with a column "target".
        models: averaged, each with its default features.
        rounds: of boosting.
        calibrated: with a temperature on the log odds.
    """
    prepared = build(SimpleNamespace(frame=frame, source={}), Plan.of({"target": "target"}))
    table, schema, task = prepared.dataset.table, prepared.dataset.schema, prepared.task
    members = []
    for number, name in enumerate(models):
        spec = MODELS.get(name).spec
        steps = plan(schema, None, task, spec, table.height)
        recipe = Recipe(name, {}, steps.steps, steps.outputs)
        context = FitContext(np.random.default_rng(number), threads=2, rounds=rounds)
        members.append(Member(f"t{number}", (fit_pipeline(recipe, table, prepared.target, None, None, context)[0],)))
    calibrator = TemperatureCalibrator() if calibrated else None
    combiner = AverageCombiner([1 / len(models)] * len(models))
    contents = Contents(
        Predictor(task, tuple(members), combiner, calibrator),
        schema,
        profile(table, schema).to_json(),
        frame.head(16),
        "# for measuring",
    )
    save(path, contents)
    return load(path)
