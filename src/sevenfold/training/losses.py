"""Losses by name. Each is a sum over rows and a count, so that batches and devices can be added up rightly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from sevenfold.core.errors import unknown_name
from sevenfold.core.network import Lesson

if TYPE_CHECKING:
    from torch import Tensor

Rows: TypeAlias = "Callable[[Tensor, Tensor, Lesson, float], Tensor]"


def _cross_entropy(output: Tensor, labels: Tensor, lesson: Lesson, smoothing: float) -> Tensor:
    from torch.nn import functional

    return functional.cross_entropy(output, labels, reduction="none", label_smoothing=smoothing)


def _squared(output: Tensor, labels: Tensor, lesson: Lesson, smoothing: float) -> Tensor:
    return (output[:, 0] - labels).square()


def _quantile(output: Tensor, labels: Tensor, lesson: Lesson, smoothing: float) -> Tensor:
    gap = labels - output[:, 0]
    return (lesson.quantile * gap).maximum((lesson.quantile - 1.0) * gap)


def _poisson(output: Tensor, labels: Tensor, lesson: Lesson, smoothing: float) -> Tensor:
    return output[:, 0].exp() - labels * output[:, 0]


LOSSES: dict[str, Rows] = {
    "cross-entropy": _cross_entropy,
    "squared": _squared,
    "quantile": _quantile,
    "poisson": _poisson,
}
"""Loss of each row, by name. "quantile" at 0.5 is half the absolute error; "poisson" expects the mean's logarithm."""


def loss_sum(
    output: Tensor, labels: Tensor, weights: Tensor | None, lesson: Lesson, smoothing: bool
) -> tuple[Tensor, Tensor]:
    """The weighted sum of the rows' losses, and the sum of their weights.

    Args:
        output: (rows, outputs), logits or values.
        labels: (rows,).
        weights: (rows,) or None for ones.
        lesson: names the loss.
        smoothing: whether labels are smoothed: in training, not when measured.
    Raises:
        RequestError: unknown name.
    """
    if lesson.loss not in LOSSES:
        raise unknown_name("Loss", lesson.loss, LOSSES)
    rows = LOSSES[lesson.loss](output.float(), labels, lesson, lesson.label_smoothing if smoothing else 0.0)
    if weights is None:
        return rows.sum(), rows.new_tensor(float(len(rows)))
    return (rows * weights).sum(), weights.sum()
