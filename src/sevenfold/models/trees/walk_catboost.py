"""CatBoost's prediction of one row by arrays made from its exported trees: its own call builds a table each time.

A tree is symmetric: level d asks one question of the row, and the answers, as bits, number the leaf. Questions about
categories compare a statistic of the category (or of a combination with answers to other questions), found by a hash;
each has few outcomes for each known hash, so that the answers are tabled in advance. Sources: CatBoost's JSON export,
and the reference code of its Python export; Prokhorenkova et al. 2018, section 4.
"""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sevenfold.core.arrays import Floats, Ints
from sevenfold.models.trees.as_lightgbm import Walk
from sevenfold.models.trees.table_exponential import exponential
from sevenfold.models.trees.widened import widened

Answers: TypeAlias = Callable[[list[float], list[int]], list[float]]
"""From numbers and codes of one row to the scores of its outputs."""

_Hashes: TypeAlias = npt.NDArray[np.uint64]

_MULTIPLIER = 0x4906BA494954CB65
_WORD = (1 << 64) - 1
_LARGEST = 3.0e38
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

    questions: _Questions
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
        questions = _Questions.of(model, _hashes(learner, model, words) if has_categories else np.empty(0, np.uint64))
        if questions is None:
            return None
        scale, bias = model["scale_and_bias"]
        asked = np.full((len(trees), max(1, *(len(_splits(tree)) for tree in trees))), -1, dtype=np.int64)
        for number, tree in enumerate(trees):
            for level, split in enumerate(_splits(tree)):
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
        answers, no, outputs = self.questions.answers(), np.zeros(1, dtype=bool), len(self.bias)
        levels = self.asked.shape[1]
        small: Any = np.uint8 if levels <= 8 else np.uint16
        # An answer that is always no stands last.
        asked, starts = np.ascontiguousarray(self.asked.T), self.starts
        weights = (1 << np.arange(levels)).astype(small)[:, None]
        leaves = self.leaves.ravel() if outputs == 1 else self.leaves
        joined, add, in_turn = np.concatenate, np.add.reduce, np.add.accumulate

        def scores(numbers: list[float], codes: list[int]) -> list[float]:
            bits = joined([answers(numbers, codes), no])
            places = starts + add(bits.take(asked, mode="wrap") * weights, axis=0, dtype=small)
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
        if len(self.bias) > 1 or questions.tables or len(questions.coded):
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


def _splits(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """A tree without any question has none."""
    return tree["splits"] or []


def _hashes(learner: Any, model: dict[str, Any], words: Sequence[str]) -> _Hashes:
    """(words,) the library's hash of each word, as the export tells them."""
    import catboost

    info = model["features_info"]
    numbers, categories = len(info.get("float_features", ())), len(info["categorical_features"])
    named = np.array([[word.encode()] * categories for word in words], dtype=object)
    values = np.zeros((len(words), numbers), dtype=np.float32) if numbers else None
    pool = catboost.Pool(catboost.FeaturesData(num_feature_data=values, cat_feature_data=named))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.py"
        learner.save_model(str(path), format="python", pool=pool)
        text = path.read_text(encoding="utf-8")
    start = text.index("cat_features_hashes = {")
    told = dict(re.findall(r'"(-?\d+)": (-?\d+),?', text[start : text.index("}", start)]))
    return np.array([int(told[word]) & _WORD for word in words], dtype=np.uint64)


@dataclass(frozen=True)
class _Table:
    """Answers that one statistic gives.

    Args:
        elements: places in the hashed values that its hash is made of, in order.
        buckets: known hashes.
        bits: (buckets + 1, questions) answers; the last row is that of an unknown hash.
    """

    elements: list[int]
    buckets: list[int]
    bits: npt.NDArray[np.bool_]


@dataclass
class _Questions:
    """Every question of the trees, and how the answers are found.

    Args:
        columns, borders: of the questions about numbers, which come first: greater than the border?
        coded, wanted: of those about a category itself, which come next: has it this hash?
        tables: those about statistics, which come last.
        words: (words, ) hashes of the codes -1, 0, 1, ...
        number: of each question that a split may name.
    """

    columns: Ints
    borders: npt.NDArray[np.float32]
    coded: Ints
    wanted: _Hashes
    tables: list[_Table]
    words: _Hashes
    number: dict[int, int]

    @classmethod
    def of(cls, model: dict[str, Any], words: _Hashes) -> _Questions | None:
        """The questions of an exported model; None where there are others than are known here."""
        info = model["features_info"]
        columns: list[int] = []
        borders: list[float] = []
        place: dict[tuple[int, float], int] = {}
        for feature in info.get("float_features", ()):
            if feature.get("nan_value_treatment") == "AsTrue" and feature.get("has_nans"):
                return None
            for border in feature.get("borders") or ():
                place[feature["feature_index"], border] = len(columns)
                columns.append(feature["feature_index"])
                borders.append(border)
        coded: list[int] = []
        wanted: list[int] = []
        same: dict[tuple[int, int], int] = {}
        for feature in info.get("categorical_features", ()):
            for value in feature.get("values") or ():
                same[feature["feature_index"], value] = len(columns) + len(coded)
                coded.append(feature["feature_index"])
                wanted.append(value & _WORD)
        number = {index: index for index in range(len(columns) + len(coded))}
        tables: list[_Table] = []
        index, asked = len(number), len(number)
        categories = len(info.get("categorical_features", ()))
        used = {s["split_index"] for tree in model["oblivious_trees"] for s in _splits(tree)}
        for statistic in info.get("ctrs", ()):
            indices = list(range(index, index + len(statistic["borders"])))
            index += len(indices)
            kept = [i for i, of in enumerate(indices) if of in used]
            if not kept:
                continue
            elements = _elements(statistic["elements"], categories, place, same)
            history = model["ctr_data"].get(statistic["identifier"])
            if elements is None or history is None:
                return None
            table = _table(statistic, history, elements, [statistic["borders"][i] for i in kept])
            if table is None:
                return None
            tables.append(table)
            for i in kept:
                number[indices[i]] = asked
                asked += 1
        if not used <= number.keys():
            return None
        return cls(
            np.array(columns, np.int64),
            np.array(borders, np.float32),
            np.array(coded, np.int64),
            np.array(wanted, np.uint64),
            tables,
            words,
            number,
        )

    def answers(self) -> Callable[[list[float], list[int]], npt.NDArray[Any]]:
        """(questions,) answers of one row as a function."""
        columns, borders, coded, wanted, words = self.columns, self.borders, self.coded, self.wanted, self.words
        statistics = self._statistics()
        last = len(words) - 2

        def answers(numbers: list[float], codes: list[int]) -> npt.NDArray[Any]:
            held = np.array(
                [v if -_LARGEST <= v <= _LARGEST or v != v else _LARGEST if v > 0 else -_LARGEST for v in numbers],
                dtype=np.float32,
            )
            bits = held[columns] > borders
            if not len(words):
                return bits
            hashed = words[[1 + (code if -1 <= code <= last else last if code > last else -1) for code in codes]]
            if len(coded):
                bits = np.concatenate([bits, hashed[coded] == wanted])
            if statistics is None:
                return bits
            return np.concatenate([bits, statistics(np.concatenate([hashed, bits.astype(np.uint64)]))])

        return answers

    def _statistics(self) -> Callable[[_Hashes], npt.NDArray[Any]] | None:
        """Answers of the tables from the hashed values, all tables at once."""
        tables = self.tables
        if not tables:
            return None
        deepest = max(len(table.elements) for table in tables)
        elements = np.array([table.elements + [0] * (deepest - len(table.elements)) for table in tables]).T.copy()
        present = np.array([[level < len(table.elements) for table in tables] for level in range(deepest)])
        # Hashes of all tables stand in one sorted array: each table's are told apart by a salt of its own.
        salts = np.array([(number * 0x9E3779B97F4A7C15) & _WORD for number in range(1, len(tables) + 1)], np.uint64)
        keys = [np.array(table.buckets, np.uint64) ^ salt for table, salt in zip(tables, salts, strict=True)]
        joined = np.concatenate(keys)
        order = np.argsort(joined)
        known = np.append(joined[order], np.uint64(_WORD))
        bucket = np.append(np.concatenate([np.arange(len(own)) for own in keys])[order], 0)
        owner = np.append(np.repeat(np.arange(len(tables)), [len(own) for own in keys])[order], -1)
        bits = np.concatenate([table.bits.ravel() for table in tables])
        widths = np.array([table.bits.shape[1] for table in tables])
        starts = np.cumsum([0, *(table.bits.size for table in tables[:-1])])
        unknown = np.array([len(table.buckets) for table in tables])
        own = np.repeat(np.arange(len(tables)), widths)
        within = np.concatenate([np.arange(width) for width in widths]) + starts[own]
        stride, every = widths[own], np.arange(len(tables))
        multiplier = np.uint64(_MULTIPLIER)

        def statistics(values: _Hashes) -> npt.NDArray[Any]:
            hashes = np.zeros(len(tables), np.uint64)
            for level in range(deepest):
                mixed = multiplier * (hashes + multiplier * values[elements[level]])
                hashes = mixed if level == 0 else np.where(present[level], mixed, hashes)
            wanted = hashes ^ salts
            found = known.searchsorted(wanted)
            row = np.where((known[found] == wanted) & (owner[found] == every), bucket[found], unknown)
            return bits[within + row[own] * stride]

        return statistics


def _elements(
    told: Sequence[dict[str, Any]],
    categories: int,
    place: dict[tuple[int, float], int],
    same: dict[tuple[int, int], int],
) -> list[int] | None:
    """Places in the hashed values: categories first, then answers of earlier questions."""
    first: list[int] = []
    then: list[int] = []
    last: list[int] = []
    for element in told:
        kind = element["combination_element"]
        if kind == "cat_feature_value":
            first.append(element["cat_feature_index"])
        elif kind == "float_feature":
            then.append(categories + place[element["float_feature_index"], element["border"]])
        elif kind == "cat_feature_exact_value":
            last.append(categories + same[element["cat_feature_index"], element["value"]])
        else:
            return None
    return first + then + last


def _table(
    statistic: dict[str, Any], history: dict[str, Any], elements: list[int], borders: Sequence[float]
) -> _Table | None:
    stride, flat = history["hash_stride"], history["hash_map"]
    buckets = [int(value) for value in flat[::stride]]
    counts = np.array([flat[i + 1 : i + stride] for i in range(0, len(flat), stride)], dtype=np.float32)
    counts = counts.reshape(len(buckets), stride - 1)
    target, kind = statistic["target_border_idx"], statistic["ctr_type"]
    if kind in ("Counter", "FeatureFreq"):
        good, total = counts[:, 0], np.full(len(buckets), history["counter_denominator"], np.float32)
    elif kind == "Buckets":
        good, total = counts[:, target], counts.sum(axis=1, dtype=np.float32)
    elif kind == "Borders":
        good, total = counts[:, target + 1 :].sum(axis=1, dtype=np.float32), counts.sum(axis=1, dtype=np.float32)
    elif kind in ("BinarizedTargetMeanValue", "FloatTargetMeanValue"):
        good, total = counts[:, 0], counts[:, 1]
    else:
        return None
    single = np.float32
    shares = (np.append(good, single(0)) + single(statistic["prior_numerator"])) / (
        np.append(total, single(0)) + single(statistic["prior_denomerator"])
    )
    values = (shares + single(statistic["shift"])) * single(statistic["scale"])
    return _Table(elements, buckets, values[:, None] > np.array(borders, np.float32)[None, :])


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
