"""From a schema and a model's statement to feature steps, with a reason for each choice and each refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.errors import DataError, unknown_name
from sevenfold.core.inputs import Form
from sevenfold.core.model import ModelSpec, Trait
from sevenfold.core.recipe import Step
from sevenfold.core.task import Task
from sevenfold.features import routes
from sevenfold.features.catalogue import FEATURES
from sevenfold.features.draft import Decision, Draft, Facts

STYLES = ("default", "target-encoded", "expanded", "with-ratios", "frequency", "selected")
# Fewer columns than these leave nothing worth selecting from; and a table of few rows cannot tell.
_SELECT_FROM = 30
_SELECT_ROWS = 500


@dataclass(frozen=True)
class FeaturePlan:
    """The feature part of a recipe.

    Args:
        steps: in order.
        outputs: steps whose outputs the model is given.
        decisions: what is done with each column, and why.
    """

    steps: tuple[Step, ...]
    outputs: tuple[str, ...]
    decisions: tuple[Decision, ...]


def plan(
    schema: Schema, profile: Facts | None, task: Task, spec: ModelSpec, rows: int, *, style: str = "default"
) -> FeaturePlan:
    """The feature steps for one model.

    Args:
        schema: columns of the typed table.
        profile: `data.profile.Profile` of training rows; without it the levels in the schema are counted.
        task: what is predicted; its columns that stand apart are never inputs.
        spec: what the model accepts.
        rows: training rows.
        style: a variant, see `styles`.
    Raises:
        DataError: no column can be turned into something that the model accepts.
        RequestError: an unknown style.
    """
    if style not in STYLES:
        raise unknown_name("Style", style, STYLES)
    draft = Draft.of(schema, profile, task, spec, rows, style)
    if Trait.BASELINE in spec.traits and Trait.LINEAR not in spec.traits and spec.accepts != {Form.IDS}:
        declined = {decision.column for decision in draft.decisions}
        for name in schema.names:
            if name not in declined:
                draft.decline(name, "A baseline looks at no column.")
        return FeaturePlan((), (), tuple(draft.decisions))
    _route(spec, task)(draft)
    if style == "selected":
        _select(draft)
    if not draft.outputs:
        raise DataError(
            f"Model '{spec.name}' finds no column to learn from.",
            "a column that can be turned into " + " or ".join(sorted(spec.accepts)),
            "none that is usable",
            "Choose another model, or look at the reasons in the schema why columns are left out.",
        )
    return FeaturePlan(tuple(draft.steps), tuple(draft.outputs), tuple(draft.decisions))


def styles(schema: Schema, spec: ModelSpec, rows: int) -> tuple[str, ...]:
    """The styles that make a difference for these columns and this model, the default first."""
    if Form.NUMBERS not in spec.accepts or Trait.BASELINE in spec.traits:
        return ("default",)
    used = [column for column in schema if column.used]
    numbers = sum(column.kind is Kind.NUMBER for column in used)
    categories = [column for column in used if column.kind in (Kind.CATEGORY, Kind.ID)]
    found = ["default"]
    if any(len(column.levels) > 10 for column in categories) or len(categories) > 2:
        found.append("target-encoded")
    if Trait.LINEAR in spec.traits and (numbers or len(categories) > 1) and len(used) <= 500:
        found.append("expanded")
    # Pairs are judged by their gain on held-out parts of the training rows: few rows cannot tell.
    if numbers > 1 and rows >= 200:
        found.append("with-ratios")
    if any(len(column.levels) > 20 for column in categories):
        found.append("frequency")
    if len(used) > _SELECT_FROM and rows >= _SELECT_ROWS:
        found.append("selected")
    return tuple(found)


def _select(draft: Draft) -> None:
    """Put a selection between the numeric outputs and the model."""
    gives = {step.name: FEATURES.get(step.feature).spec.gives for step in draft.steps}
    numeric = [name for name in draft.outputs if gives[name] is Form.NUMBERS]
    if not numeric:
        return
    trees = Trait.TREES in draft.spec.traits
    draft.outputs[:] = [name for name in draft.outputs if name not in numeric]
    draft.step("selected", "select_importance" if trees else "select_l1", [f"@{name}" for name in numeric])
    how = "shuffling it hurts a small boosted model" if trees else "the lasso keeps it"
    draft.decide(draft.numbers + draft.flags, "kept if selected", f"The style drops a column unless {how}.")


def _route(spec: ModelSpec, task: Task) -> Callable[[Draft], None]:
    if Form.IDS in spec.accepts and {"user", "item"} <= set(task.roles):
        return routes.recommender
    if Form.NUMBERS not in spec.accepts and Form.IMAGES in spec.accepts:
        return routes.pictures
    if Trait.TREES in spec.traits:
        native = {Form.CATEGORIES, Form.NUMBERS} <= spec.accepts and Trait.MISSING in spec.traits
        return routes.native_trees if native else routes.plain_trees
    if Trait.LINEAR in spec.traits:
        return routes.linear
    return routes.network if Form.CATEGORIES in spec.accepts else routes.distance
