"""Sparse columns summed up in a few dense ones (latent semantic analysis)."""

from __future__ import annotations

from typing import Any, final

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.compiled import Reads, RowStep, SparseRow
from sevenfold.core.errors import DataError
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.int8 import Matrix
from sevenfold.core.space import Integer, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, sample_rows

_SAMPLE_ROWS = 50_000


@final
class TextSvd(LearnedFeature):
    """Truncated singular value decomposition of an earlier step's sparse output."""

    spec = FeatureSpec(
        name="text_svd",
        takes=frozenset(),
        gives=Form.NUMBERS,
        summary="A sparse step's output in a few dense columns, by truncated singular value decomposition.",
        space=Space(
            components=Integer(64, 1, 512, log=True, help="Columns."),
            passes=Integer(3, 1, 10, help="Power iterations; more are more exact."),
        ),
        source="Deerwester et al. 1990; Halko et al. 2011, algorithm 4.4",
    )
    matrices = (Matrix("directions", channel=1),)

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """(sparse columns, components) directions, columns that never vary left out of the count."""
        from sklearn.utils.extmath import randomized_svd
        from threadpoolctl import threadpool_limits

        matrix = self._sparse(columns)
        chosen = sample_rows(matrix.shape[0], _SAMPLE_ROWS, stream)
        if chosen is not None:
            matrix = matrix[chosen]
        components = min(self.params["components"], *matrix.shape)
        seed = int(stream.integers(2**31))
        if components == 0 or matrix.nnz == 0:
            return {"directions": np.zeros((matrix.shape[1], 0))}
        # One thread: sums split over threads would depend on their number.
        with threadpool_limits(1):
            _, sizes, directions = randomized_svd(
                matrix, components, n_iter=self.params["passes"], random_state=seed, flip_sign=True
            )
        held = sizes > 1e-10 * sizes[0]
        return {"directions": np.ascontiguousarray(directions[held].T)}

    def transform(self, columns: Columns) -> Block:
        """Columns "STEP:topic1", ...

        The product of a sparse and a dense matrix adds each row's entries in order, so that a row gives the same
        alone and in a batch; a dense product would not.
        """
        matrix = self._sparse(columns)
        values = np.ascontiguousarray(matrix @ self.learned["directions"])
        source = self.inputs[0].removeprefix("@")
        return Block(Form.NUMBERS, tuple(f"{source}:topic{i + 1}" for i in range(values.shape[1])), values)

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        directions: Floats = np.ascontiguousarray(self.learned["directions"])
        none: list[float] = [0.0] * directions.shape[1]
        # Of a single column numpy would add the numbers in pairs.
        several, take = directions.shape[1] > 1, directions.take
        array, add, in_turn = np.array, np.add.reduce, np.add.accumulate

        def convert(values: list[SparseRow]) -> list[float]:
            entries = values[0]
            if not entries.places:
                return none
            parts = take(entries.places, axis=0)
            parts *= array(entries.values)[:, None]
            # Added one row after another, as the product of the matrices adds them.
            total: list[float] = (add(parts, axis=0) if several else in_turn(parts, axis=0)[-1]).tolist()
            return total

        return RowStep(Reads.SPARSE, convert)

    def _sparse(self, columns: Columns) -> Any:
        if len(self.inputs) != 1 or not self.inputs[0].startswith("@"):
            raise DataError("Feature 'text_svd' takes one earlier step.", '"@step"', ", ".join(self.inputs))
        block = columns.block(self.inputs[0])
        if block.form is not Form.SPARSE:
            raise DataError("Feature 'text_svd' takes sparse columns.", "a step that gives SPARSE", str(block.form))
        return block.values
