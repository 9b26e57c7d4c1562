"""Fit one recipe on given rows: features first, then the model, on training rows only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.context import Streams
from sevenfold.core.errors import DataError
from sevenfold.core.feature import Feature
from sevenfold.core.inputs import Block, Columns, Form, Inputs
from sevenfold.core.model import Estimator, FitContext, FitInfo, Valid
from sevenfold.core.network import Network
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.recipe import Recipe, Step, digest_of
from sevenfold.core.task import Target

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class FittedStep:
    """One feature step fitted on one set of rows, with its output for training and validation rows."""

    feature: Feature
    train: Block
    valid: Block | None

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, in bytes."""
        return _nbytes(self.train) + (0 if self.valid is None else _nbytes(self.valid))


class StepCache:
    """Fitted steps within a limit of bytes: recipes that share a step, on the same fold, fit it once.

    Args:
        limit_bytes: the least lately used steps go when the arrays take more.
    """

    def __init__(self, limit_bytes: int = 256 * 2**20) -> None:
        self.limit_bytes = limit_bytes
        self._kept: OrderedDict[tuple[str, int], FittedStep] = OrderedDict()

    def get(self, key: tuple[str, int]) -> FittedStep | None:
        """The kept step, or None."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def clear(self) -> None:
        """Forget every step."""
        self._kept.clear()

    def put(self, key: tuple[str, int], fitted: FittedStep) -> None:
        """Keep a step."""
        self._kept[key] = fitted
        total = sum(kept.nbytes for kept in self._kept.values())
        while self._kept and total > self.limit_bytes:
            _, gone = self._kept.popitem(last=False)
            total -= gone.nbytes


@dataclass(frozen=True)
class FittedFeatures:
    """Features of one recipe fitted on one set of rows.

    Args:
        features: one for each step.
        train: inputs of the training rows (cross-fitted where a feature uses the target).
        valid: inputs of the validation rows, or None.
    """

    features: tuple[Feature, ...]
    train: Inputs
    valid: Inputs | None


def fit_features(
    recipe: Recipe,
    table: pl.DataFrame,
    target: Target,
    valid: pl.DataFrame | None,
    stream_of: Callable[[str], np.random.Generator],
    cache: StepCache | None = None,
    fold: int = 0,
) -> FittedFeatures:
    """Learn the feature steps on the rows of `table` and convert them, and `valid`'s, to inputs.

    Args:
        table: typed training rows; `target` is theirs.
        valid: typed validation rows, only converted, never learned from.
        stream_of: the random stream of a step, by the step's digest: equal steps learn equal things.
        cache: steps fitted before.
        fold: which rows these are, for the cache.
    """
    from sevenfold.features.base import in_pieces
    from sevenfold.features.catalogue import FEATURES

    columns = Columns(table)
    others = None if valid is None else Columns(valid)
    features: list[Feature] = []
    digests: dict[str, str] = {}
    last = {reference: number for number, step in enumerate(recipe.steps) for reference in step.inputs}
    for number, step in enumerate(recipe.steps):
        digests[step.name] = digest = step_digest(step, digests)
        fitted = cache.get((digest, fold)) if cache is not None else None
        if fitted is None:
            feature = FEATURES.get(step.feature)(step.inputs, **step.params)
            block = feature.fit(columns, target, stream_of(digest))
            fitted = FittedStep(feature, block, None if others is None else in_pieces(feature, others))
            if cache is not None:
                cache.put((digest, fold), fitted)
        columns.made[step.name] = fitted.train
        if others is not None and fitted.valid is not None:
            others.made[step.name] = fitted.valid
        features.append(fitted.feature)
        del fitted
        for reference in step.inputs:
            name = reference.removeprefix("@")
            if reference.startswith("@") and last[reference] == number and name not in recipe.outputs:
                # Nobody reads it again: of large tables, one encoding less in memory.
                columns.made.pop(name, None)
                if others is not None:
                    others.made.pop(name, None)
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
    seed = int(features_stream.integers(2**31))
    fitted = fit_features(recipe, table, target, valid_table, lambda name: Streams(seed).generator("step", name))
    return fit_model(recipe, fitted, target, valid_target, replace(context, stream=model_stream))


def _gather(outputs: Sequence[str], columns: Columns) -> Inputs:
    inputs = Inputs.of(columns.rows, [columns.block(name) for name in outputs])
    numbers = inputs.get(Form.NUMBERS)
    if numbers is not None and not numbers.values.flags.c_contiguous:
        made = Block(numbers.form, numbers.names, np.ascontiguousarray(numbers.values), numbers.levels)
        return Inputs(inputs.rows, {**inputs.blocks, Form.NUMBERS: made})
    return inputs


def step_digest(step: Step, digests: Mapping[str, str]) -> str:
    """Equal for steps that do the same to the same columns, whatever they are called."""
    inputs = [digests[name[1:]] if name.startswith("@") else f"column {name}" for name in step.inputs]
    return digest_of([step.feature, dict(step.params), inputs])


def _nbytes(block: Block) -> int:
    values = block.values
    return int(values.nbytes if hasattr(values, "nbytes") else values.data.nbytes + values.indices.nbytes)
