"""What decision trees and forests share: learned by scikit-learn, stored and walked as flat arrays."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.compiled import RowInputs, RowPredictor
from sevenfold.core.errors import BundleError, DataError
from sevenfold.core.inputs import Form, Inputs
from sevenfold.core.model import Cost, Estimator, FitContext, FitInfo, Size, Valid
from sevenfold.core.space import Choice, Integer
from sevenfold.core.state import State
from sevenfold.core.task import Goal, Target
from sevenfold.models.balance import balanced, class_weights, row_undo, undo
from sevenfold.models.cost import cost_of
from sevenfold.models.fitting import learnable
from sevenfold.models.linear.base import present_classes, row_spread_out, spread_out
from sevenfold.models.probabilities import normalised, row_normalised, two_columns
from sevenfold.models.trees.flat import FlatTree, FlatTrees
from sevenfold.models.trees.table import in_float32
from sevenfold.models.trees.unit import Unit

_MOST_BYTES = 20e6
_MOST_LEAVES = 300_000  # of several classes; twice as many nodes are what `FlatTrees.row_mean` still compiles
_ENOUGH_TREES = 50
_PURE = 3.0  # how many times fewer leaves than rows allow pure classes may end in

TREES = Integer(100, 10, 500, log=True, help="trees; more are steadier and larger")
MIN_LEAF_ROWS = Integer(
    3,
    1,
    100,
    log=True,
    help="rows that a leaf must hold; the search starts from 1 with several classes, from 2 for numbers",
)
COLUMN_SHARE = Choice(
    "auto",
    ("auto", "root", 0.3, 0.6, 1.0),
    "columns tried at a split: their root, a share; auto: root, for numbers 0.6",
)


class Forest(Estimator):
    """Base of a tree and of the mean of many."""

    @abstractmethod
    def learner(self, classifies: bool, seed: int, min_leaf_rows: int, context: FitContext) -> Any:
        """A scikit-learn forest with `warm_start`, or a tree."""

    def fit(self, inputs: Inputs, target: Target, valid: Valid | None, context: FitContext) -> FitInfo:
        """Grow trees, fewer where the clock ends; `valid` is not looked at."""
        inputs, target = learnable(self.spec, inputs, target, context)
        table = in_float32(inputs[Form.NUMBERS].values)
        if table.shape[1] == 0:
            raise DataError(f"{self.spec.title} is given no column.", "at least one column", "none")
        classifies = target.goal.is_classification
        self.goal, self.classes = target.goal, target.classes
        self.unit = Unit.of(target, context.objective)
        self.present, target = present_classes(target)
        self.factors = class_weights(target, self.params.get("class_weight"))
        target = balanced(target, self.factors)
        outputs = max(1, len(self.present) - 1) if len(self.present) <= 2 else len(self.present)
        seed = int(context.stream.integers(2**31 - 1))
        answers = target.codes if classifies else self.unit.apply(target.values)
        grown: list[FlatTree] = []
        first = 1 if len(self.present) == 2 else 0
        for leaf_rows, most in _sizes(self.params, len(target), outputs):
            learner = self.learner(classifies, seed, leaf_rows, context)
            copy = partial(FlatTree.of, columns=table.shape[1], first_output=first)
            grown = _grow(learner, table, answers, target.weights, self.params.get("trees"), context, most, copy)
            if grown:
                break
        self.trees = FlatTrees.joined(grown, table.shape[1])
        # Unanimous trees are not certain: as much doubt is left as one more vote for every class alike.
        self.doubt = 1.0 / (1.0 + len(grown) * leaf_rows)
        return FitInfo(truncated=len(grown) < self.params.get("trees", 1), notes={"trees": len(grown)})

    def predict(self, inputs: Inputs) -> Floats:
        """See `Model.predict`."""
        means = self.trees.mean(inputs[Form.NUMBERS].values)
        if self.goal is Goal.REGRESSION:
            return self.unit.invert(means[:, 0])
        known = two_columns(means[:, 0]) if len(self.present) == 2 else means
        known = normalised(known * (1.0 - self.doubt) + self.doubt / len(self.present))
        return spread_out(undo(known, self.factors), self.present, self.classes)

    def row_predictor(self) -> RowPredictor | None:
        """See `Model.row_predictor`."""
        mean = self.trees.row_mean()
        if mean is None:
            return None
        regression, doubt, factors, classes = self.goal is Goal.REGRESSION, self.doubt, self.factors, self.classes
        size, shift, present = self.unit.size, self.unit.shift, self.present.tolist()
        kept, spread = 1.0 - doubt, doubt / max(1, len(present))

        def predict(row: RowInputs) -> list[float]:
            means = mean(row.numbers)
            if regression:
                return [means[0] * size + shift]
            known = [1.0 - means[0], means[0]] if len(present) == 2 else means
            known = row_normalised([value * kept + spread for value in known])
            return row_spread_out(row_undo(known, factors), present, classes)

        return predict

    def state(self) -> State:
        """What was learned, as data."""
        return {
            "trees": self.trees.state(),
            "goal": str(self.goal),
            "classes": self.classes,
            "present": self.present,
            "shift": self.unit.shift,
            "size": self.unit.size,
            "factors": self.factors,
            "doubt": self.doubt,
        }

    def restore(self, state: State) -> None:
        """Take over what `state` gave."""
        self.goal, self.classes = Goal(state["goal"]), int(state["classes"])
        self.present = np.asarray(state["present"], np.int64)
        self.unit = Unit(float(state["shift"]), float(state["size"]))
        self.factors, self.doubt = state["factors"], float(state["doubt"])
        self.trees = FlatTrees.restored(state["trees"])
        outputs = len(self.present) if len(self.present) > 2 else 1
        if self.trees.values.shape[1] != outputs:
            raise BundleError("Stored trees are damaged.", f"{outputs} outputs", str(self.trees.values.shape[1]))


def forest_cost(params: Mapping[str, Any], size: Size, nanoseconds: float) -> Cost:
    """Rows times columns tried times depth, for each tree; an exact split sorts what it looks at.

    Args:
        params: of the forest or tree.
        size: of the fit.
        nanoseconds: for one row, column and level of depth.
    """
    share = params.get("column_share", 1.0)
    tried = math.sqrt(size.columns) if share in ("auto", "root") else max(1.0, share * size.columns)
    depth = math.log2(max(4, size.rows))
    if "depth" in params:
        depth = min(depth, params["depth"])
    trees = params.get("trees", 1)
    work = nanoseconds * size.rows * (tried + 1) * depth * trees
    return cost_of(size, work + 300_000 * trees, parallel=trees > 1, extra_bytes=_MOST_BYTES)


def columns_tried(share: Any, classifies: bool) -> Any:
    """`max_features` of scikit-learn for a value of COLUMN_SHARE."""
    if share == "auto":
        return "sqrt" if classifies else 0.6
    return "sqrt" if share == "root" else share


def _sizes(params: Mapping[str, Any], rows: int, outputs: int) -> Iterator[tuple[int, float]]:
    """Rows that a leaf must hold, and the most leaves of all trees: first as asked for, where classes may be so pure
    that fewer leaves come out than the rows would allow; then raised until no forest becomes too large to ship."""
    wanted, trees = min(params["min_leaf_rows"], max(1, rows // 2)), params.get("trees", 1)
    # A leaf holds no more classes than rows, and only those are stored.
    bytes_a_leaf = 26 if outputs == 1 else 22 + 3 * min(outputs, 2 * wanted)
    most = _MOST_BYTES / bytes_a_leaf
    allowed = rows / (1.4 * wanted)
    if trees * allowed <= most:
        yield wanted, float("inf")
        return
    if outputs > 1 and trees > _ENOUGH_TREES and allowed * _ENOUGH_TREES < _PURE * _MOST_LEAVES:
        yield wanted, min(most, _MOST_LEAVES)
    yield max(wanted, min(max(1, rows // 2), math.ceil(rows * trees / (1.4 * most)))), float("inf")


def _grow(
    learner: Any,
    table: Any,
    answers: Any,
    weights: Any,
    trees: int | None,
    context: FitContext,
    most_leaves: float,
    copy: Callable[[Any], FlatTree],
) -> list[FlatTree]:
    """Fitted trees, as many as there is time and room for; none where the room does not suffice for enough of them."""
    if trees is None:
        return [copy(learner.fit(table, answers, sample_weight=weights).tree_)]
    flat: list[FlatTree] = []
    started = time.monotonic()
    while len(flat) < trees:
        grown = len(flat)
        # The library draws each tree's seed in order: the steps taken do not change the forest.
        learner.n_estimators = min(trees, grown + max(context.threads, 4) * (1 if grown == 0 else 2))
        learner.fit(table, answers, sample_weight=weights)
        if grown == 0:
            first = learner.estimators_[:4]
            room = most_leaves * len(first) / sum(tree.tree_.n_leaves for tree in first)
            if room < min(trees, _ENOUGH_TREES):
                return []
            trees = int(min(trees, room))
        for tree in learner.estimators_[grown:]:
            flat.append(copy(tree.tree_))
            del tree.tree_  # with many classes some ten times larger than its copy; the library only counts its trees
        one_tree = (time.monotonic() - started) / len(flat)
        if context.seconds_left() < 2 * one_tree * max(context.threads, 4) * 2:
            break
    return flat
