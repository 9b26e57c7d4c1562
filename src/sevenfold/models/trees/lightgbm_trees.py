"""LightGBM's trees as its text states them, and how it makes predictions of their sums.

Source: LightGBM, src/io/tree.cpp (Tree::ToString), include/LightGBM/tree.h (decisions), src/objective (links).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.models.trees.as_lightgbm import Walk

_CATEGORICAL, _LEFT_WHEN_MISSING = 1, 2  # bits of a decision type
_MISSING, _NONE, _NAN = 12, 0, 8  # what counts as missing
_LARGEST_EXPONENT = 709.0


def link_of(objective: str) -> Callable[[list[float]], list[float]] | None:
    """From sums to what the library predicts; None for an objective that is not known here."""
    if re.fullmatch(r"regression|regression_l1|quantile( .*)?", objective):
        return list
    if objective == "poisson":
        return lambda sums: [_exp(sums[0])]
    if objective == "binary sigmoid:1":
        return lambda sums: [1.0 / (1.0 + _exp(-sums[0]))]
    if re.fullmatch(r"multiclass num_class:[0-9]+", objective):
        return _softmax
    return None


def _exp(value: float) -> float:
    return math.exp(value) if value <= _LARGEST_EXPONENT else math.inf


def _softmax(sums: list[float]) -> list[float]:
    highest = max(sums)
    raised = [math.exp(value - highest) for value in sums]
    total = 0.0
    for value in raised:
        total += value
    return [value / total for value in raised]


def trees_of(text: str) -> tuple[str, int, list[Walk]] | None:
    """Objective, number of sums and trees, which belong to the sums in turns; None where trees have linear leaves,
    zeros count as missing, or leaves are averaged."""
    head, *parts = re.split(r"\nTree=[0-9]+\n", text[: text.index("\nend of trees")])
    told = dict(line.partition("=")[::2] for line in head.split("\n"))
    if "average_output" in told or not parts:
        return None
    trees = []
    for part in parts:
        tree = _tree(dict(line.partition("=")[::2] for line in part.split("\n") if line))
        if tree is None:
            return None
        trees.append(tree)
    return told.get("objective", ""), int(told["num_tree_per_iteration"]), trees


def _tree(told: dict[str, str]) -> Walk | None:
    if told.get("is_linear", "0") != "0":
        return None
    leaves = _numbers(told["leaf_value"])
    if int(told["num_leaves"]) == 1:
        nothing = np.empty(0, np.int64)
        return Walk(nothing, np.empty(0), nothing, nothing, np.empty(0, np.bool_), leaves[:1])
    kind, threshold = _integers(told["decision_type"]), _numbers(told["threshold"])
    missing, by_code = kind & _MISSING, (kind & _CATEGORICAL) > 0
    if not (((missing == _NONE) | (missing == _NAN)) | by_code).all():
        return None
    # Where the library takes nothing for missing, NaN counts as 0.
    missing_left = np.where(missing == _NAN, (kind & _LEFT_WHEN_MISSING) > 0, threshold >= 0.0) & ~by_code
    sets = {}
    if by_code.any():
        limits, words = _integers(told["cat_boundaries"]), _integers(told["cat_threshold"])
        for node in np.flatnonzero(by_code).tolist():
            number = int(threshold[node])
            own = words[limits[number] : limits[number + 1]].astype("<u4").view(np.uint8)
            sets[node] = np.flatnonzero(np.unpackbits(own, bitorder="little"))
    left, right = _integers(told["left_child"]), _integers(told["right_child"])
    return Walk(_integers(told["split_feature"]), threshold, left, right, missing_left, leaves, sets)


def _numbers(text: str) -> Floats:
    return np.array(text.split(), dtype=np.float64)


def _integers(text: str) -> Ints:
    return np.array(text.split(), dtype=np.int64)
