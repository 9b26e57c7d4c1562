"""Multilayer perceptron, taught by backpropagation, for tables of numbers and categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.compiled import RowInputs, RowPredictor
from sevenfold.core.errors import DataError
from sevenfold.core.inputs import Form, Inputs
from sevenfold.core.int8 import Matrix
from sevenfold.core.model import Cost, FitContext, ModelSpec, Size, Trait
from sevenfold.core.network import Lesson, Network, require_torch
from sevenfold.core.space import Choice, Integer, Real, Space
from sevenfold.core.state import State
from sevenfold.core.task import Goal, Target
from sevenfold.models.networks.outputs import Outputs
from sevenfold.models.networks.scaling import Scaling

if TYPE_CHECKING:
    import torch

BLOCK_ROWS = 4  # every matrix product has this many rows, so that a row's result does not depend on its company
CHUNK_BLOCKS = 1024
MOST_PIECES = 1024  # inputs that the piecewise-linear embedding may add


def _cost(params: Mapping[str, Any], size: Size) -> Cost:
    units, depth = params["units"], params["layers"]
    inputs = min(size.columns * (params["bins"] + 1), size.columns + MOST_PIECES)
    weights = inputs * units + (depth - 1) * units**2
    epochs = params["epochs"] * 0.6  # patience ends most trainings early
    steps = epochs * size.rows / _batch_rows(params["batch_rows"], size.rows)
    seconds = epochs * size.rows * weights * 6 / 1.5e10 / max(1, size.threads) ** 0.5 + steps * 8e-4 + 2.0
    return Cost(seconds, 4e8 + 12.0 * size.rows * size.columns + 16.0 * weights)


def _batch_rows(wanted: int, rows: int) -> int:
    return wanted or int(2 ** np.clip(round(np.log2(max(rows, 1) / 64)), 5, 9))


class MultilayerPerceptron(Network):
    """Rectified layers on scaled numbers, their quantile bins, and learned vectors of categories."""

    spec = ModelSpec(
        name="mlp",
        title="Multilayer perceptron",
        solves=frozenset({Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION}),
        accepts=frozenset({Form.NUMBERS, Form.CATEGORIES}),
        space=Space(
            layers=Integer(3, 1, 6, help="hidden layers"),
            units=Integer(256, 16, 1024, log=True, help="units in each hidden layer"),
            residual=Choice(False, (False, True), help="each layer but the first adds to its input"),
            bins=Integer(16, 0, 64, help="quantile bins of each number (piecewise-linear embedding); 0 for none"),
            dropout=Real(0.1, 0.0, 0.6, help="share of units silenced in training"),
            rate=Real(2e-3, 1e-4, 2e-2, log=True, help="learning rate at its height"),
            decay=Real(0.02, 1e-5, 1.0, log=True, help="weight decay"),
            label_smoothing=Real(0.0, 0.0, 0.2, help="share of each label spread over all classes"),
            epochs=Integer(40, 1, 400, log=True, help="at most so many passes over the rows"),
            batch_rows=Integer(0, 0, 8192, help="rows in one step; 0 chooses by the number of rows"),
            patience=Integer(8, 0, 100, help="stop after so many epochs without gain; 0 never"),
        ),
        portfolio=(
            {},
            {"layers": 4, "residual": True, "dropout": 0.25, "bins": 32, "rate": 1e-3},
            {"bins": 0, "dropout": 0.2, "label_smoothing": 0.1},
            {"units": 512, "dropout": 0.4, "decay": 0.1, "rate": 1e-3},
        ),
        cost=_cost,
        source="Rumelhart, Hinton & Williams 1986; Gorishniy et al. 2022; Holzmüller et al. 2024",
        summary="Smooth relations between many columns; differs from trees and so goes well with them.",
        traits=frozenset({Trait.WEIGHTS, Trait.MISSING, Trait.EARLY_STOPPING, Trait.QUANTILES}),
        extra="deep",
    )

    matrices = (
        Matrix("weights/layers.*.weight", channel=1),
        Matrix("weights/head.weight", channel=1),
        Matrix("weights/embeddings.*.weight"),
    )

    _scaling: Scaling
    _outputs: Outputs
    _levels: tuple[int, ...]
    _weights: dict[str, Any]

    def build(self, inputs: Inputs, target: Target, context: FitContext) -> torch.nn.Module:
        """See `Network.build`."""
        require_torch("The multilayer perceptron")
        from sevenfold.models.networks.modules.perceptron import Perceptron

        numbers, categories = inputs.get(Form.NUMBERS), inputs.get(Form.CATEGORIES)
        values = np.empty((inputs.rows, 0)) if numbers is None else numbers.values
        levels = () if categories is None else categories.levels
        if not values.shape[1] and not levels:
            raise DataError("The perceptron has nothing to learn from.", "numbers or categories", "no columns")
        bins = min(self.params["bins"], MOST_PIECES // max(1, values.shape[1]))
        self._scaling = Scaling.learn(values, bins)
        self._outputs = Outputs.learn(target)
        self._levels = tuple(int(level) for level in levels)
        return Perceptron(
            self._scaling.lower,
            self._scaling.width,
            tuple(level + 1 for level in self._levels),
            tuple(min(32, 1 + int(1.6 * level**0.5)) for level in self._levels),
            (self.params["units"],) * self.params["layers"],
            self._outputs.units,
            self._scaling.columns,
            self.params["dropout"],
            self.params["residual"],
        )

    def lesson(self, inputs: Inputs, target: Target, context: FitContext) -> Lesson:
        """See `Network.lesson`."""
        loss, quantile = self._outputs.loss(context)
        return Lesson(
            loss=loss,
            optimizer={"name": "adamw", "rate": self.params["rate"], "decay": self.params["decay"]},
            epochs=self.params["epochs"],
            batch_rows=_batch_rows(self.params["batch_rows"], inputs.rows),
            patience_epochs=self.params["patience"],
            label_smoothing=self.params["label_smoothing"] if target.classes else 0.0,
            gradient_norm=1.0,
            quantile=quantile,
        )

    def arrays(self, inputs: Inputs) -> tuple[np.ndarray[Any, Any], ...]:
        """Scaled numbers with missing flags, float32; codes from 0 (missing or unseen), int32."""
        numbers, categories = inputs.get(Form.NUMBERS), inputs.get(Form.CATEGORIES)
        values = np.empty((inputs.rows, 0)) if numbers is None else numbers.values
        codes = np.empty((inputs.rows, 0), np.int32) if categories is None else categories.values
        known = np.asarray(self._levels, np.int32)
        return self._scaling.apply(values), np.where((codes < 0) | (codes >= known), 0, codes + 1).astype(np.int32)

    def labels(self, target: Target) -> np.ndarray[Any, Any]:
        """See `Network.labels`."""
        return self._outputs.labels(target)

    def learned(self, module: torch.nn.Module) -> None:
        """Keep the weights as arrays; matrices are turned for products from the left."""
        weights = {name: tensor.numpy().copy() for name, tensor in module.state_dict().items()}
        for name in weights:
            if name.startswith(("layers.", "head.")) and weights[name].ndim == 2:
                weights[name] = np.ascontiguousarray(weights[name].T)
        self._weights = dict(sorted(weights.items()))

    def predict(self, inputs: Inputs) -> Floats:
        """See `Model.predict`; needs no torch."""
        numbers, codes = self.arrays(inputs)
        step = BLOCK_ROWS * CHUNK_BLOCKS
        parts = [self._forward(numbers[i : i + step], codes[i : i + step]) for i in range(0, inputs.rows, step)]
        logits = np.concatenate(parts) if parts else np.empty((0, self._outputs.units), np.float32)
        return self._outputs.predictions(logits)

    def row_predictor(self) -> RowPredictor:
        """See `Model.row_predictor`: the same block of rows, of which one is asked for."""
        scale, forward, predictions = self._scaling.apply, self._forward, self._outputs.predictions
        levels = self._levels

        def predict(row: RowInputs) -> list[float]:
            codes = [
                0 if code < 0 or code >= known else code + 1 for code, known in zip(row.codes, levels, strict=True)
            ]
            numbers = scale(np.array([row.numbers], dtype=np.float64).reshape(1, -1))
            logits = forward(numbers, np.array([codes], dtype=np.int32).reshape(1, -1))
            found: list[float] = predictions(logits).ravel().tolist()
            return found

        return predict

    def _forward(self, numbers: Any, codes: Any) -> Any:
        rows = len(numbers)
        weights, parts = self._weights, [numbers]
        columns, bins = weights["lower"].shape
        if bins:
            pieces = np.clip((numbers[:, :columns, None] - weights["lower"]) / weights["width"], 0.0, 1.0)
            parts.append(pieces.reshape(len(numbers), columns * bins))
        categories = range(len(self._levels))
        parts += [weights[f"embeddings.{number}.weight"][codes[:, number]] for number in categories]
        inputs = np.zeros((rows + -rows % BLOCK_ROWS, sum(part.shape[1] for part in parts)), np.float32)
        np.concatenate(parts, axis=1, out=inputs[:rows])
        hidden = inputs.reshape(-1, BLOCK_ROWS, inputs.shape[1])
        for number in range(self.params["layers"]):
            raised = np.maximum(hidden @ weights[f"layers.{number}.weight"] + weights[f"layers.{number}.bias"], 0.0)
            hidden = hidden + raised if self.params["residual"] and number else raised
        logits = hidden @ weights["head.weight"] + weights["head.bias"]
        return logits.reshape(-1, self._outputs.units)[:rows]

    def state(self) -> State:
        """See `Model.state`."""
        return {
            "scaling": self._scaling.state(),
            "outputs": self._outputs.state(),
            "levels": list(self._levels),
            "weights": dict(self._weights),
        }

    def restore(self, state: State) -> None:
        """See `Model.restore`."""
        self._scaling = Scaling.restored(state["scaling"])
        self._outputs = Outputs.restored(state["outputs"])
        self._levels = tuple(state["levels"])
        self._weights = dict(state["weights"])
