"""The support vector machine with a Gaussian kernel."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.compiled import RowInputs, RowPredictor
from sevenfold.core.errors import BundleError
from sevenfold.core.inputs import Form, Inputs
from sevenfold.core.int8 import Matrix
from sevenfold.core.model import Cost, Estimator, FitContext, FitInfo, ModelSpec, Size, Trait, Valid
from sevenfold.core.space import Real, Space
from sevenfold.core.state import State
from sevenfold.core.task import Goal, Target
from sevenfold.models.cost import cost_of
from sevenfold.models.fitting import equal_or, learnable
from sevenfold.models.linear.base import present_classes, row_spread_out, spread_out, truth_of
from sevenfold.models.linear.descent import minimise
from sevenfold.models.linear.design import Design
from sevenfold.models.linear.losses import squared_hinge, squared_tube
from sevenfold.models.platt import fit_sigmoids, inner_split, prior_sigmoids
from sevenfold.models.probabilities import row_sigmoid, row_softmax, sigmoid, softmax, two_columns
from sevenfold.models.scaling import Scaling
from sevenfold.models.svm.kernel import CHUNK_CELLS, Blocks, Kernel, squared_distances, widest_block
from sevenfold.models.svm.pairs import Pairs, solvable, usually_solvable

# Up to here the dual is solved exactly (its time grows with rows²); beyond, landmarks stand in for the kernel.
_EXACT_ROWS = 2500
_LANDMARKS = 400
_GAMMA_ROWS = 500


@dataclass(frozen=True)
class Expansion:
    """Scores as sums of kernels: (points, columns), (outputs, points) weights and (outputs,) intercepts."""

    points: Floats
    weights: Floats
    intercept: Floats
    truncated: bool = False

    def raised(self, slope: float, shifts: Floats) -> Expansion:
        """The same with its scores multiplied and shifted."""
        return replace(self, weights=self.weights * slope, intercept=self.intercept * slope + shifts)

    def scores(self, values: Floats, gamma: float) -> Floats:
        """(rows, outputs); a row's do not depend on the others."""
        kernel, weights = self._kernel(gamma), self._weights
        result = np.empty((len(values), len(weights)))
        step = max(1, CHUNK_CELLS // weights.shape[1])
        for start in range(0, len(values), step):
            part = np.ascontiguousarray(values[start : start + step])
            if kernel is None:
                near = self._blocks.spread(np.exp(-gamma * squared_distances(part, self.points)))
            else:
                near = kernel.near(part)
            for output, row in enumerate(weights):
                result[start : start + step, output] = np.add.reduce(near * row, axis=1)
        result += self.intercept
        return result

    def _kernel(self, gamma: float) -> Kernel | None:
        if gamma not in self._kernels:
            self._kernels[gamma] = Kernel.of(self.points, gamma, self._blocks)
        return self._kernels[gamma]

    @cached_property
    def _kernels(self) -> dict[float, Kernel | None]:
        """By gamma."""
        return {}

    @cached_property
    def _blocks(self) -> Blocks:
        return Blocks.of([len(self.points)], widest_block(self.points.shape[1]))

    @cached_property
    def _weights(self) -> Floats:
        """(outputs, places of all blocks)."""
        return self._blocks.spread(self.weights)

    def state(self) -> State:
        """What was learned, as data."""
        return {"points": self.points, "weights": self.weights, "intercept": self.intercept}

    @classmethod
    def restored(cls, state: State, outputs: int) -> Expansion:
        """What `state` gave.

        Raises:
            BundleError: parts that do not fit each other.
        """
        points, weights = np.asarray(state["points"], float), np.asarray(state["weights"], float)
        if points.ndim != 2 or weights.shape != (outputs, len(points)):
            raise BundleError("A stored SVM is damaged.", f"weights ({outputs}, {len(points)})", str(weights.shape))
        return cls(points, weights, np.asarray(state["intercept"], float))


class GaussianSVM(Estimator):
    """The widest margin in the space of a Gaussian kernel. Several classes: between each two of them. Beyond some
    thousand rows, of the two largest of several classes, through a Nyström map."""

    spec = ModelSpec(
        name="svm_rbf",
        title="SVM, Gaussian kernel",
        solves=frozenset({Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION}),
        accepts=frozenset({Form.NUMBERS}),
        space=Space(
            C=Real(1.0, 1e-2, 1e3, log=True, help="trust in the rows: larger bends the border more"),
            width=Real(1.0, 0.05, 20.0, log=True, help="reach of a row; 1 is the median distance of two rows"),
        ),
        portfolio=({}, {"C": 10.0}, {"C": 30.0, "width": 0.5}),
        cost=lambda _, size: _cost(size),
        source="Cortes and Vapnik 1995; Williams and Seeger, Using the Nyström Method, NIPS 2000",
        summary="Smooth curved borders on small and middle-sized tables of numbers.",
        traits=frozenset({Trait.WEIGHTS}),
        usual={Goal.MULTICLASS: {"C": 10.0, "width": 0.7}},
    )
    matrices = (Matrix("points", channel=1), Matrix("weights"), Matrix("dual"))

    def fit(self, inputs: Inputs, target: Target, valid: Valid | None, context: FitContext) -> FitInfo:
        """Standardise, choose the kernel's width, and learn; `valid` is not looked at."""
        inputs, target = learnable(self.spec, inputs, target, context)
        self.scaling = Scaling.of(inputs[Form.NUMBERS].values, target.weights)
        values = self.scaling.apply(inputs[Form.NUMBERS].values)
        self.classes = target.classes
        self.present, target = present_classes(target)
        self.gamma = self._gamma(values, context.stream)
        if not target.goal.is_classification:
            self.expansion: Expansion | Pairs = self._learn(values, target, context)
            return FitInfo(truncated=self.expansion.truncated)
        split = inner_split(target, context.stream)
        if split is not None:
            learning, held = split
            inner = self._learn(values[learning], target.take(learning), context)
            slope, shifts = fit_sigmoids(inner.scores(values[held], self.gamma), target.take(held))
        found = self._learn(values, target, context)
        if split is None:
            slope, shifts = prior_sigmoids(found.scores(values, self.gamma), target)
        self.expansion = found.raised(slope, shifts)
        return FitInfo(truncated=found.truncated, notes={"points": len(found.points)})

    def predict(self, inputs: Inputs) -> Floats:
        """See `Model.predict`."""
        scores = self.expansion.scores(self.scaling.apply(inputs[Form.NUMBERS].values), self.gamma)
        if not self.classes:
            return scores[:, 0]
        known = two_columns(sigmoid(scores[:, 0])) if len(self.present) == 2 else softmax(scores)
        return spread_out(known, self.present, self.classes)

    def row_predictor(self) -> RowPredictor:
        """See `Model.row_predictor`; each pair of rows has a kernel of its own already."""
        scale, scores_of, gamma, classes = self.scaling.row(), self.expansion.scores, self.gamma, self.classes
        present = self.present.tolist()

        def predict(row: RowInputs) -> list[float]:
            scores = scores_of(scale(row.numbers)[None, :], gamma)[0].tolist()
            if not classes:
                return list(scores)
            if len(present) == 2:
                positive = row_sigmoid(scores[0])
                return row_spread_out([1.0 - positive, positive], present, classes)
            return row_spread_out(row_softmax(scores), present, classes)

        return predict

    def state(self) -> State:
        """What was learned, as data."""
        return {
            "scaling": self.scaling.state(),
            "gamma": self.gamma,
            "classes": self.classes,
            "present": self.present,
            **self.expansion.state(),
        }

    def restore(self, state: State) -> None:
        """Take over what `state` gave."""
        self.scaling = Scaling.restored(state["scaling"])
        self.gamma = float(state["gamma"])
        self.classes = int(state["classes"])
        self.present = np.asarray(state["present"], np.int64)
        outputs = len(self.present) if len(self.present) > 2 else 1
        self.expansion = Pairs.restored(state, outputs) if "dual" in state else Expansion.restored(state, outputs)
        columns = self.expansion.points.shape[1]
        if columns != len(self.scaling.mean):
            raise BundleError("A stored SVM is damaged.", f"{len(self.scaling.mean)} columns", str(columns))

    def _gamma(self, values: Floats, stream: np.random.Generator) -> float:
        some = values[stream.permutation(len(values))[:_GAMMA_ROWS]]
        distances = squared_distances(some, some)
        apart = distances[distances > 0]
        typical = float(np.median(apart)) if len(apart) else 1.0
        return 1.0 / (typical * self.params["width"] ** 2)

    def _learn(self, values: Floats, target: Target, context: FitContext) -> Expansion | Pairs:
        if len(self.present) > 2 and solvable(np.bincount(target.codes, minlength=target.classes)):
            weights = equal_or(target.weights, len(values))
            return Pairs.learned(values, target.codes, weights, self._exactly, target.classes)
        if len(values) <= _EXACT_ROWS:
            return self._exact(values, target)
        return self._nystrom(values, target, context)

    @property
    def _exactly(self) -> dict[str, Any]:
        """How scikit-learn is asked to solve it."""
        return {"C": self.params["C"], "kernel": "rbf", "gamma": self.gamma, "cache_size": 100, "max_iter": 200_000}

    def _exact(self, values: Floats, target: Target) -> Expansion:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.svm import SVC, SVR

        truth, shift, unit = truth_of(target)
        every = equal_or(target.weights, len(values))
        learned: list[tuple[Ints, Floats, float]] = []
        for output in range(truth.shape[1]):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                if target.goal.is_classification:
                    solver = SVC(**self._exactly).fit(values, truth[:, output] > 0, sample_weight=every)
                else:
                    solver = SVR(epsilon=0.05, **self._exactly).fit(values, truth[:, output], sample_weight=every)
            learned.append((solver.support_, solver.dual_coef_[0], float(solver.intercept_[0])))
        # The outputs share most of their support vectors: each is stored once.
        support = np.unique(np.concatenate([rows for rows, _, _ in learned])).astype(np.int64)
        weights = np.zeros((len(learned), len(support)))
        for output, (rows, dual, _) in enumerate(learned):
            weights[output, np.searchsorted(support, rows)] = dual
        intercept = np.array([end for _, _, end in learned])
        return Expansion(values[support].copy(), weights * unit, intercept * unit + shift)

    def _nystrom(self, values: Floats, target: Target, context: FitContext) -> Expansion:
        truth, shift, unit = truth_of(target)
        chosen = np.sort(context.stream.permutation(len(values))[:_LANDMARKS])
        points = values[chosen]
        eigenvalues, vectors = np.linalg.eigh(np.exp(-self.gamma * squared_distances(points, points)))
        kept = eigenvalues > 1e-9 * eigenvalues[-1]
        whiten = vectors[:, kept] / np.sqrt(eigenvalues[kept])
        mapped = np.exp(-self.gamma * squared_distances(values, points)) @ whiten
        loss = squared_hinge if target.goal.is_classification else squared_tube
        row_weights = equal_or(target.weights, len(values))
        l2 = 1.0 / (self.params["C"] * len(values))
        found = minimise(Design(mapped, None), truth, loss, row_weights, context.seconds_left, l2=l2, iterations=150)
        weights = found.weights @ whiten.T
        return Expansion(points, weights * unit, found.intercept * unit + shift, found.truncated)


def _cost(size: Size) -> Cost:
    if usually_solvable(size.rows, size.classes):
        solved = 3.5 * size.rows**2 * (4 + 0.3 * size.columns)
        answered = 0.25 * size.rows * (10_000 + 0.5 * size.rows * (4 + size.columns + size.classes))
        return cost_of(size, solved + answered, extra_bytes=100e6)
    if size.rows <= _EXACT_ROWS:
        return cost_of(size, 15.0 * size.rows**2 * (4 + 0.3 * size.columns) * size.classes)
    return cost_of(
        size,
        2.0 * size.rows * _LANDMARKS * (5 + 0.5 * size.columns + 150 * size.classes),
        extra_bytes=3.0 * 8 * size.rows * _LANDMARKS,
    )
