"""Small bundles of the real features and models, for tests of export, hostile files and golden files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.model import FitContext
from sevenfold.core.predictor import Calibrator, Decision, Member, Predictor
from sevenfold.core.recipe import Recipe, Step
from sevenfold.core.task import Goal, Target, Task
from sevenfold.data.profile import profile
from sevenfold.deployment.bundle import Contents
from sevenfold.deployment.runtime import Runtime
from sevenfold.training.fit import fit_pipeline
from sevenfold.tuning.calibrate import TemperatureCalibrator
from sevenfold.tuning.ensemble import AverageCombiner

NUMBERS = ("age", "income")
WORDS = ["calm", "river", "stone", "light", "forest", "winter", "music", "garden", "silver", "ocean"]

PLAIN = Recipe(
    "logistic_l2",
    {},
    (
        Step("filled", "impute", (*NUMBERS, "member")),
        Step("scaled", "scale", ("@filled",)),
        Step("cities", "one_hot", ("city",)),
    ),
    ("scaled", "cities"),
)
RAW = (Step("raw", "passthrough", (*NUMBERS, "member")), Step("codes", "ordinal", ("city",)))


def trees(model: str, **params: Any) -> Recipe:
    """A recipe for a model that takes numbers and categories as they are."""
    return Recipe(model, params, RAW, ("raw", "codes"))


def table(rows: int, seed: int = 0) -> pl.DataFrame:
    """Numbers with gaps, a category with a rare level and gaps, a flag, a date and a text."""
    stream = np.random.default_rng(seed)
    age = stream.normal(40, 10, rows)
    income = stream.lognormal(10, 0.5, rows)
    city = stream.choice(["Rome", "Bern", "Oslo", "Köln"], rows, p=[0.5, 0.27, 0.2, 0.03])
    start = datetime(2024, 1, 1)
    return pl.DataFrame(
        {
            "age": pl.Series([None if i % 13 == 5 else round(v, 2) for i, v in enumerate(age)], dtype=pl.Float64),
            "income": pl.Series([None if i % 11 == 3 else round(v, 2) for i, v in enumerate(income)], dtype=pl.Float64),
            "city": [None if i % 17 == 2 else str(v) for i, v in enumerate(city)],
            "member": pl.Series(stream.random(rows) < 0.4),
            "since": [start + timedelta(hours=int(h)) for h in stream.integers(0, 9000, rows)],
            "note": [" ".join(stream.choice(WORDS, 4)) for _ in range(rows)],
        },
        schema_overrides={"since": pl.Datetime("us")},
    )


def answers(data: pl.DataFrame, goal: Goal, seed: int = 1) -> tuple[Target, tuple[Any, ...]]:
    """A target that the columns explain in part, and its classes."""
    noise = np.random.default_rng(seed).normal(0, 0.5, data.height)
    age = data["age"].fill_null(40.0).to_numpy()
    calm = data["note"].str.contains("calm").to_numpy()
    score = (age - 40) / 10 + (data["city"] == "Rome").fill_null(False).to_numpy() + data["member"].to_numpy() + noise
    score = score + 1.5 * calm
    if goal is Goal.REGRESSION:
        return Target(goal, 1000.0 + 50.0 * score), ()
    if goal is Goal.BINARY:
        return Target(goal, (score > 1.0).astype(np.float64), 2), ("no", "yes")
    return Target(goal, np.digitize(score, [0.3, 1.5]).astype(np.float64), 3), ("low", "middle", "high")


SCHEMA = Schema(
    (
        Column("age", Kind.NUMBER),
        Column("income", Kind.NUMBER),
        Column("city", Kind.CATEGORY, levels=("Rome", "Bern", "Oslo", "Köln")),
        Column("member", Kind.FLAG, levels=("false", "true")),
        Column("since", Kind.DATE),
        Column("note", Kind.TEXT),
    )
)


def contents(
    recipes: Sequence[Recipe],
    goal: Goal = Goal.BINARY,
    *,
    rows: int = 400,
    weights: Sequence[float] | None = None,
    combiner: Any = None,
    calibrated: bool = False,
    decision: Decision | None = None,
    settings: Mapping[str, Any] | None = None,
    golden: int = 8,
) -> Contents:
    """A bundle's contents: one member for each recipe, weighted."""
    data = table(rows)
    target, classes = answers(data, goal)
    context = FitContext(np.random.default_rng(0), **(settings or {}))
    members = tuple(
        Member(f"t{i}", (fit_pipeline(recipe, data, target, None, None, context)[0],))
        for i, recipe in enumerate(recipes)
    )
    if combiner is None:
        combiner = AverageCombiner()
        combiner.restore({"weights": np.array(weights or [1.0 / len(members)] * len(members))})
    metric = "rmse" if goal is Goal.REGRESSION else "log_loss"
    task = Task(goal, "answer", metric, classes=classes)
    calibrator: Calibrator | None = None
    predictor = Predictor(task, members, combiner, None, decision or Decision())
    if calibrated:
        calibrator = TemperatureCalibrator()
        calibrator.fit(predictor.predict(data), target.codes, None)
        predictor = Predictor(task, members, combiner, calibrator, decision or Decision())
    kind = Column("answer", Kind.NUMBER) if goal is Goal.REGRESSION else Column("answer", Kind.CATEGORY, levels=classes)
    schema = Schema((*SCHEMA.columns, kind))
    values = target.values if goal is Goal.REGRESSION else [classes[code] for code in target.codes]
    whole = data.with_columns(pl.Series("answer", values))
    return Contents(
        predictor=predictor,
        schema=schema,
        profile=profile(whole, schema).to_json(),
        golden=data[:golden],
        card="# A card",
        metadata={"run": "r1", "fingerprint": "abc"},
        predictions=Runtime.of(predictor, schema).predict(data[:200]),
    )


def events(recipe: Recipe, rows: int = 150) -> Contents:
    """A bundle's contents for a small table of events: users, items, ratings."""
    stream = np.random.default_rng(5)
    data = pl.DataFrame(
        {
            "who": [f"u{i}" for i in stream.integers(0, 12, rows)],
            "what": [f"i{i}" for i in (stream.random(rows) ** 2 * 15).astype(int)],
            "stars": stream.integers(1, 6, rows).astype(np.float64),
        }
    )
    schema = Schema((Column("who", Kind.ID), Column("what", Kind.ID), Column("stars", Kind.NUMBER)))
    task = Task(Goal.RECOMMENDATION, "stars", "ndcg@10", roles={"user": "who", "item": "what"})
    return _small(recipe, data, Target(Goal.RECOMMENDATION, data["stars"].to_numpy()), schema, task)


def pictures(recipe: Recipe, rows: int = 48) -> Contents:
    """A bundle's contents for small pictures, bright ones and dark ones."""
    from io import BytesIO

    from PIL import Image

    stream = np.random.default_rng(6)
    encoded = []
    for row in range(rows):
        buffer = BytesIO()
        pixels = stream.integers(0, 100, (12, 12)) + 100 * (row % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG")
        encoded.append(buffer.getvalue())
    data = pl.DataFrame({"image": encoded, "answer": [("dark", "bright")[row % 2] for row in range(rows)]})
    schema = Schema((Column("image", Kind.IMAGE), Column("answer", Kind.CATEGORY, levels=("bright", "dark"))))
    task = Task(Goal.BINARY, "answer", "log_loss", classes=("dark", "bright"))
    return _small(recipe, data, Target(Goal.BINARY, np.arange(rows) % 2.0, 2), schema, task)


def _small(recipe: Recipe, data: pl.DataFrame, target: Target, schema: Schema, task: Task) -> Contents:
    fitted = fit_pipeline(recipe, data, target, None, None, FitContext(np.random.default_rng(0)))[0]
    combiner = AverageCombiner()
    combiner.restore({"weights": np.ones(1)})
    predictor = Predictor(task, (Member("t0", (fitted,)),), combiner)
    golden = data[:8] if task.goal is Goal.RECOMMENDATION else data[:8].drop(task.target)
    return Contents(predictor, schema, profile(data, schema).to_json(), golden, "# A card", {"run": "r1"})
