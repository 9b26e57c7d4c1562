"""The contract of a feature: a typed converter, learned on training rows only."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from sevenfold.core.compiled import RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.int8 import Matrix
from sevenfold.core.space import Space
from sevenfold.core.state import State
from sevenfold.core.task import Target


@dataclass(frozen=True)
class FeatureSpec:
    """What a feature states about itself, beside its code.

    Args:
        name: catalogue name.
        takes: kinds of source columns it accepts (NUMBER also covers the numeric output of earlier steps).
        gives: form of its output.
        summary: one sentence for people.
        space: its parameters.
        uses_target: learns from the target; its training output is then cross-fitted.
        accepts_missing: can be given missing values.
        source: paper or reference.
        extra: extra that must be installed, if any.
    """

    name: str
    takes: frozenset[Kind]
    gives: Form
    summary: str
    space: Space = field(default_factory=Space)
    uses_target: bool = False
    accepts_missing: bool = True
    source: str = ""
    extra: str | None = None


class Feature(ABC):
    """A converter. Learned state exists only after `fit`, which sees training rows only.

    A row's output depends on that row and the learned state alone: one row transformed by itself equals,
    bit for bit, the same row within a batch.
    """

    spec: ClassVar[FeatureSpec]
    matrices: ClassVar[tuple[Matrix, ...]] = ()
    """Large matrices of `state`, which may be stored in eight bits: `restore` is then given them rounded."""

    def __init__(self, inputs: Sequence[str], **params: Any) -> None:
        self.inputs = tuple(inputs)
        self.params = self.spec.space.resolve(params)

    @abstractmethod
    def fit(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> Block:
        """Learn from training rows and return their output.

        Where `uses_target`, the output of each row comes from a fit that has not seen that row.

        Raises:
            DataError: the columns cannot be converted.
        """

    @abstractmethod
    def transform(self, columns: Columns) -> Block:
        """Convert new rows with what was learned: same names, same number of columns as `fit` gave."""

    @abstractmethod
    def state(self) -> State:
        """What was learned, as data."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Take over what `state` gave; afterwards `transform` gives the same, bit for bit."""

    def row_step(self) -> RowStep | None:
        """How one row is converted without data frames, bit for bit as `transform` does; None where that is not known.

        Asked after `fit` or `restore`.
        """
        return None
