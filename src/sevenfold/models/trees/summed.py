"""What a model of boosted trees says of itself so that the trees of several models can be walked together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from sevenfold.models.trees.as_lightgbm import Walk


@dataclass(frozen=True)
class Sums:
    """A prediction of one row as sums of leaves.

    Args:
        totals: the trees of each sum, in the order in which their leaves are added up. Columns are those of
            `table.tree_table`; a code below 0 counts as NaN.
        single: added up in float32; else in float64.
        finish: from the sums to what a row predictor gives.
    """

    totals: tuple[tuple[Walk, ...], ...]
    single: bool
    finish: Callable[[list[float]], list[float]]


class SummedTrees(ABC):
    """A model whose prediction rests on sums of trees' leaves."""

    @abstractmethod
    def row_sums(self) -> Sums | None:
        """The fitted model as sums; None where it is of a make that is not known here."""
