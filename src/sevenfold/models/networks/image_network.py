"""A small convolutional network for pictures of 20 to 200 pixels a side, taught by the one gradient loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from sevenfold.core.arrays import Bytes, Floats
from sevenfold.core.errors import DataError
from sevenfold.core.inputs import Form, Inputs
from sevenfold.core.int8 import Matrix
from sevenfold.core.model import Cost, FitContext, ModelSpec, Size, Trait
from sevenfold.core.network import Lesson, Network, require_torch
from sevenfold.core.space import Choice, Integer, Real, Space
from sevenfold.core.state import State
from sevenfold.core.task import Goal, Target
from sevenfold.models.networks.outputs import Outputs

if TYPE_CHECKING:
    import torch

CHUNK_BYTES = 2**20  # of patches of a prediction's largest layer: about what stays in a core's cache
SMALLEST_SIDE = 8


def _epochs(wanted: int, rows: int) -> int:
    return wanted or int(np.clip(round(400_000 / max(rows, 1)), 10, 80))


def _batch_rows(wanted: int, rows: int) -> int:
    return wanted or int(2 ** np.clip(round(np.log2(max(rows, 1) / 50)), 4, 7))


def _shape(width: int, side: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Channels of each convolution, and the convolutions that a halving follows, for pictures of that side."""
    widths: list[int] = [width, 2 * width, 2 * width, 4 * width, 4 * width]
    pools = [2]
    if side >= 40:
        widths += [4 * width, 4 * width]
        pools.append(4)
    if side >= 48:
        pools.insert(0, 0)
    return tuple(widths), tuple(pools)


def _cost(params: Mapping[str, Any], size: Size) -> Cost:
    side = max(SMALLEST_SIDE, (size.columns / 3) ** 0.5)  # columns: pixels times channels
    products = (side / 2) ** 2 * params["width"] ** 2 * 9 * 9
    rows = _epochs(params["epochs"], size.rows) * size.rows
    return Cost(rows * products * 6 / 1e10 / max(1, size.threads) ** 0.7 + 3.0, 5e8 + size.rows * size.columns)


class ImageNetwork(Network):
    """Five to seven convolutions of 3 x 3; batch norms are folded away after training."""

    spec = ModelSpec(
        name="image_network",
        title="Small convolutional network",
        solves=frozenset({Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION}),
        accepts=frozenset({Form.IMAGES}),
        space=Space(
            width=Integer(16, 8, 64, log=True, help="channels of the first convolution; later ones have 2 and 4 times"),
            rate=Real(0.2, 0.01, 1.0, log=True, help="learning rate at its height"),
            decay=Real(5e-4, 1e-6, 1e-2, log=True, help="weight decay"),
            label_smoothing=Real(0.1, 0.0, 0.3, help="share of each label spread over all classes"),
            dropout=Real(0.0, 0.0, 0.5, help="share of features silenced before the last layer"),
            flip=Choice(False, (False, True), help="mirror pictures left and right; wrong for digits, signs, writing"),
            shift=Real(0.07, 0.0, 0.25, help="move training pictures by at most that share of their size"),
            turn=Real(0.0, 0.0, 30.0, help="turn training pictures by at most so many degrees, and stretch them"),
            epochs=Integer(0, 0, 400, help="at most so many passes over the pictures; 0 chooses by their number"),
            batch_rows=Integer(0, 0, 4096, help="pictures in one step; 0 chooses by their number"),
            patience=Integer(0, 0, 100, help="stop after so many epochs without gain; 0 never"),
        ),
        portfolio=(
            {},
            {"flip": True},
            {"turn": 12.0, "shift": 0.1, "dropout": 0.2},
            {"width": 32, "flip": True, "turn": 8.0},
        ),
        cost=_cost,
        source="LeCun et al. 1989; Ioffe & Szegedy 2015; Smith 2018; alternating mirror images: Jordan 2024",
        summary="Pictures, where no pretrained network fits or none may be used.",
        traits=frozenset({Trait.WEIGHTS, Trait.EARLY_STOPPING, Trait.QUANTILES}),
        extra="deep",
    )

    matrices = (Matrix("layers/*/matrix", channel=1), Matrix("head/matrix", channel=1))

    _outputs: Outputs
    _mean: list[float]
    _spread: list[float]
    _pools: tuple[int, ...]
    _layers: list[tuple[Any, Any]]
    _head: tuple[Any, Any]

    def build(self, inputs: Inputs, target: Target, context: FitContext) -> torch.nn.Module:
        """See `Network.build`."""
        require_torch("The image network")
        from sevenfold.models.networks.modules.convolution import ConvolutionalNetwork

        images: Bytes = inputs[Form.IMAGES].values
        if min(images.shape[1:3]) < SMALLEST_SIDE:
            raise DataError(
                "The pictures are too small for a convolutional network.",
                f"{SMALLEST_SIDE} pixels a side or more",
                f"{images.shape[2]} x {images.shape[1]}",
                "Give the picture feature a larger size.",
            )
        sample = images[:: max(1, len(images) // 2000)].reshape(-1, images.shape[3]).astype(np.float32)
        self._mean = [float(value) for value in sample.mean(axis=0)]
        self._spread = [max(1.0, float(value)) for value in sample.std(axis=0)]
        self._outputs = Outputs.learn(target)
        widths, self._pools = _shape(self.params["width"], min(images.shape[1:3]))
        return ConvolutionalNetwork(
            self._mean, self._spread, widths, self._pools, self._outputs.units, self.params["dropout"]
        )

    def lesson(self, inputs: Inputs, target: Target, context: FitContext) -> Lesson:
        """See `Network.lesson`."""
        loss, quantile = self._outputs.loss(context)
        augment = {name: float(self.params[name]) for name in ("flip", "shift", "turn") if self.params[name]}
        return Lesson(
            loss=loss,
            optimizer={"name": "sgd", "rate": self.params["rate"], "decay": self.params["decay"], "momentum": 0.9},
            epochs=_epochs(self.params["epochs"], inputs.rows),
            batch_rows=_batch_rows(self.params["batch_rows"], inputs.rows),
            schedule="linear",
            warmup=0.2,
            patience_epochs=self.params["patience"],
            label_smoothing=self.params["label_smoothing"] if target.classes else 0.0,
            gradient_norm=5.0,
            quantile=quantile,
            augment=augment,
        )

    def arrays(self, inputs: Inputs) -> tuple[np.ndarray[Any, Any], ...]:
        """The pictures as they are."""
        return (inputs[Form.IMAGES].values,)

    def labels(self, target: Target) -> np.ndarray[Any, Any]:
        """See `Network.labels`."""
        return self._outputs.labels(target)

    def learned(self, module: torch.nn.Module) -> None:
        """Keep convolutions and norms folded into matrices."""
        from sevenfold.models.networks.modules.convolution import ConvolutionalNetwork

        taught = cast(ConvolutionalNetwork, module)
        self._layers = [(matrix.numpy().copy(), bias.numpy().copy()) for matrix, bias in taught.folded()]
        weight, bias = taught.head.weight.detach().numpy(), taught.head.bias.detach().numpy()
        self._head = (np.ascontiguousarray(weight.T), bias.copy())

    def predict(self, inputs: Inputs) -> Floats:
        """See `Model.predict`; needs no torch. Pictures mirrored in training are seen both ways."""
        images: Bytes = inputs[Form.IMAGES].values
        height, width = images.shape[1:3]
        largest = max(matrix.shape[0] for matrix, _ in self._layers[:3]) * (height * width // 4) * 4
        chunk = max(1, CHUNK_BYTES // largest)
        parts = []
        for start in range(0, len(images), chunk):
            some = images[start : start + chunk]
            logits = self._forward(some)
            if self.params["flip"]:
                logits = (logits + self._forward(some[:, :, ::-1])) / 2
            parts.append(logits)
        empty = np.empty((0, self._outputs.units), np.float32)
        return self._outputs.predictions(np.concatenate(parts) if parts else empty)

    def _forward(self, images: Bytes) -> Any:
        mean, spread = np.asarray(self._mean, np.float32), np.asarray(self._spread, np.float32)
        hidden = (images.astype(np.float32) - mean) / spread
        for number, (matrix, bias) in enumerate(self._layers):
            hidden = _convolve(hidden, matrix, bias, stride=2 if number == 0 else 1)
            if number in self._pools:
                hidden = _halve(hidden)
        features = hidden.reshape(len(hidden), -1, hidden.shape[3]).mean(axis=1)
        # One product a picture, of one shape whatever the number of pictures: results do not depend on company.
        return (features[:, None, :] @ self._head[0])[:, 0, :] + self._head[1]

    def state(self) -> State:
        """See `Model.state`."""
        return {
            "outputs": self._outputs.state(),
            "mean": self._mean,
            "spread": self._spread,
            "pools": list(self._pools),
            "layers": [{"matrix": matrix, "bias": bias} for matrix, bias in self._layers],
            "head": {"matrix": self._head[0], "bias": self._head[1]},
        }

    def restore(self, state: State) -> None:
        """See `Model.restore`."""
        self._outputs = Outputs.restored(state["outputs"])
        self._mean, self._spread = list(state["mean"]), list(state["spread"])
        self._pools = tuple(state["pools"])
        self._layers = [(layer["matrix"], layer["bias"]) for layer in state["layers"]]
        self._head = (state["head"]["matrix"], state["head"]["bias"])


def _convolve(pictures: Any, matrix: Any, bias: Any, stride: int) -> Any:
    """Rectified 3 x 3 convolution of (rows, height, width, channels), one matrix product for each picture."""
    rows, height, width, channels = pictures.shape
    padded = np.zeros((rows, height + 2, width + 2, channels), np.float32)
    padded[:, 1:-1, 1:-1] = pictures
    down, across = -(-height // stride), -(-width // stride)
    along = padded.strides
    # Each of a patch's three lines is one run of memory: three pixels with their channels.
    patches = np.lib.stride_tricks.as_strided(
        padded,
        (rows, down, across, 3, 3 * channels),
        (along[0], along[1] * stride, along[2] * stride, along[1], along[3]),
        writeable=False,
    )
    product = np.ascontiguousarray(patches).reshape(rows, down * across, 9 * channels) @ matrix
    product += bias
    np.maximum(product, 0.0, out=product)
    return product.reshape(rows, down, across, -1)


def _halve(pictures: Any) -> Any:
    """Maximum of each 2 x 2 square; an odd last row or column is left out."""
    height, width = pictures.shape[1] // 2 * 2, pictures.shape[2] // 2 * 2
    upper, lower = pictures[:, 0:height:2, :width], pictures[:, 1:height:2, :width]
    taller = np.maximum(upper, lower)
    return np.maximum(taller[:, :, 0::2], taller[:, :, 1::2])
