"""XGBoost's prediction of one row by another walk of its trees: the library's own call takes several times as long.

LightGBM's walk finds the leaves; what they hold is added up in float32 in the library's order, and bent by the same
functions of the C library that XGBoost calls. Sources: XGBoost's JSON schema; src/common/math.h.
"""

from __future__ import annotations

import ctypes
import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sevenfold.models.trees.as_lightgbm import Walk, as_booster
from sevenfold.models.trees.one_row import LEAF_PLACES, OneRow
from sevenfold.models.trees.widened import LARGEST, widened

if TYPE_CHECKING:
    import xgboost

Singles: TypeAlias = npt.NDArray[np.float32]

_MOST_NODES = 300_000  # writing and reading so many takes about half a second


@dataclass(frozen=True)
class Learned:
    """What a booster holds.

    Args:
        trees: thresholds compare with the column rounded to float32.
        base: (outputs,) what the trees are added to.
        outputs: trees belong to them in turns.
        columns: of a row.
        bend: makes predictions of sums.
    """

    trees: list[Walk]
    base: Singles
    outputs: int
    columns: int
    bend: _Identity


def learned_of(booster: xgboost.Booster) -> Learned | None:
    """What a booster has learned; None for a model that is of another make."""
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    kind = _BENDS.get(learner["objective"]["name"])
    model = learner["gradient_booster"].get("model", {})
    trees, owners = model.get("trees", []), model.get("tree_info", [])
    outputs = max(1, int(learner["learner_model_param"]["num_class"]))
    plain = all(not tree["categories"] and tree["tree_param"]["size_leaf_vector"] in ("0", "1") for tree in trees)
    if kind is None or not trees or not plain or owners != [*range(outputs)] * (len(trees) // outputs):
        return None
    if learner["gradient_booster"]["name"] != "gbtree" or sum(len(t["left_children"]) for t in trees) > _MOST_NODES:
        return None
    bend = kind()
    base = bend.margin(_base(learner["learner_model_param"]["base_score"], outputs))
    columns = int(learner["learner_model_param"]["num_feature"])
    return Learned([_walk(tree) for tree in trees], base, outputs, columns, bend)


def walker(booster: xgboost.Booster) -> Callable[[Sequence[float]], list[float]] | None:
    """A function from one row's columns to the booster's outputs; None for a model that is of another make."""
    learned = learned_of(booster)
    if learned is None:
        return None
    walks, base, bend, columns, outputs = learned.trees, learned.base, learned.bend, learned.columns, learned.outputs
    values = np.concatenate([walk.leaves for walk in walks]).astype(np.float32)
    starts = np.cumsum([0, *(len(walk.leaves) for walk in walks[:-1])])
    ask = OneRow(as_booster(walks, columns), columns, len(walks), LEAF_PLACES).array_asker()
    single = struct.Struct(f"{columns}f")
    total = np.add.accumulate

    def walked(row: Sequence[float]) -> list[float]:
        held = [v if -LARGEST <= v <= LARGEST or v != v else LARGEST if v > 0 else -LARGEST for v in row]
        places = ask(single.unpack(single.pack(*held))).astype(np.int64)
        places += starts
        added = np.empty((1 + len(walks) // outputs, outputs), dtype=np.float32)
        added[0] = base
        added[1:] = values[places].reshape(-1, outputs)
        return bend.predictions(total(added, axis=0, out=added)[-1])

    return walked


def totals_of(learned: Learned) -> tuple[tuple[Walk, ...], ...]:
    """The trees of each output with thresholds in float64, after a tree of one leaf that holds the base."""
    nothing = np.empty(0, np.int64)
    bases = [Walk(nothing, np.empty(0), nothing, nothing, np.empty(0, np.bool_), np.array([b])) for b in learned.base]
    trees = [replace(tree, threshold=widened(tree.threshold)) for tree in learned.trees]
    return tuple((bases[i], *trees[i :: learned.outputs]) for i in range(learned.outputs))


def _walk(tree: dict[str, Any]) -> Walk:
    left, right = np.array(tree["left_children"]), np.array(tree["right_children"])
    condition = np.array(tree["split_conditions"], dtype=np.float32)
    leaf = left < 0
    # Inner nodes and leaves are numbered apart, leaves by their complement.
    number = np.where(leaf, ~(np.cumsum(leaf) - 1), np.cumsum(~leaf) - 1)
    inner = ~leaf
    return Walk(
        np.array(tree["split_indices"])[inner],
        # "Less than" of float32 is "at most" the next smaller one.
        np.nextafter(condition[inner], np.float32(-np.inf)).astype(np.float64),
        number[left[inner]],
        number[right[inner]],
        np.array(tree["default_left"], dtype=bool)[inner],
        condition[leaf].astype(np.float64),
    )


def _base(text: str, outputs: int) -> Singles:
    told = np.atleast_1d(np.array(json.loads(text.lower()), dtype=np.float32))
    return np.full(outputs, told[0]) if len(told) == 1 else told


def _c(name: str) -> Callable[[float], float]:
    function: Any = getattr(ctypes.PyDLL(None), name)
    function.restype, function.argtypes = ctypes.c_float, [ctypes.c_float]
    return function


class _Identity:
    """Margins are predictions."""

    def margin(self, base: Singles) -> Singles:
        """The score that trees are added to."""
        return base

    def predictions(self, margins: Singles) -> list[float]:
        """Outputs of margins."""
        return list(margins.tolist())


class _Logistic(_Identity):
    """The probability of the positive class."""

    def __init__(self) -> None:
        self.exp, self.log = _c("expf"), _c("logf")

    def margin(self, base: Singles) -> Singles:
        """The log odds."""
        one = np.float32(1)
        return np.array([-self.log(float(one / share - one)) for share in base], dtype=np.float32)

    def predictions(self, margins: Singles) -> list[float]:
        """1 / (1 + exp(-margin)), the exponent held below 88.7."""
        one, raised = np.float32(1), np.float32(self.exp(min(-float(margins[0]), _HIGHEST_EXPONENT)))
        return [float(one / (raised + one + _EPSILON))]


class _Softmax(_Identity):
    """Probabilities of the classes."""

    def __init__(self) -> None:
        self.exp = _c("expf")

    def predictions(self, margins: Singles) -> list[float]:
        """Powers over their sum, which is added up in float64."""
        raised = [self.exp(margin) for margin in (margins - margins.max()).tolist()]
        total = 0.0
        for value in raised:
            total += value
        shares: list[float] = (np.array(raised, dtype=np.float32) / np.float32(total)).tolist()
        return shares


class _Log(_Identity):
    """Counts, learned as their logarithms."""

    def __init__(self) -> None:
        self.exp, self.log = _c("expf"), _c("logf")

    def margin(self, base: Singles) -> Singles:
        """Logarithms."""
        return np.array([self.log(float(value)) for value in base], dtype=np.float32)

    def predictions(self, margins: Singles) -> list[float]:
        """Powers."""
        return [self.exp(float(margins[0]))]


_HIGHEST_EXPONENT = float(np.float32(88.7))
_EPSILON = np.float32(1e-16)
_BENDS: dict[str, type[_Identity]] = {
    "binary:logistic": _Logistic,
    "multi:softprob": _Softmax,
    "count:poisson": _Log,
    "reg:squarederror": _Identity,
    "reg:absoluteerror": _Identity,
    "reg:quantileerror": _Identity,
}
