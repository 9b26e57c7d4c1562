"""A student's fit: features as for any trial, then the teacher's answers instead of the labels alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.core.context import Streams
from sevenfold.core.inputs import Inputs
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.recipe import Recipe
from sevenfold.core.task import Target
from sevenfold.features.target import TARGETS
from sevenfold.models.catalogue import MODELS
from sevenfold.training.fit import FittedFeatures
from sevenfold.training.munge import munge
from sevenfold.training.students import behind, lesson
from sevenfold.training.workspace import Workspace
from sevenfold.tuning.teacher import Faculty, Teacher

if TYPE_CHECKING:
    import polars as pl

MADE_A_ROW = 1.0
MOST_MADE = 20_000
_FEWEST_ROWS = 20  # to make others from


def taught(
    workspace: Workspace, recipe: Recipe, fitted: FittedFeatures, train: Ints, fold: int, teacher: Teacher, folder: Path
) -> tuple[FittedFeatures, Target]:
    """Inputs and target of a student in place of those of a trial; validation rows and their target stay as they are.

    Args:
        fitted: features of the training rows, learned from their labels.
        train: rows of the workspace.
        fold: that the fit is for, or -1; see `Teacher` for who teaches it.
        folder: the run's `trials/`.
    """
    stream = Streams(workspace.seed).generator("student", fold)
    faculty = teacher.faculty(folder, fold)
    columns = _columns(recipe, faculty)
    table = workspace.part(train, columns)
    answers = [teacher.answers(faculty, table)]
    inputs, sources = fitted.train, np.empty(0, np.int64)
    count = made_rows(len(train))
    if count:
        made, sources = munge(table, count, stream)
        answers.append(teacher.answers(faculty, made))
        inputs = behind(inputs, _encoded(recipe, fitted, made))
    learned = lesson(workspace.target.take(train), np.concatenate(answers), sources, teacher.trust)
    return FittedFeatures(fitted.features, inputs.take(learned.rows), fitted.valid), learned.target


def made_rows(rows: int) -> int:
    """Rows to make beside so many true ones: none where these are plenty."""
    return 0 if rows < _FEWEST_ROWS else max(0, min(round(MADE_A_ROW * rows), MOST_MADE))


def _encoded(recipe: Recipe, fitted: FittedFeatures, made: pl.DataFrame) -> Inputs:
    """What the student's own features make of made rows."""
    model, target = MODELS.get(recipe.model)(**recipe.params), TARGETS.get(recipe.target)()
    return Pipeline(recipe, fitted.features, model, target).inputs(made)


def _columns(recipe: Recipe, faculty: Faculty) -> list[str]:
    """The source columns that teacher and student read."""
    recipes = [recipe, *(pipeline.recipe for fits in faculty for pipeline in fits)]
    steps = [step for one in recipes for step in one.steps]
    return sorted({name for step in steps for name in step.inputs if not name.startswith("@")})
