"""Rows of arrays as tensors, handed out in batches without worker processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SHARE_OF_DEVICE = 0.25  # data that take less of a device's free memory are moved there once


@dataclass(frozen=True)
class Batch:
    """Some rows: what `forward` is given, what the loss compares with, their weights and their numbers."""

    inputs: tuple[Tensor, ...]
    labels: Tensor
    weights: Tensor | None
    rows: Tensor


class Rows:
    """All rows of a training, as tensors that share the arrays' memory where they can.

    Args:
        arrays: rows first.
        labels: (rows,).
        weights: (rows,) or None; scaled to a mean of 1.
        device: where batches are wanted.
    """

    def __init__(
        self,
        arrays: Sequence[np.ndarray[Any, Any]],
        labels: np.ndarray[Any, Any],
        weights: Floats | None,
        device: torch.device,
    ) -> None:
        import torch

        self.device = device
        self._inputs = tuple(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays)
        self._labels = torch.from_numpy(np.ascontiguousarray(labels))
        self._weights = None
        if weights is not None:
            self._weights = torch.from_numpy((weights / max(weights.mean(), 1e-300)).astype(np.float32))
        if device.type == "cuda":
            total = sum(tensor.nbytes for tensor in self._inputs)
            if total < SHARE_OF_DEVICE * torch.cuda.mem_get_info(device)[0]:
                self._inputs = tuple(tensor.to(device) for tensor in self._inputs)
                self._labels = self._labels.to(device)
                self._weights = None if self._weights is None else self._weights.to(device)

    def __len__(self) -> int:
        return len(self._labels)

    def take(self, rows: np.ndarray[Any, Any]) -> Batch:
        """Some rows, on the device."""
        import torch

        chosen = torch.from_numpy(rows).to(self._labels.device)

        def pick(tensor: Tensor) -> Tensor:
            return tensor.index_select(0, chosen).to(self.device)

        weights = None if self._weights is None else pick(self._weights)
        return Batch(tuple(map(pick, self._inputs)), pick(self._labels), weights, chosen.to(self.device))

    def in_order(self, batch_rows: int) -> Iterator[Batch]:
        """Every row once, in order."""
        for start in range(0, len(self), batch_rows):
            yield self.take(np.arange(start, min(start + batch_rows, len(self))))
