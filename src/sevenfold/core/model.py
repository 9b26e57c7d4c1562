"""The contract of a model: what it states about itself, and how it learns and predicts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.compiled import RowPredictor
from sevenfold.core.inputs import Form, Inputs
from sevenfold.core.int8 import Matrix
from sevenfold.core.space import Space
from sevenfold.core.state import State
from sevenfold.core.task import Goal, Target


class Trait(StrEnum):
    """What a model can do beyond fit and predict. Each trait stated is tested."""

    WEIGHTS = "weights"  # respects sample weights
    MISSING = "missing"  # takes NaN in NUMBERS and -1 in CATEGORIES
    EARLY_STOPPING = "early stopping"  # uses `valid` to choose its number of rounds
    SCALE_FREE = "scale free"  # unmoved by monotone changes of a number
    LINEAR = "linear"  # a weighted sum: wants scaled, encoded, expanded inputs
    INTERPRETABLE = "interpretable"  # a person can read the whole model
    QUANTILES = "quantiles"  # regression objective 'quantile' and 'median'
    COUNTS = "counts"  # regression objective 'counts' (Poisson)
    TREES = "trees"  # splits on thresholds
    RATINGS = "ratings"  # a recommender whose predictions are ratings in their own unit
    BASELINE = "baseline"  # a yardstick, never the winner


@dataclass(frozen=True)
class Size:
    """How large a fit is, for cost estimates."""

    rows: int
    columns: int
    classes: int = 1  # models fitted side by side: 1 for binary and regression
    threads: int = 1


@dataclass(frozen=True)
class Cost:
    """An estimate, on one core of an ordinary machine."""

    seconds: float
    memory_bytes: float


@dataclass(frozen=True)
class ModelSpec:
    """What a model states about itself; tuner, CLI, docs and contract tests read it.

    Args:
        name: catalogue name.
        title: as people write it.
        solves: goals it can reach.
        accepts: forms of inputs it can take; needs at least one of them.
        space: hyperparameters with defaults, ranges and help.
        portfolio: tuned starting points, best first; each holds only what differs from the defaults.
        usual: for some goals, values that starting points take in place of the defaults.
        cost: estimate of one fit for given parameters and size.
        source: paper.
        summary: when to choose it, one sentence.
        traits: see `Trait`.
        extra: extra that must be installed, if any.
    """

    name: str
    title: str
    solves: frozenset[Goal]
    accepts: frozenset[Form]
    space: Space
    portfolio: tuple[Mapping[str, Any], ...]
    cost: Callable[[Mapping[str, Any], Size], Cost]
    source: str
    summary: str
    traits: frozenset[Trait] = field(default_factory=frozenset)
    extra: str | None = None
    usual: Mapping[Goal, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Valid:
    """Rows held out of the fit, for early stopping and for choosing rounds; never for learning weights."""

    inputs: Inputs
    target: Target


@dataclass(frozen=True)
class FitContext:
    """What a fit may use.

    Args:
        stream: the fit's own random stream; the only source of randomness.
        threads: threads it may start.
        seconds_left: asked at any time; a fit that can stop early does so before it reaches 0.
        metric: name of the metric the run optimises, for models that stop early on it.
        objective: regression objective ("mean", "median", "quantile", "counts").
        quantile: the quantile, for objective "quantile".
        rounds: fixed number of boosting rounds or epochs, learned from the folds, for a refit without `valid`.
        device: "cpu" or "cuda", for networks.
        checkpoint: folder where a long fit keeps its progress, or None.
    """

    stream: np.random.Generator
    threads: int = 1
    seconds_left: Callable[[], float] = lambda: float("inf")
    metric: str = ""
    objective: str = "mean"
    quantile: float = 0.5
    rounds: int | None = None
    device: str = "cpu"
    checkpoint: str | None = None


@dataclass(frozen=True)
class FitInfo:
    """What a fit reports.

    Args:
        rounds: boosting rounds or epochs kept, where the model has any.
        truncated: stopped by the clock rather than by its own rule.
        notes: anything else worth a line in the journal, as plain data.
    """

    rounds: int | None = None
    truncated: bool = False
    notes: Mapping[str, Any] = field(default_factory=dict)


class Model(ABC):
    """Base of `Estimator` (learns by itself) and `Network` (taught by the one loop in `training`)."""

    spec: ClassVar[ModelSpec]
    matrices: ClassVar[tuple[Matrix, ...]] = ()
    """Large matrices of `state`, which may be stored in eight bits: `restore` is then given them rounded."""

    def __init__(self, **params: Any) -> None:
        self.params = self.spec.space.resolve(params)

    @abstractmethod
    def predict(self, inputs: Inputs) -> Floats:
        """Predictions: (rows,) for regression and recommendation, (rows, classes) probabilities that sum to 1
        for classification (two columns for binary). Finite for every finite or missing input. One row by
        itself gives, bit for bit, what the same row gives within a batch."""

    @abstractmethod
    def state(self) -> State:
        """What was learned, as data."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Take over what `state` gave; afterwards `predict` gives the same, bit for bit."""

    def row_predictor(self) -> RowPredictor | None:
        """How one row is predicted quickly, bit for bit as `predict` does; None where there is no quicker way.

        Asked after `fit` or `restore`.
        """
        return None

    def row_predictors(self) -> Iterator[RowPredictor]:
        """Every way of predicting one row quickly; where there are several, whoever compiles the model tries and times
        them on the machine it runs on."""
        found = self.row_predictor()
        if found is not None:
            yield found


class Estimator(Model):
    """A model that learns by itself."""

    @abstractmethod
    def fit(self, inputs: Inputs, target: Target, valid: Valid | None, context: FitContext) -> FitInfo:
        """Learn. `target.values` is (rows,); class indices for classification.

        Raises:
            DataError: the inputs cannot be learned from (say, one class only).
        """


@dataclass(frozen=True)
class Batches:
    """Rows that do not fit into memory together.

    Args:
        sizes: rows of each batch.
        parts: goes through the batches, in order; may be asked for again.
    """

    sizes: tuple[int, ...]
    parts: Callable[[], Iterator[tuple[Inputs, Target]]]

    @property
    def rows(self) -> int:
        """Rows in all."""
        return sum(self.sizes)


class Batched(Estimator):
    """An estimator that can learn from batches, holding each row in a few bytes."""

    @abstractmethod
    def fit_batches(self, inputs: Inputs, target: Target, batches: Batches, context: FitContext) -> FitInfo:
        """Learn `context.rounds` rounds from the batches.

        Args:
            inputs, target: a sample of the rows, from which bins and units are learned.
        """


class Recommender(Estimator):
    """An estimator that also ranks. Its IDS block has two columns: user, item."""

    @abstractmethod
    def rank(self, users: np.ndarray[Any, np.dtype[np.int32]]) -> Floats:
        """Scores of every known item for each user: (users, items); -1 is an unknown user.

        Items that the user has in the training rows score -inf.
        """
