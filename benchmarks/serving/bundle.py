"""The model of this comparison: one LightGBM of 100 trees, as a Sevenfold bundle and as LightGBM's own file."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
from rows import COLUMNS, LEAVES, TREES, features, labels

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.model import FitContext
from sevenfold.core.predictor import Member, Predictor
from sevenfold.core.recipe import Recipe, Step
from sevenfold.core.task import Goal, Target, Task
from sevenfold.data.profile import profile
from sevenfold.deployment.bundle import Contents, save
from sevenfold.training.fit import fit_pipeline
from sevenfold.tuning.ensemble import AverageCombiner


def make(folder: Path) -> None:
    """Write `model.sevenfold` and `model.txt` into a folder; both hold the same trees."""
    values = features()
    table = pl.DataFrame({name: values[:, i] for i, name in enumerate(COLUMNS)})
    codes = labels(values)
    names = ("no", "yes")
    schema = Schema((*(Column(name, Kind.NUMBER) for name in COLUMNS), Column("label", Kind.CATEGORY, levels=names)))
    task = Task(Goal.BINARY, "label", "log_loss", classes=names)
    recipe = Recipe(
        "lightgbm",
        {"rounds": TREES, "leaves": LEAVES, "learning_rate": 0.1},
        (Step("numbers", "passthrough", COLUMNS),),
        ("numbers",),
    )
    target = Target(Goal.BINARY, codes.astype(np.float64), 2)
    pipeline, _ = fit_pipeline(recipe, table, target, None, None, FitContext(np.random.default_rng(0)))
    predictor = Predictor(task, (Member("lightgbm", (pipeline,)),), AverageCombiner())
    data = table.with_columns(label=pl.Series([names[code] for code in codes]))
    save(
        folder / "model.sevenfold",
        Contents(predictor, schema, profile(data, schema).to_json(), data[:20], "# The model of the benchmark"),
    )
    (folder / "model.txt").write_text(pipeline.model.booster.model_to_string(), encoding="utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
