"""Batches of rows as one binned LightGBM data set: read once, in order, and forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.errors import DataError
from sevenfold.core.inputs import Block, Inputs
from sevenfold.core.model import Batches
from sevenfold.core.task import Target
from sevenfold.models.trees.table import tree_table

if TYPE_CHECKING:
    import lightgbm


def sliced(inputs: Inputs, target: Target, rows: int) -> Batches:
    """Rows in memory as batches of at most so many, without a copy."""
    places = [slice(start, min(start + rows, inputs.rows)) for start in range(0, inputs.rows, rows)]

    def parts() -> Iterator[tuple[Inputs, Target]]:
        for place in places:
            size = place.stop - place.start
            blocks = {
                form: Block(form, block.names, block.values[place], block.levels)
                for form, block in inputs.blocks.items()
            }
            weights = None if target.weights is None else target.weights[place]
            yield Inputs(size, blocks), Target(target.goal, target.values[place], target.classes, weights)

    return Batches(tuple(place.stop - place.start for place in places), parts)


def binned(
    reference: lightgbm.Dataset,
    batches: Batches,
    weighted: Callable[[Target], Target],
    in_unit: Callable[[Floats], Floats],
) -> lightgbm.Dataset:
    """All rows in the bins of `reference`.

    Args:
        reference: constructed; its bins are used.
        batches: the rows; sparse ones cannot be taken.
        weighted: gives a batch's target its weights.
        in_unit: the target's values as they are learned.
    """
    import lightgbm

    labels = np.empty(batches.rows, np.float32)
    weights: Any = None
    filled = 0

    def tables() -> Iterator[Any]:
        nonlocal filled, weights
        for inputs, target in batches.parts():
            table, _ = tree_table(inputs)
            if not isinstance(table, np.ndarray):
                raise DataError("Sparse rows cannot be learned in batches.", "numbers or categories", "sparse columns")
            target = weighted(target)
            place = slice(filled, filled + len(target))
            labels[place] = in_unit(target.values)
            if target.weights is not None:
                weights = np.ones(batches.rows, np.float32) if weights is None else weights
                weights[place] = target.weights
            filled = place.stop
            yield table

    rest = tables()

    class Part(lightgbm.Sequence):
        """One batch, read when it is asked for."""

        def __init__(self, size: int) -> None:
            self.size = self.batch_size = size

        def __len__(self) -> int:
            return self.size

        def __getitem__(self, index: Any) -> Any:
            return next(rest)

    # The labels are filled while the rows are binned, and taken over after that.
    rows = lightgbm.Dataset(
        [Part(size) for size in batches.sizes],
        labels,
        reference=reference,
        categorical_feature=reference.categorical_feature,
        params=dict(reference.params or {}),
    ).construct()
    if weights is not None:
        rows.set_weight(weights / weights.mean(dtype=np.float64))
    rows.label = None  # LightGBM has its own copy by now
    return rows
