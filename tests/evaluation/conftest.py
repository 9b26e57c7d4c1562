"""A small world in which the truth is known: a typed table, its target, and a model written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.task import Goal, Target, Task


@dataclass
class World:
    table: pl.DataFrame
    schema: Schema
    target: Target
    task: Task
    predictor: object


class Additive:
    """logit = 2 * size + 1.5 * (colour is red); size missing counts as 0."""

    calls = 0

    def logit(self, table: pl.DataFrame) -> np.ndarray:
        size = table["size"].fill_null(0.0).to_numpy()
        red = (table["colour"].fill_null("") == "red").to_numpy()
        return 2.0 * size + 1.5 * red

    def predict(self, table: pl.DataFrame) -> np.ndarray:
        self.calls += 1
        positive = 1 / (1 + np.exp(-self.logit(table)))
        return np.column_stack([1 - positive, positive])


class Number(Additive):
    def predict(self, table: pl.DataFrame) -> np.ndarray:
        return self.logit(table)


class Three(Additive):
    def predict(self, table: pl.DataFrame) -> np.ndarray:
        logit = self.logit(table)
        raw = np.exp(np.column_stack([logit, np.zeros(len(logit)), -logit]))
        return raw / raw.sum(axis=1, keepdims=True)


def frame(rows: int) -> pl.DataFrame:
    stream = np.random.default_rng(0)
    size = stream.normal(size=rows)
    return pl.DataFrame(
        {
            "size": [None if stream.random() < 0.05 else float(v) for v in size],
            "colour": stream.choice(["red", "green", "blue"], rows, p=[0.3, 0.5, 0.2]),
            "noise": stream.normal(size=rows),
            "member": stream.random(rows) < 0.5,
            "joined": [datetime(2020, 1, 1) + timedelta(days=int(d)) for d in stream.integers(0, 900, rows)],
            "remark": stream.choice(["", "short", "a rather longer remark"], rows),
            "key": [f"k{i}" for i in range(rows)],
            "household": [f"h{i // 4}" for i in range(rows)],
        }
    ).with_columns(pl.col("joined").cast(pl.Datetime("us")))


SCHEMA = Schema(
    (
        Column("size", Kind.NUMBER),
        Column("colour", Kind.CATEGORY),
        Column("noise", Kind.NUMBER),
        Column("member", Kind.FLAG),
        Column("joined", Kind.DATE),
        Column("remark", Kind.TEXT),
        Column("key", Kind.ID, used=False),
        Column("household", Kind.ID),
    )
)


@pytest.fixture
def binary() -> World:
    table, model = frame(1200), Additive()
    stream = np.random.default_rng(1)
    truth = (stream.random(1200) < model.predict(table)[:, 1]).astype(float)
    task = Task(Goal.BINARY, "bought", "roc_auc", classes=("no", "yes"), id="key", sensitive=("member", "colour"))
    return World(table, SCHEMA, Target(Goal.BINARY, truth, 2), task, model)


@pytest.fixture
def regression() -> World:
    table, model = frame(800), Number()
    truth = model.predict(table) + np.random.default_rng(1).normal(size=800)
    task = Task(Goal.REGRESSION, "price", "rmse", id="key")
    return World(table, SCHEMA, Target(Goal.REGRESSION, truth), task, model)


@pytest.fixture
def multiclass() -> World:
    table, model = frame(800), Three()
    stream = np.random.default_rng(1)
    odds = model.predict(table)
    truth = (stream.random((800, 1)) > odds.cumsum(axis=1)).sum(axis=1).clip(0, 2).astype(float)
    task = Task(Goal.MULTICLASS, "kind", "log_loss", classes=("a", "b", "c"), id="key")
    return World(table, SCHEMA, Target(Goal.MULTICLASS, truth, 3), task, model)
