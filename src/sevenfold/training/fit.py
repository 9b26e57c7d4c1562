"""Fit one recipe on given rows: features first, then the model, on training rows only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.errors import DataError
from sevenfold.core.feature import Feature
from sevenfold.core.inputs import Block, Columns, Form, Inputs
from sevenfold.core.model import Estimator, FitContext, FitInfo, Valid
from sevenfold.core.network import Network
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.recipe import Recipe
from sevenfold.core.task import Target

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class FittedFeatures:
    """Features of one recipe fitted on one set of rows; recipes with the same feature part share them.

    Args:
        features: one for each step.
        train: inputs of the training rows (cross-fitted where a feature uses the target).
        valid: inputs of the validation rows, or None.
    """

    features: tuple[Feature, ...]
    train: Inputs
    valid: Inputs | None

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, in bytes."""
        return _nbytes(self.train) + (0 if self.valid is None else _nbytes(self.valid))


def fit_features(
    recipe: Recipe, table: pl.DataFrame, target: Target, valid: pl.DataFrame | None, stream: np.random.Generator
) -> FittedFeatures:
    """Learn the feature steps on the rows of `table` and convert them, and `valid`'s, to inputs.

    Args:
        table: typed training rows; `target` is theirs.
        valid: typed validation rows, only converted, never learned from.
        stream: the features' own random stream.
    """
    from sevenfold.features.catalogue import FEATURES

    columns = Columns(table)
    others = None if valid is None else Columns(valid)
    features: list[Feature] = []
    for step in recipe.steps:
        feature = FEATURES.get(step.feature)(step.inputs, **step.params)
        columns.made[step.name] = feature.fit(columns, target, stream)
        if others is not None:
            others.made[step.name] = feature.transform(others)
        features.append(feature)
    return FittedFeatures(
        tuple(features), _gather(recipe.outputs, columns), None if others is None else _gather(recipe.outputs, others)
    )


def fit_model(
    recipe: Recipe, fitted: FittedFeatures, target: Target, valid_target: Target | None, context: FitContext
) -> tuple[Pipeline, FitInfo]:
    """Learn the model of a recipe on prepared inputs, and join all to a pipeline."""
    from sevenfold.features.target import TARGETS
    from sevenfold.models.catalogue import MODELS

    transform = TARGETS.get(recipe.target)()
    bent = transform.fit(target)
    valid = None
    if fitted.valid is not None and valid_target is not None and len(valid_target) > 0:
        valid = Valid(fitted.valid, transform.apply(valid_target))
    model = MODELS.get(recipe.model)(**recipe.params)
    if isinstance(model, Network):
        from sevenfold.training.loop import teach

        info = teach(model, fitted.train, bent, valid, context)
    elif isinstance(model, Estimator):
        info = model.fit(fitted.train, bent, valid, context)
    else:
        raise DataError(f"Model '{recipe.model}' cannot learn.", "an Estimator or a Network", type(model).__name__)
    return Pipeline(recipe, fitted.features, model, transform), info


def fit_pipeline(
    recipe: Recipe,
    table: pl.DataFrame,
    target: Target,
    valid_table: pl.DataFrame | None,
    valid_target: Target | None,
    context: FitContext,
) -> tuple[Pipeline, FitInfo]:
    """Fit a whole recipe. `valid_table` only chooses rounds and epochs; nothing else is learned from it."""
    features_stream, model_stream = context.stream.spawn(2)
    fitted = fit_features(recipe, table, target, valid_table, features_stream)
    return fit_model(recipe, fitted, target, valid_target, replace(context, stream=model_stream))


def _gather(outputs: Sequence[str], columns: Columns) -> Inputs:
    inputs = Inputs.of(columns.rows, [columns.block(name) for name in outputs])
    numbers = inputs.get(Form.NUMBERS)
    if numbers is not None and not numbers.values.flags.c_contiguous:
        made = Block(numbers.form, numbers.names, np.ascontiguousarray(numbers.values), numbers.levels)
        return Inputs(inputs.rows, {**inputs.blocks, Form.NUMBERS: made})
    return inputs


def _nbytes(inputs: Inputs) -> int:
    total = 0
    for block in inputs.blocks.values():
        values = block.values
        total += values.nbytes if hasattr(values, "nbytes") else values.data.nbytes + values.indices.nbytes
    return total
