"""Many binary trees as flat arrays: what a forest stores, and how it is walked.

Nodes stand in depth-first order, so the left child of node i is node i + 1 and only right children are stored. A
leaf has feature -1, and `right` is then its row in `values`. Thresholds are float32, rounded down from the midpoint
of two float32 inputs: `x <= threshold` decides every float32 x as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.errors import BundleError
from sevenfold.core.state import State
from sevenfold.models.trees.as_lightgbm import Walk, as_booster
from sevenfold.models.trees.one_row import LEAF_PLACES, RAW_SCORE, OneRow
from sevenfold.models.trees.table import in_float32
from sevenfold.models.trees.widened import widened

_CHUNK_PAIRS = 1 << 15
_MANY_ROWS = 400
_LARGEST = float(np.finfo(np.float64).max)
_MOST_SHARES = 1 << 28  # of a stored forest, zeros counted
_MOST_NODES = 600_000  # writing and reading so many takes about a second


@dataclass(frozen=True)
class FlatTree:
    """One tree: the arrays of `FlatTrees`, its nodes and leaves counted from 0."""

    feature: npt.NDArray[Any]
    threshold: npt.NDArray[np.float32]
    right: npt.NDArray[np.int32]
    missing_left: npt.NDArray[np.bool_]
    values: npt.NDArray[Any]

    @classmethod
    def of(cls, tree: Any, columns: int, first_output: int = 0) -> FlatTree:
        """Copy a fitted tree of scikit-learn (a `tree_` object).

        Args:
            tree: fitted tree.
            columns: columns of the inputs.
            first_output: outputs before this one are left out (a binary task stores its positive class only).
        """
        left, right = tree.children_left, tree.children_right
        leaf = left < 0
        inner = np.flatnonzero(~leaf)
        if not (left[inner] == inner + 1).all():
            raise RuntimeError("scikit-learn's trees are no longer stored depth first")
        threshold = np.where(leaf, 0.0, tree.threshold)
        single = threshold.astype(np.float32)
        values = tree.value[leaf, 0, first_output:]
        return cls(
            np.where(leaf, -1, tree.feature).astype(np.int16 if columns < 2**15 else np.int32),
            np.where(single > threshold, np.nextafter(single, np.float32(-np.inf)), single),
            np.where(leaf, np.cumsum(leaf) - 1, right).astype(np.int32),
            np.asarray(tree.missing_go_to_left, dtype=bool) & ~leaf,
            # Many classes would fill the file: half precision tells shares apart to three digits.
            values.astype(np.float16 if values.shape[1] > 1 else np.float32),
        )

    @property
    def counts(self) -> tuple[int, int]:
        """Nodes and leaves."""
        return len(self.feature), len(self.values)


@dataclass(frozen=True)
class FlatTrees:
    """Trees whose leaves hold rows of numbers.

    Args:
        roots: (trees,) first node of each tree.
        feature: (nodes,) column that is compared, -1 for a leaf.
        threshold: (nodes,) at most this goes left.
        right: (nodes,) right child, or the leaf's row in `values`.
        missing_left: (nodes,) whether NaN goes left.
        values: (leaves, outputs).
        columns: columns of the inputs.
    """

    roots: npt.NDArray[np.int32]
    feature: npt.NDArray[Any]
    threshold: npt.NDArray[np.float32]
    right: npt.NDArray[np.int32]
    missing_left: npt.NDArray[np.bool_]
    values: npt.NDArray[Any]
    columns: int

    @classmethod
    def of(cls, trees: Sequence[Any], columns: int, first_output: int = 0) -> FlatTrees:
        """Copy fitted trees of scikit-learn (`tree_` objects); see `FlatTree.of`."""
        return cls.joined([FlatTree.of(tree, columns, first_output) for tree in trees], columns)

    @classmethod
    def joined(cls, trees: Sequence[FlatTree], columns: int) -> FlatTrees:
        """Trees one after the other."""
        nodes, leaves = (np.cumsum([0, *counts]) for counts in zip(*(tree.counts for tree in trees), strict=True))
        right = [
            np.where(tree.feature < 0, tree.right + leaf, tree.right + node).astype(np.int32)
            for tree, node, leaf in zip(trees, nodes, leaves, strict=False)
        ]
        return cls(
            nodes[:-1].astype(np.int32),
            np.concatenate([tree.feature for tree in trees]),
            np.concatenate([tree.threshold for tree in trees]),
            np.concatenate(right),
            np.concatenate([tree.missing_left for tree in trees]),
            np.concatenate([tree.values for tree in trees]),
            columns,
        )

    def mean(self, table: Floats) -> Floats:
        """(rows, outputs) mean over trees of the leaves' values, trees added in order."""
        rows, trees = len(table), len(self.roots)
        single = np.ascontiguousarray(in_float32(table))
        result = np.empty((rows, self.values.shape[1]))
        step = max(1, _CHUNK_PAIRS // trees) if rows < _MANY_ROWS else _CHUNK_PAIRS
        for start in range(0, rows, step):
            leaves = self._leaves(single[start : start + step])
            total = self.values[leaves[0]].astype(np.float64)
            for row in leaves[1:]:
                total += self.values[row]
            result[start : start + step] = total / trees
        return result

    def _leaves(self, table: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
        """(trees, rows) each row's place in `values`."""
        rows, trees = len(table), len(self.roots)
        flat = table.ravel()
        has_missing = bool(np.isnan(flat).any())
        offset = np.arange(rows, dtype=np.int64) * self.columns
        if rows < _MANY_ROWS:
            # Few rows walk all trees at once; many walk one tree at a time, whose nodes then stay in the cache.
            walked = self._walk(flat, np.tile(offset, trees), np.repeat(self.roots, rows), has_missing)
            return walked.reshape(trees, rows)
        result = np.empty((trees, rows), dtype=np.int32)
        for tree, root in enumerate(self.roots):
            result[tree] = self._walk(flat, offset, np.full(rows, root), has_missing)
        return result

    def _walk(self, flat: npt.NDArray[np.float32], offset: Ints, node: Any, has_missing: bool) -> Any:
        children = self._children
        while True:
            # A leaf's column is none: some value is compared, and both ways lead to the leaf.
            value = flat.take(offset + self.feature.take(node))
            left = value <= self.threshold.take(node)
            if has_missing:
                left |= np.isnan(value) & self.missing_left.take(node)
            child = children.take(2 * node + left)
            if (child == node).all():
                return self.right.take(node)
            node = child

    @cached_property
    def _children(self) -> Any:
        """(2 * nodes,) right and left child; a leaf leads to itself."""
        node = np.arange(len(self.feature), dtype=np.int32)
        leaf = self.feature < 0
        children = np.stack([np.where(leaf, node, self.right), np.where(leaf, node, node + 1)], axis=1)
        return children.ravel()

    def row_mean(self) -> Callable[[list[float]], list[float]] | None:
        """`mean` of one row as a function; None where the trees are too many to be written in another form."""
        if len(self.feature) > _MOST_NODES:
            return None
        outputs = self.values.shape[1]
        # The library adds up one number a leaf; more are added up here, in the same order.
        booster = as_booster([*self._walks()], self.columns)
        trees, columns, kind = len(self.roots), self.columns, RAW_SCORE if outputs == 1 else LEAF_PLACES
        one_row = OneRow(booster, columns, 1 if outputs == 1 else trees, kind)
        if outputs == 1:
            ask = one_row.asker()
            return lambda values: [ask(values)[0] / trees]
        starts = np.array(self._first_leaves())
        leaf_values, ask_places, added = self.values.astype(np.float64), one_row.array_asker(), np.add.reduce

        def means(values: list[float]) -> list[float]:
            places = ask_places(values).astype(np.int64)
            places += starts
            total = added(leaf_values.take(places, axis=0), axis=0)  # row after row, as `mean` does
            return [value / trees for value in total.tolist()]

        return means

    def _walks(self) -> Iterator[Walk]:
        """Each tree with inner nodes and leaves numbered from 0, thresholds for float64."""
        ends = [*self.roots[1:].tolist(), len(self.feature)]
        for root, end, first in zip(self.roots.tolist(), ends, self._first_leaves(), strict=True):
            feature, right = self.feature[root:end].astype(np.int64), self.right[root:end].astype(np.int64)
            leaf = feature < 0
            inner = ~leaf
            # Where an inner node goes on: at another one by its number, at a leaf by the complement of its own.
            number = np.where(leaf, ~(right - first), np.cumsum(inner) - 1)
            values = np.zeros(int(leaf.sum()))
            if self.values.shape[1] == 1:
                values[right[leaf] - first] = self.values[right[leaf], 0]
            places = np.flatnonzero(inner)
            yield Walk(
                feature[inner],
                np.clip(widened(self.threshold[root:end][inner].astype(np.float64)), -_LARGEST, _LARGEST),
                number[places + 1],
                number[right[inner] - root],
                self.missing_left[root:end][inner],
                values,
            )

    def _first_leaves(self) -> list[int]:
        """The row in `values` of each tree's first leaf."""
        leaves = np.cumsum(self.feature < 0)
        return [0 if root == 0 else int(leaves[root - 1]) for root in self.roots.tolist()]

    def state(self) -> State:
        """The arrays; of many shares in a leaf, most of which are 0, only the others."""
        if self.values.shape[1] > 1 and self.values.dtype == np.float16:
            filled = self.values != 0
            if 2 * int(filled.sum()) < filled.size:
                leaf, output = np.nonzero(filled)
                narrow = np.uint8 if self.values.shape[1] < 2**8 else np.uint32
                sparse = {
                    "filled": np.bincount(leaf, minlength=len(self.values)).astype(narrow),
                    "output": output.astype(narrow),
                    "share": self.values[filled],
                    "outputs": self.values.shape[1],
                }
                return {**self._nodes(), **sparse}
        return {**self._nodes(), "values": self.values}

    def _nodes(self) -> State:
        return {
            "roots": self.roots,
            "feature": self.feature,
            "threshold": self.threshold,
            "right": self.right,
            "missing_left": self.missing_left,
            "columns": self.columns,
        }

    @classmethod
    def restored(cls, state: State) -> FlatTrees:
        """The trees whose `state` this is, after a check that every walk ends at a leaf.

        Raises:
            BundleError: an index points outside, or backwards.
        """
        trees = cls(
            np.asarray(state["roots"], np.int32),
            np.asarray(state["feature"]),
            np.asarray(state["threshold"], np.float32),
            np.asarray(state["right"], np.int32),
            np.asarray(state["missing_left"], np.bool_),
            np.asarray(state["values"]) if "values" in state else _filled(state),
            int(state["columns"]),
        )
        if not trees._is_sound():
            raise BundleError("Stored trees are damaged.", "children that stand after their parents", "others")
        return trees

    def _is_sound(self) -> bool:
        nodes = len(self.feature)
        if not nodes == len(self.threshold) == len(self.right) == len(self.missing_left):
            return False
        if (
            self.feature.dtype.kind != "i"
            or self.values.dtype.kind != "f"
            or self.values.ndim != 2
            or not len(self.roots)
        ):
            return False
        place = np.arange(nodes)
        leaf = self.feature < 0
        inner = ~leaf
        return bool(
            (self.roots >= 0).all()
            and (self.roots < nodes).all()
            and (self.feature < self.columns).all()
            and (self.feature >= -1).all()
            and (self.right[leaf] >= 0).all()
            and (self.right[leaf] < len(self.values)).all()
            # Both children stand after their parent: no walk can go round in circles or leave the arrays.
            and (self.right[inner] > place[inner]).all()
            and (self.right[inner] < nodes).all()
            and (place[inner] + 1 < nodes).all()
        )


def _filled(state: State) -> npt.NDArray[np.float16]:
    """(leaves, outputs) shares, of which only those that are not 0 are stored.

    Raises:
        BundleError: counts and shares do not fit together.
    """
    filled, output, share = (np.asarray(state[name]) for name in ("filled", "output", "share"))
    outputs = int(state["outputs"])
    sound = (
        filled.ndim == output.ndim == share.ndim == 1
        and filled.dtype.kind == output.dtype.kind == "u"
        and share.dtype == np.float16
        and len(output) == len(share) == int(filled.sum(dtype=np.uint64))
        and outputs > 1
        and outputs * len(filled) <= _MOST_SHARES
        and int(output.max(initial=0)) < outputs
    )
    if not sound:
        raise BundleError("Stored trees are damaged.", "as many shares as leaves have", "others")
    values = np.zeros((len(filled), outputs), np.float16)
    values[np.repeat(np.arange(len(filled)), filled), output] = share
    return values
