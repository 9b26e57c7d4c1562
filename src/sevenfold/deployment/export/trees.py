"""Tree models as one ONNX node: `TreeEnsemble` in float64, every comparison as the library makes it."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.deployment.export.graph import CannotExportError, Graph

LEQ, LESS, GREATER, MEMBER = 0, 1, 3, 6
NODES_LIMIT = 20_000_000
_LARGEST_FLOAT32 = 3.0e38


@dataclass
class Ensemble:
    """Trees in the arrays that `TreeEnsemble` wants (ONNX ai.onnx.ml, version 5).

    A child is a node or a leaf; a tree of one leaf gets a node whose children are that leaf twice.
    """

    roots: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    modes: list[int] = field(default_factory=list)
    splits: list[float] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    children: list[list[int]] = field(default_factory=list)
    is_leaf: list[list[int]] = field(default_factory=list)
    members: list[float] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def node(self, column: int, mode: int, split: float, missing_true: bool, members: list[int] | None = None) -> int:
        """A new node; its children follow by `link`."""
        self.columns.append(column)
        self.modes.append(mode)
        self.splits.append(split)
        self.missing.append(int(missing_true))
        self.children.append([-1, -1])
        self.is_leaf.append([0, 0])
        if members is not None:
            self.members.extend([*map(float, members), np.nan])
        return len(self.columns) - 1

    def leaf(self, target: int, weight: float) -> int:
        """A new leaf."""
        self.targets.append(target)
        self.weights.append(weight)
        return len(self.weights) - 1

    def link(self, parent: int, side: int, child: int, is_leaf: bool) -> None:
        """Let a child follow where the parent's comparison is true (side 0) or false (side 1)."""
        self.children[parent][side] = child
        self.is_leaf[parent][side] = int(is_leaf)

    def lonely(self, target: int, weight: float) -> None:
        """A tree of one leaf."""
        self.roots.append(self.node(0, LEQ, 0.0, False))
        for side in (0, 1):
            self.link(self.roots[-1], side, self.leaf(target, weight), True)

    def thresholds(self, names: tuple[str, ...]) -> dict[str, set[float]]:
        """The splits of each column by its name, for rows that try them."""
        found: dict[str, set[float]] = {}
        for column, mode, split in zip(self.columns, self.modes, self.splits, strict=True):
            if mode != MEMBER:
                found.setdefault(names[column], set()).add(split)
        return found

    def add_to(self, graph: Graph, table: str, names: tuple[str, ...], outputs: int) -> str:
        """(rows, outputs) sums of the leaves that each row of (rows, columns) float64 reaches."""
        if len(self.columns) > NODES_LIMIT:
            raise CannotExportError.of(f"A model of {len(self.columns)} tree nodes", "Train with --max-size.")
        for name, splits in self.thresholds(names).items():
            graph.thresholds.setdefault(name, set()).update(splits)
        make = graph.onnx.numpy_helper.from_array
        attributes: dict[str, Any] = {
            "n_targets": outputs,
            "aggregate_function": 1,
            "post_transform": 0,
            "tree_roots": self.roots,
            "nodes_featureids": self.columns,
            "nodes_modes": make(np.array(self.modes, np.uint8)),
            "nodes_splits": make(np.array(self.splits, np.float64)),
            "nodes_missing_value_tracks_true": self.missing,
            "nodes_truenodeids": [pair[0] for pair in self.children],
            "nodes_trueleafs": [pair[0] for pair in self.is_leaf],
            "nodes_falsenodeids": [pair[1] for pair in self.children],
            "nodes_falseleafs": [pair[1] for pair in self.is_leaf],
            "leaf_targetids": self.targets,
            "leaf_weights": make(np.array(self.weights, np.float64)),
        }
        if self.members:
            attributes["membership_values"] = make(np.array(self.members, np.float64))
        return graph.add("TreeEnsemble", table, domain="ai.onnx.ml", **attributes)


def in_float32(graph: Graph, table: str) -> str:
    """Values rounded as a library that compares in float32 rounds them."""
    held = graph.clip(table, -_LARGEST_FLOAT32, _LARGEST_FLOAT32)
    return graph.cast(graph.cast(held, np.float32), np.float64)


def of_lightgbm(text: bytes, booster: Any) -> tuple[Ensemble, str, int]:
    """Trees, objective and outputs of a LightGBM model.

    Raises:
        CannotExportError: linear leaves, averaged trees, zeros taken for missing: their conversions are wrong.
    """
    for mark, what in ((b"is_linear=1", "linear leaves"), (b"\naverage_output", "averaged trees (rf)")):
        if mark in text:
            raise CannotExportError.of(f"LightGBM with {what}")
    model = booster.dump_model()
    outputs = int(model["num_tree_per_iteration"])
    made = Ensemble()
    for number, tree in enumerate(model["tree_info"]):
        top = tree["tree_structure"]
        if "leaf_value" in top:
            made.lonely(number % outputs, float(top["leaf_value"]))
            continue
        made.roots.append(_lightgbm_node(made, top))
        open_nodes = [(made.roots[-1], top)]
        while open_nodes:
            place, node = open_nodes.pop()
            for side, key in enumerate(("left_child", "right_child")):
                child = node[key]
                if "leaf_value" in child:
                    made.link(place, side, made.leaf(number % outputs, float(child["leaf_value"])), True)
                else:
                    below = _lightgbm_node(made, child)
                    made.link(place, side, below, False)
                    open_nodes.append((below, child))
    return made, str(model["objective"]), outputs


def _lightgbm_node(made: Ensemble, node: Any) -> int:
    if node["missing_type"] == "Zero":
        raise CannotExportError.of("LightGBM with zeros taken for missing values")
    column = int(node["split_feature"])
    if node["decision_type"] == "==":
        # A missing or unseen category always goes to the right.
        return made.node(column, MEMBER, 0.0, False, [int(code) for code in node["threshold"].split("||")])
    split = float(node["threshold"])
    missing_left = bool(node["default_left"]) if node["missing_type"] == "NaN" else split >= 0.0
    return made.node(column, LEQ, split, missing_left)


def of_xgboost(booster: Any) -> tuple[Ensemble, str, int, Any]:
    """Trees, objective, outputs and base margin, (outputs,), of an XGBoost model."""
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    if learner["gradient_booster"]["name"] != "gbtree":
        raise CannotExportError.of(f"XGBoost with booster {learner['gradient_booster']['name']}")
    objective = learner["objective"]["name"]
    outputs = max(1, int(learner["learner_model_param"]["num_class"]))
    base = np.atleast_1d(np.array(json.loads(learner["learner_model_param"]["base_score"]), np.float64))
    if objective == "binary:logistic":
        base = np.log(base / (1.0 - base))
    elif objective == "count:poisson":
        base = np.log(base)
    model = learner["gradient_booster"]["model"]
    made = Ensemble()
    for tree, target in zip(model["trees"], model["tree_info"], strict=True):
        if any(tree["split_type"]) or int(tree["tree_param"]["size_leaf_vector"]) > 1:
            raise CannotExportError.of("XGBoost with categorical splits or vector leaves")
        conditions = np.asarray(tree["split_conditions"], np.float32).astype(np.float64)
        left, right = tree["left_children"], tree["right_children"]
        if left[0] == -1:
            made.lonely(target, conditions[0])
            continue

        def node(at: int, tree: Any = tree, conditions: Any = conditions) -> int:
            return made.node(tree["split_indices"][at], LESS, conditions[at], bool(tree["default_left"][at]))

        made.roots.append(node(0))
        open_nodes = [(made.roots[-1], 0)]
        while open_nodes:
            place, at = open_nodes.pop()
            for side, child in enumerate((left[at], right[at])):
                if left[child] == -1:
                    made.link(place, side, made.leaf(target, conditions[child]), True)
                else:
                    below = node(child)
                    made.link(place, side, below, False)
                    open_nodes.append((below, child))
    return made, objective, outputs, np.broadcast_to(base, (outputs,))


def of_catboost(learner: Any, categories: tuple[str, ...]) -> tuple[Ensemble, Any, float, Any]:
    """Trees whose sums are rows in a table (see `from_leaves`), that table, scale and bias."""
    if categories:
        columns = ", ".join(categories)
        raise CannotExportError.of(
            f"CatBoost's own encoding of categories ({columns})",
            "Train with --models lightgbm,xgboost for categories as they are, or export with --format mlflow.",
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        learner.save_model(str(path), format="json")
        model = json.loads(path.read_text("utf-8"))
    if "oblivious_trees" not in model:
        raise CannotExportError.of("CatBoost with trees that are not symmetric")
    left = {
        f["feature_index"]: f.get("nan_value_treatment") == "AsTrue" for f in model["features_info"]["float_features"]
    }
    scale, bias = model["scale_and_bias"]
    made = Ensemble()
    tables: list[Any] = []
    rows = 0
    for number, tree in enumerate(model["oblivious_trees"]):
        splits = tree["splits"] or []
        values = np.asarray(tree["leaf_values"], np.float64).reshape(2 ** len(splits), -1)
        if not splits:
            made.lonely(number, float(rows))
        else:
            made.roots.append(_symmetric(made, splits, left, number, rows))
        tables.append(values)
        rows += len(values)
    return made, np.concatenate(tables), float(scale), np.asarray(bias, np.float64)


def _symmetric(made: Ensemble, splits: Any, left: dict[int, bool], target: int, first: int) -> int:
    """A symmetric tree, all its nodes written out; bit i of a leaf's number is the answer to split i."""

    def grow(level: int, number: int) -> int:
        split = splits[level]
        if split.get("split_type") != "FloatFeature":
            raise CannotExportError.of("CatBoost with splits on categories")
        column = split["float_feature_index"]
        border = float(np.float32(split["border"]))
        place = made.node(column, GREATER, border, left[column])
        for side, answer in enumerate((1, 0)):
            reached = number | answer << level
            if level + 1 == len(splits):
                made.link(place, side, made.leaf(target, float(first + reached)), True)
            else:
                made.link(place, side, grow(level + 1, reached), False)
        return place

    return grow(0, 0)


def of_forest(trees: Any) -> Ensemble:
    """Flat trees whose sums are rows in their table of values, see `from_leaves`."""
    made = Ensemble()
    ends = [*trees.roots[1:].tolist(), len(trees.feature)]
    for number, (root, end) in enumerate(zip(trees.roots.tolist(), ends, strict=True)):
        if trees.feature[root] < 0:
            made.lonely(number, float(trees.right[root]))
            continue
        places = {}
        for at in range(root, end):
            if trees.feature[at] >= 0:
                split = float(trees.threshold[at])
                places[at] = made.node(int(trees.feature[at]), LEQ, split, bool(trees.missing_left[at]))
        made.roots.append(places[root])
        for at, place in places.items():
            for side, child in enumerate((at + 1, int(trees.right[at]))):
                if child in places:
                    made.link(place, side, places[child], False)
                else:
                    made.link(place, side, made.leaf(number, float(trees.right[child])), True)
    return made


def from_leaves(graph: Graph, made: Ensemble, table: str, names: tuple[str, ...], values: Any) -> str:
    """(rows, outputs) sums over trees of `values`, whose rows the leaves name: exact, and small for many outputs."""
    reached = graph.cast(made.add_to(graph, table, names, len(made.roots)), np.int64)
    found = graph.add("Gather", graph.constant(np.asarray(values, np.float64)), reached)  # (rows, trees, outputs)
    return graph.add("ReduceSum", found, graph.constant([1], np.int64), keepdims=0)
