"""A fitted recipe: from a typed table to predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenfold.core.arrays import Floats
from sevenfold.core.errors import BundleError
from sevenfold.core.feature import Feature
from sevenfold.core.inputs import Columns, Inputs
from sevenfold.core.int8 import FLOAT, INT8, narrowed, widened
from sevenfold.core.model import Model
from sevenfold.core.recipe import Recipe
from sevenfold.core.registry import Catalogue
from sevenfold.core.state import State
from sevenfold.core.transform import TargetTransform

if TYPE_CHECKING:
    import polars as pl


@dataclass
class Pipeline:
    """Fitted features and a fitted model. Made by `training.fit`, or restored from a state.

    Args:
        precision: how large matrices of weights are stored, "float" or "int8". What is "int8" was restored from such a
            state, so that it predicts by the rounded weights: see `training.int8`.
    """

    recipe: Recipe
    features: tuple[Feature, ...]
    model: Model
    target: TargetTransform
    precision: str = FLOAT

    def inputs(self, table: pl.DataFrame) -> Inputs:
        """What the model receives for the rows of a typed table."""
        columns = Columns(table)
        for step, feature in zip(self.recipe.steps, self.features, strict=True):
            columns.made[step.name] = feature.transform(columns)
        return Inputs.of(table.height, [columns.block(name) for name in self.recipe.outputs])

    def predict(self, table: pl.DataFrame) -> Floats:
        """(rows,) values in the target's own unit, or (rows, classes) probabilities."""
        return self.target.invert(self.model.predict(self.inputs(table)))

    def state(self) -> State:
        """Everything learned, as data."""
        kept: State = {"recipe": self.recipe.to_json(), "target": self.target.state()}
        if self.precision == FLOAT:
            return {**kept, "features": [f.state() for f in self.features], "model": self.model.state()}
        return {
            **kept,
            "precision": self.precision,
            "features": [narrowed(feature.state(), feature.matrices) for feature in self.features],
            "model": narrowed(self.model.state(), self.model.matrices),
        }

    @classmethod
    def from_state(
        cls,
        state: State,
        features: Catalogue[type[Feature]],
        models: Catalogue[type[Model]],
        targets: Catalogue[type[TargetTransform]],
    ) -> Pipeline:
        """The pipeline whose `state` this is."""
        try:
            precision = state.get("precision", FLOAT)
            if precision not in (FLOAT, INT8):
                raise BundleError("A stored pipeline has an unknown precision.", f"{FLOAT} or {INT8}", repr(precision))
            recipe = Recipe.from_json(state["recipe"])
            fitted: list[Feature] = []
            for step, learned in zip(recipe.steps, state["features"], strict=True):
                feature = features.get(step.feature)(step.inputs, **step.params)
                feature.restore(_plain(precision, learned, feature))
                fitted.append(feature)
            model = models.get(recipe.model)(**recipe.params)
            model.restore(_plain(precision, state["model"], model))
            target = targets.get(recipe.target)()
            target.restore(state["target"])
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise BundleError("A stored pipeline is damaged.", "a complete state", repr(error)) from error
        return cls(recipe, tuple(fitted), model, target, precision)


def _plain(precision: str, learned: State, part: Feature | Model) -> State:
    return learned if precision == FLOAT else widened(learned, part.matrices)
