"""The torch module of the multilayer perceptron; `models.networks.mlp` predicts the same without torch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from sevenfold.core.arrays import Floats


class Perceptron(nn.Module):
    """Numbers and categories, each embedded, through rectified layers to the outputs.

    Args:
        lower: (columns, bins) lower edges of each number's bins; no bins, no piecewise-linear embedding.
        width: (columns, bins) of the bins.
        levels: codes of each category, 0 for missing or unseen among them.
        sizes: length of each category's vector.
        hidden: units of each hidden layer.
        outputs: units at the end.
        numbers: number columns, missing flags included.
        dropout: share of units that are silenced in training.
        residual: whether each layer but the first adds to its input.
    """

    lower: Tensor
    width: Tensor

    def __init__(
        self,
        lower: Floats,
        width: Floats,
        levels: tuple[int, ...],
        sizes: tuple[int, ...],
        hidden: tuple[int, ...],
        outputs: int,
        numbers: int,
        dropout: float,
        residual: bool,
    ) -> None:
        super().__init__()
        self.register_buffer("lower", torch.from_numpy(lower.astype(np.float32)))
        self.register_buffer("width", torch.from_numpy(width.astype(np.float32)))
        self.embeddings = nn.ModuleList(nn.Embedding(n, k) for n, k in zip(levels, sizes, strict=True))
        for embedding in self.embeddings:
            nn.init.normal_(embedding.weight, std=0.1)  # type: ignore[arg-type]
            with torch.no_grad():
                embedding.weight[0] = 0.0  # type: ignore[operator]
        units = numbers + lower.size + sum(sizes)
        self.layers = nn.ModuleList()
        for size in hidden:
            layer = nn.Linear(units, size)
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
            self.layers.append(layer)
            units = size
        self.head = nn.Linear(units, outputs)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)
        self.dropout = nn.Dropout(dropout)
        self.residual = residual

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """(rows, outputs) from float32 (rows, columns) scaled numbers and int32 (rows, columns) codes from 0."""
        columns, bins = self.lower.shape
        parts = [numbers]
        if bins:
            pieces = ((numbers[:, :columns, None] - self.lower) / self.width).clamp(0.0, 1.0)
            parts.append(pieces.flatten(1))
        parts += [embedding(codes[:, number]) for number, embedding in enumerate(self.embeddings)]
        hidden = torch.cat(parts, dim=1)
        for number, layer in enumerate(self.layers):
            raised = self.dropout(torch.relu(layer(hidden)))
            hidden = hidden + raised if self.residual and number else raised
        return self.head(hidden)
