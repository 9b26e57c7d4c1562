"""Recommendations from a loaded model: scores of pairs, or the best items of users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.errors import BundleError
from sevenfold.core.inputs import Columns, Form
from sevenfold.core.model import Recommender
from sevenfold.core.pipeline import Pipeline
from sevenfold.data.clean import MISSING_COLUMN
from sevenfold.deployment.runtime import Answer, Reading, Runtime

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

BEST = 10


def answer(runtime: Runtime, rows: Any, *, every_violation: bool = False) -> Answer:
    """(rows,) scores where the rows name items; otherwise (rows, 10) best items of each row's user.

    Raises:
        DataError: the column of users is missing, too.
    """
    reading = runtime.read(rows, every_violation=every_violation)
    if names_items(runtime, reading):
        scores = runtime.predict(reading.table)
        return Answer(reading, scores, scores, has_classes=False)
    return Answer(reading, *best_items(runtime, reading.table, BEST), has_classes=False)


def names_items(runtime: Runtime, reading: Reading) -> bool:
    """Whether the rows have a column of items."""
    item = runtime.predictor.task.roles["item"]
    return not any(v.code == MISSING_COLUMN and v.column == item and v.row is None for v in reading.violations)


def best_items(runtime: Runtime, table: pl.DataFrame, count: int) -> tuple[npt.NDArray[Any], Floats]:
    """Items that each row's user has not had yet, best first, and their scores.

    Returns:
        (rows, count) names of items, None where there are fewer, and (rows, count) scores, -inf there.
    """
    pipelines = [pipeline for member in runtime.predictor.members for pipeline in member.pipelines]
    items = known_items(pipelines[0])
    names = np.empty(len(items) + 1, dtype=object)
    names[:-1] = items  # the last name stays None: it fills up short lists
    chosen = np.full((table.height, count), len(items), dtype=np.int64)
    scores = np.full((table.height, count), -np.inf)
    for row in range(table.height):
        of_row = _scores(runtime, pipelines, items, table[row])
        order = np.argsort(-of_row, kind="stable")[:count]
        order = order[np.isfinite(of_row[order])]
        chosen[row, : len(order)] = order
        scores[row, : len(order)] = of_row[order]
    return names[chosen], scores


def known_items(pipeline: Pipeline) -> list[str]:
    """The items of the training rows in the order of their codes.

    A feature that gives IDS keeps the values of each of its columns under "levels" in its state: users, then items.
    """
    for feature in pipeline.features:
        if feature.spec.gives is Form.IDS:
            levels: list[list[str]] = feature.state()["levels"]
            return levels[-1]
    raise BundleError("The model knows no items.", "a feature that gives codes of users and items", "none")


def _scores(runtime: Runtime, pipelines: list[Pipeline], items: list[str], row: pl.DataFrame) -> Floats:
    """(items,) scores of every item for one row's user; -inf for items the user has had."""
    first = _ranks(pipelines[0], row)
    if len(pipelines) == 1:
        return first
    import polars as pl

    item = runtime.predictor.task.roles["item"]
    pairs = pl.concat([row] * len(items)).with_columns(pl.Series(item, items, dtype=row.schema[item]))
    scores = runtime.predictor.predict(pairs)
    for pipeline in pipelines:
        ranks = dict(zip(known_items(pipeline), _ranks(pipeline, row), strict=True))
        had = np.array([ranks.get(name, 0.0) == -np.inf for name in items])
        scores = np.where(had, -np.inf, scores)
    return scores


def _ranks(pipeline: Pipeline, row: pl.DataFrame) -> Floats:
    if not isinstance(pipeline.model, Recommender):
        raise BundleError("The model does not rank items.", "a recommender", pipeline.recipe.model)
    columns = Columns(row)
    for step, feature in zip(pipeline.recipe.steps, pipeline.features, strict=True):
        columns.made[step.name] = feature.transform(columns)
    users = next(b for b in columns.made.values() if b.form is Form.IDS).values[:, 0]
    return pipeline.model.rank(users)[0]
