"""CatBoost's prediction of one row by arrays made from its exported trees: its own call builds a table each time.

A tree is symmetric: level d asks one question of the row, and the answers, as bits, number the leaf. Sources:
CatBoost's JSON export, and the reference code of its Python export; Prokhorenkova et al. 2018, section 4.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.models.trees.as_lightgbm import Walk
from sevenfold.models.trees.catboost_questions import Questions, hashes_of, splits_of
from sevenfold.models.trees.table_exponential import exponential
from sevenfold.models.trees.widened import widened

Answers: TypeAlias = Callable[[list[float], list[int]], list[float]]
"""From numbers and codes of one row to the scores of its outputs."""

_MOST_BYTES = 30e6  # of the export, which takes a second to read


@dataclass(frozen=True)
class Symmetric:
    """A booster's symmetric trees.

    Args:
        questions: that are asked.
        asked: (trees, levels) number of the question at each level; -1 where a tree has no such level.
        starts: (trees,) first leaf of each.
        leaves: (leaves, outputs).
        scale, bias: of the sums.
    """

    questions: Questions
    asked: Ints
    starts: Ints
    leaves: Floats
    scale: float
    bias: tuple[float, ...]

    @classmethod
    def of(cls, learner: Any, words: Sequence[str]) -> Symmetric | None:
        """The trees of a fitted or loaded `catboost.CatBoost`; None for a model with what is not known here.

        Args:
            learner: has them.
            words: what the codes -1, 0, 1, ... are called; empty without categories.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.json"
            learner.save_model(str(path), format="json")
            if path.stat().st_size > _MOST_BYTES:
                return None
            model = json.loads(path.read_text(encoding="utf-8"))
        trees = model.get("oblivious_trees")
        if not trees:
            return None
        has_categories = bool(model["features_info"].get("categorical_features"))
        questions = Questions.of(model, hashes_of(learner, model, words) if has_categories else np.empty(0, np.uint64))
        if questions is None:
            return None
        scale, bias = model["scale_and_bias"]
        asked = np.full((len(trees), max(1, *(len(splits_of(tree)) for tree in trees))), -1, dtype=np.int64)
        for number, tree in enumerate(trees):
            for level, split in enumerate(splits_of(tree)):
                asked[number, level] = questions.number[split["split_index"]]
        sizes = [len(tree["leaf_values"]) // len(bias) for tree in trees]
        leaves: Floats = np.concatenate([np.array(tree["leaf_values"], dtype=np.float64) for tree in trees])
        return cls(
            questions,
            asked,
            np.cumsum([0, *sizes[:-1]]),
            np.ascontiguousarray(leaves.reshape(-1, len(bias))),
            scale,
            tuple(bias),
        )

    def scores(self) -> Answers:
        """The scores of one row as a function."""
        answers, outputs, levels = self.questions.answers(), len(self.bias), self.asked.shape[1]
        starts, in_turn = self.starts, np.add.accumulate
        leaves = self.leaves.ravel() if outputs == 1 else self.leaves
        leaf_of = _in_bytes(self.asked) if levels <= 8 else _in_words(self.asked)

        def scores(numbers: list[float], codes: list[int]) -> list[float]:
            places = starts + leaf_of(answers(numbers, codes))
            total = in_turn(leaves.take(places, axis=0), axis=0)[-1]
            return self.finished([float(total)] if outputs == 1 else total.tolist())

        return scores

    def finished(self, sums: list[float]) -> list[float]:
        """Scores of sums of leaves."""
        return [value * self.scale + shift for value, shift in zip(sums, self.bias, strict=True)]

    def walks(self) -> tuple[Walk, ...] | None:
        """The trees node by node, thresholds for float64; None where they have several outputs or ask about
        categories."""
        questions = self.questions
        if len(self.bias) > 1 or questions.statistics or len(questions.coded):
            return None
        borders = widened(questions.borders.astype(np.float64))
        ends = [*self.starts[1:].tolist(), len(self.leaves)]
        shapes = [_Shape.of(levels) for levels in range(self.asked.shape[1] + 1)]
        walks = []
        for asked, start, end in zip(self.asked, self.starts.tolist(), ends, strict=True):
            own = asked[asked >= 0]
            shape = shapes[len(own)]
            at = own[shape.level]
            leaves = self.leaves[start:end, 0][shape.leaf]
            walks.append(
                Walk(questions.columns[at], borders[at], shape.left, shape.right, np.ones(len(at), np.bool_), leaves)
            )
        return tuple(walks)


def _in_bytes(asked: Ints) -> Callable[[Any], Any]:
    """(trees,) leaves from answers, the last of which is no: eight answers make a byte."""
    eight = np.full((len(asked), 8), -1)
    eight[:, : asked.shape[1]] = asked
    flat, packed = eight.ravel(), np.packbits
    return lambda bits: packed(bits.take(flat, mode="wrap"), bitorder="little")


def _in_words(asked: Ints) -> Callable[[Any], Any]:
    """The same for trees of more than eight levels."""
    levels, weights = np.ascontiguousarray(asked.T), (1 << np.arange(asked.shape[1]))[:, None]
    return lambda bits: np.add.reduce(bits.take(levels, mode="wrap") * weights, axis=0)


@dataclass(frozen=True)
class _Shape:
    """A full tree of some levels, the first of which decides the lowest bit of a leaf's number.

    Args:
        level: (nodes,) of each inner node, nodes counted level by level.
        left, right: (nodes,) children, leaves as ~leaf.
        leaf: (leaves,) number of each, from left to right.
    """

    level: Ints
    left: Ints
    right: Ints
    leaf: Ints

    @classmethod
    def of(cls, levels: int) -> _Shape:
        """The shape of so many levels."""
        nodes = 2**levels - 1
        number = np.arange(nodes)
        children = 2 * number + 1
        left, right = (np.where(child < nodes, child, ~(child - nodes)) for child in (children, children + 1))
        leaf = np.zeros(1, np.int64)
        for level in range(levels):
            leaf = np.stack([leaf, leaf + (1 << level)], axis=1).ravel()
        return cls(np.log2(number + 1).astype(np.int64), left, right, leaf)


def probabilities(scores: Sequence[float]) -> list[float]:
    """As the library makes them of scores: one of two classes, or one a class."""
    if len(scores) == 1:
        positive = 1.0 / (1.0 + math.exp(-scores[0])) if scores[0] > -700.0 else 0.0
        return [1.0 - positive, positive]
    highest = max(scores)
    raised = [exponential(score - highest) for score in scores]
    total = 0.0
    for value in raised:
        total += value
    return [value / total for value in raised]
