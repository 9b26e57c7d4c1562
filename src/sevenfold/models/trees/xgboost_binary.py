"""What must hold of XGBoost's UBJSON before the library reads it: it follows indices in the trees without looking.

A tree whose child or column lies outside its arrays leads the library to other memory, and one that leads back to
itself never ends. Here counts, indices and values are checked first, so that a forged model is refused with an error.
Source: XGBoost, doc/model.schema and src/tree/tree_model.cc.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.errors import BundleError
from sevenfold.models.trees.ubjson import read_ubjson

_NO_PARENT = 2**31 - 1
_NODES = (
    "base_weights", "default_left", "left_children", "loss_changes", "parents", "right_children", "split_conditions",
    "split_indices", "split_type", "sum_hessian",
)  # fmt: skip
_CATEGORIES = ("categories", "categories_nodes", "categories_segments", "categories_sizes")
_TREE = frozenset((*_NODES, *_CATEGORIES, "id", "tree_param"))
_OBJECTIVES = frozenset(("reg:squarederror", "reg:quantileerror", "count:poisson", "binary:logistic", "multi:softprob"))
_COUNT = re.compile(r"[0-9]{1,9}")


def check_binary(content: bytes, outputs: int) -> None:
    """Refuse a model whose numbers do not fit together.

    Args:
        outputs: 1, or the number of classes where there are more than two.
    Raises:
        BundleError: they do not.
    """
    try:
        _check(_mapping(read_ubjson(content)), outputs)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise BundleError("A stored XGBoost model is damaged.", "XGBoost's UBJSON", str(error)[:100]) from None


def _check(document: Mapping[str, Any], outputs: int) -> None:
    _need(set(document) == {"learner", "version"} and len(_whole(document["version"])) == 3, "its head")
    learner = _mapping(document["learner"])
    params = _mapping(learner["learner_model_param"])
    columns, classes = _count(params["num_feature"]), _count(params["num_class"])
    _need(classes == (outputs if outputs > 1 else 0), "numbers of classes that differ")
    _need(_count(params["num_target"]) == 1, "more than one target")
    base = np.array([float(part) for part in params["base_score"].strip("[]").split(",")])
    _need(len(base) in (1, outputs) and bool(np.isfinite(base).all()), "what is added to the trees")
    _need(learner["objective"]["name"] in _OBJECTIVES, "an objective that is not one of ours")
    for name in ("feature_names", "feature_types"):
        _need(len(learner.get(name, ())) == 0, "names of columns")
    booster = _mapping(learner["gradient_booster"])
    _need(set(booster) == {"model", "name"} and booster["name"] == "gbtree", "a booster that is not one of ours")
    _check_trees(_mapping(booster["model"]), columns, outputs)


def _check_trees(model: Mapping[str, Any], columns: int, outputs: int) -> None:
    trees, groups = model["trees"], _whole(model["tree_info"])
    params = _mapping(model["gbtree_model_param"])
    _need(_count(params["num_parallel_tree"]) in (0, 1), "trees side by side")
    _need(isinstance(trees, list) and _count(params["num_trees"]) == len(trees) == len(groups), "trees missing")
    _need(bool((groups == np.arange(len(groups)) % outputs).all()) and len(trees) % outputs == 0, "classes of trees")
    if "iteration_indptr" in model:
        rounds = _whole(model["iteration_indptr"])
        _need(rounds.tolist() == list(range(0, len(trees) + 1, outputs)), "rounds that do not hold the trees")
    for name, value in model.get("cats", {}).items():
        _need(name in ("enc", "feature_segments", "sorted_idx") and len(value) == 0, "names of categories")
    for tree in trees:
        _check_tree(_mapping(tree), columns)


def _check_tree(tree: Mapping[str, Any], columns: int) -> None:
    params = _mapping(tree["tree_param"])
    nodes = _count(params["num_nodes"])
    _need(set(tree) <= _TREE, "a part of a tree that does not belong there")
    _need(nodes >= 1 and _count(params["num_feature"]) == columns, "another number of columns")
    _need(_count(params["num_deleted"]) == 0 and _count(params["size_leaf_vector"]) <= 1, "a tree of another kind")
    _need(all(len(tree[name]) == nodes for name in _NODES), "arrays of another length")
    _need(all(len(tree[name]) == 0 for name in _CATEGORIES), "splits by category")
    left, right, parents = (_whole(tree[name]) for name in ("left_children", "right_children", "parents"))
    column, held = _whole(tree["split_indices"]), _real(tree["split_conditions"])
    inner = left != -1
    _need(bool(((column >= 0) & (column < max(1, columns)))[inner].all()), "columns outside the table")
    _need(bool((_whole(tree["split_type"]) == 0).all()), "splits by category")
    _need(bool(np.isin(_whole(tree["default_left"]), (0, 1)).all()), "ways of missing values")
    _need(not np.isnan(held).any() and bool(np.isfinite(held[~inner]).all()), "values of leaves")
    _check_children(left, right, parents)


def _check_children(left: Ints, right: Ints, parents: Ints) -> None:
    """Every node but the first is the child of one node, which says so, too, and stands before it."""
    inner = np.flatnonzero(left != -1)
    _need(bool(((left == -1) == (right == -1)).all()), "one child only")
    children = np.concatenate([left[inner], right[inner]])
    _need(sorted(children.tolist()) == list(range(1, len(left))), "children that are none")
    _need(bool((children > np.concatenate([inner, inner])).all()), "children before their parents")
    _need(bool((parents[children] == np.concatenate([inner, inner])).all()), "parents of others")
    _need(parents[0] in (-1, _NO_PARENT), "a first node with a parent")


def _mapping(value: Any) -> dict[str, Any]:
    _need(isinstance(value, dict), "a part that is no mapping")
    found: dict[str, Any] = value
    return found


def _count(value: Any) -> int:
    _need(isinstance(value, str) and _COUNT.fullmatch(value) is not None, "a count that is none")
    return int(value)


def _whole(value: Any) -> Ints:
    found = np.asarray(value)
    _need(found.ndim == 1 and (found.dtype.kind in "iu" or not found.size), "whole numbers")
    return found.astype(np.int64)


def _real(value: Any) -> Floats:
    found = np.asarray(value)
    _need(found.ndim == 1 and found.dtype.kind in "iuf", "numbers")
    return found.astype(np.float64)


def _need(sound: bool, what: str) -> None:
    if not sound:
        raise ValueError(what)
