"""What must hold of LightGBM's text before the library reads it: it follows indices in the text without looking.

A tree whose child or column lies outside its arrays ends the process, or leads it to other memory; text where a number
should be, even one that no prediction needs, ends it, too. Here all of them are checked first, so that a forged text is
refused with an error.
Source: LightGBM, src/io/tree.cpp and src/boosting/gbdt_model_text.cpp.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.errors import BundleError

_NODES = ("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child")
_INNER = ("internal_value", "internal_weight", "internal_count")
_LEAVES = ("leaf_value", "leaf_weight", "leaf_count")
_WHOLE = frozenset(("split_feature", "decision_type", "left_child", "right_child", "internal_count", "leaf_count"))
_SINGLE = ("num_leaves", "num_cat", "is_linear", "shrinkage")
_KNOWN = frozenset((*_NODES, *_INNER, *_LEAVES, *_SINGLE, "cat_boundaries", "cat_threshold"))
_HEAD = frozenset(
    ("version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx", "objective", "average_output",
     "feature_names", "monotone_constraints", "feature_infos", "tree_sizes")
)  # fmt: skip
_END = re.compile(
    rb"end of trees\n(\nfeature_importances:\n([^\n=]+=[0-9.e+-]+\n)*)?"
    rb"(\nparameters:\n(\[[a-z0-9_]+: [^\n]*\]\n)*\nend of parameters\n)?\n?(pandas_categorical:null\n)?"
)
_COUNT = re.compile(rb"[0-9]{1,9}")
# Stricter than numpy, which reads "2e0" as a whole number and tabs as gaps: LightGBM would read something else.
_INTEGER = rb"-?[0-9]{1,10}"
_FLOAT = rb"[+-]?(?:[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]{1,4})?|inf|nan)"
_INTEGERS, _FLOATS = (re.compile(rb"(?:%b(?: %b)*)? ?" % (one, one)) for one in (_INTEGER, _FLOAT))
_LEAVES_LIMIT = 1 << 20
_CATEGORICAL = 1  # the bit of a decision type


def check_text(text: bytes) -> None:
    """Refuse a text whose numbers do not fit together.

    Raises:
        BundleError: they do not.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # how numpy tells of text that is no number
            _check(text)
    except (ValueError, KeyError, DeprecationWarning) as error:
        raise BundleError("A stored LightGBM model is damaged.", "LightGBM's text", str(error)[:100]) from None


def _check(text: bytes) -> None:
    start = text.find(b"\nTree=0\n") + 1
    _need(text.startswith(b"tree\n") and start > 0, "no trees")
    lines = text[:start].split(b"\n")[1:]
    average = lines.count(b"average_output")
    head = _pairs([line for line in lines if line and line != b"average_output"], _HEAD)
    _need(average <= 1 and b"\x00" not in text, "its head")
    columns = _whole(head["max_feature_idx"]) + 1
    outputs = _whole(head["num_tree_per_iteration"])
    _need(outputs >= 1 and _whole(head["num_class"]) == outputs, "numbers of classes that differ")
    for name in ("feature_names", "feature_infos"):
        _need(len(head[name].split()) == columns, f"{name} of another length")
    _need(len(head["objective"]) < 200, "its objective")
    _whole(head["label_index"])
    _integers(head.get("monotone_constraints", b""))
    sizes = _integers(head["tree_sizes"])
    _need(len(sizes) % outputs == 0 and len(sizes) > 0, "trees missing")
    _need(bool((sizes > 0).all()) and start + int(sizes.sum()) <= len(text), "sizes of trees that lie")
    position = start
    for number, size in enumerate(sizes.tolist()):
        block = text[position : position + size]
        mark = b"Tree=%d\n" % number
        _need(block.startswith(mark) and block.endswith(b"\n\n"), f"tree {number} where it should not be")
        _check_tree(_pairs([line for line in block[len(mark) :].split(b"\n") if line], _KNOWN), columns)
        position += size
    _need(_END.fullmatch(text, position) is not None, "what stands after the trees")


def _check_tree(tree: Mapping[str, bytes], columns: int) -> None:
    leaves, categories = _whole(tree["num_leaves"]), _whole(tree["num_cat"])
    _need(1 <= leaves <= _LEAVES_LIMIT and categories < leaves, "numbers of leaves")
    _need(tree["is_linear"] == b"0", "linear leaves")
    _need(bool(np.isfinite(_floats(tree["shrinkage"])).all()), "its shrinkage")
    nodes = leaves - 1
    for names, count in ((_LEAVES, leaves), ((*_NODES, *_INNER), nodes)):
        for name in names:
            # Of a tree of one leaf LightGBM writes some arrays with one entry, and reads none of them.
            found = len(tree[name].split()) if name in tree else count
            _need(found == count or (nodes == 0 and found <= 1), f"{name} of another length")
            (_integers if name in _WHOLE else _floats)(tree.get(name, b""))
    values = _floats(tree["leaf_value"])
    _need(len(values) == leaves and bool(np.isfinite(values).all()), "values of leaves")
    if not nodes:
        return
    feature, kind = _integers(tree["split_feature"]), _integers(tree["decision_type"])
    threshold = _floats(tree["threshold"])
    _need(bool(((feature >= 0) & (feature < columns)).all()), "columns outside the table")
    _need(bool(((kind >= 0) & (kind < 16)).all()) and not np.isnan(threshold).any(), "decisions")
    _check_children(_integers(tree["left_child"]), _integers(tree["right_child"]), nodes)
    by_category = threshold[(kind & _CATEGORICAL) > 0]
    _need(len(by_category) == categories and sorted(by_category) == list(range(categories)), "sets of categories")
    if categories:
        limits, words = _integers(tree["cat_boundaries"]), _integers(tree["cat_threshold"])
        sound = len(limits) == categories + 1 and limits[0] == 0 and limits[-1] == len(words)
        _need(bool(sound and (np.diff(limits) > 0).all()), "sets of categories")
        _need(bool(((words >= 0) & (words < 2**32)).all()), "sets of categories")


def _check_children(left: Ints, right: Ints, nodes: int) -> None:
    """Every node but the first is one node's child, every leaf is, too, and children stand after their parents."""
    children = np.concatenate([left, right])
    parents = np.concatenate([np.arange(nodes), np.arange(nodes)])
    _need(sorted(children.tolist()) == [*range(-nodes - 1, 0), *range(1, nodes)], "children that are none")
    inner = children >= 0
    _need(bool((children[inner] > parents[inner]).all()), "children before their parents")


def _pairs(lines: list[bytes], known: frozenset[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, value in _split(lines):
        _need(name in known and name not in found, f"a line that does not belong there: {name[:30]}")
        found[name] = value
    return found


def _split(lines: list[bytes]) -> Iterator[tuple[str, bytes]]:
    for line in lines:
        name, _, value = line.partition(b"=")
        yield name.decode("ascii", "replace"), value


def _whole(value: bytes) -> int:
    _need(_COUNT.fullmatch(value) is not None, "a count that is none")
    return int(value)


def _floats(value: bytes) -> Floats:
    _need(_FLOATS.fullmatch(value) is not None, "numbers that are none")
    return np.fromstring(value.decode("ascii"), dtype=np.float64, sep=" ")


def _integers(value: bytes) -> Ints:
    _need(_INTEGERS.fullmatch(value) is not None, "whole numbers that are none")
    return np.fromstring(value.decode("ascii"), dtype=np.int64, sep=" ")


def _need(sound: bool, what: str) -> None:
    if not sound:
        raise ValueError(what)
