"""Fit a winner on all rows of a file that is too large for memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sevenfold.core.inputs import Form, Inputs
from sevenfold.core.model import Batched, FitContext, FitInfo
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.recipe import Recipe
from sevenfold.core.task import Target
from sevenfold.training.fit import FittedFeatures
from sevenfold.training.whole import Reading, facts_of
from sevenfold.training.workspace import Workspace

_BIN_ROWS = 200_000  # enough to place bins by


def learns_whole(workspace: Workspace, recipe: Recipe) -> bool:
    """Whether the recipe's model can go through the whole file behind the workspace's sample."""
    from sevenfold.models.catalogue import MODELS

    return workspace.whole is not None and issubclass(MODELS.get(recipe.model), Batched)


def fit_whole(
    recipe: Recipe,
    fitted: FittedFeatures,
    target: Target,
    workspace: Workspace,
    share: float,
    context: FitContext,
    memory_bytes: float = float("inf"),
) -> tuple[Pipeline, FitInfo]:
    """Learn a recipe's model on a share of the file, with features learned on its sample.

    Where sparse inputs rule batches out, the sample is learned.

    Args:
        memory_bytes: that this process may take.
    """
    from sevenfold.features.target import TARGETS
    from sevenfold.models.catalogue import MODELS

    assert workspace.whole is not None
    transform = TARGETS.get(recipe.target)()
    bent = transform.fit(target)
    model = MODELS.get(recipe.model)(**recipe.params)
    assert isinstance(model, Batched)
    pipeline = Pipeline(recipe, fitted.features, model, transform)
    if Form.SPARSE in fitted.train.blocks:
        return pipeline, model.fit(fitted.train, bent, None, context)
    whole = workspace.whole
    share = max(whole.lottery.share, min(share, whole.fitting_share(len(fitted.train.names), memory_bytes)))
    if any(feature.spec.uses_target for feature in fitted.features):
        # What was learned of their own targets would give the sample's rows away.
        whole = replace(whole, kept=np.zeros_like(whole.kept))
    batches = Reading(whole, share, workspace.schema, workspace.task, transform, pipeline).batches()
    sample, sample_target = _few(fitted.train, bent, context)
    info = model.fit_batches(sample, sample_target, batches, context)
    return pipeline, replace(info, notes={**info.notes, **facts_of(share, batches)})


def _few(inputs: Inputs, target: Target, context: FitContext) -> tuple[Inputs, Target]:
    """As many rows as bins need."""
    if inputs.rows <= _BIN_ROWS:
        return inputs, target
    rows = np.sort(context.stream.permutation(inputs.rows)[:_BIN_ROWS])
    return inputs.take(rows), target.take(rows)
