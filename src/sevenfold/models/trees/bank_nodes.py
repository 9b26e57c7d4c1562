"""Nodes of many trees with the leaves that each answer rules out, as bits of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sevenfold.core.arrays import Flags, Floats, Ints
from sevenfold.models.trees.as_lightgbm import Walk


@dataclass(frozen=True)
class Nodes:
    """Inner nodes, each as often as its tree has words.

    Args:
        bits: of a word.
        word: (nodes,) that the node's answer bears on.
        column, bound: (nodes,) what is compared: at most the bound goes left.
        missing_left: (nodes,) whether NaN goes left.
        if_left, if_right: (nodes,) leaves of the word that stay possible.
        asked: (nodes,) the node's number in `sets`.
        sets: by number, of nodes that ask for categories: codes that go left, ascending.
        words: (words,) places of the words that are in use.
        possible: (words,) bits in use.
        first_leaf: (words,) place of a word's lowest bit in `leaves`.
        leaves: values.
    """

    bits: int
    word: Ints
    column: Ints
    bound: Floats
    missing_left: Flags
    if_left: npt.NDArray[Any]
    if_right: npt.NDArray[Any]
    asked: Ints
    sets: Mapping[int, Floats]
    words: Ints
    possible: npt.NDArray[Any]
    first_leaf: Ints
    leaves: Floats

    def take(self, order: Ints) -> Nodes:
        """The nodes in another order."""
        names = ("word", "column", "bound", "missing_left", "if_left", "if_right", "asked")
        return replace(self, **{name: getattr(self, name)[order] for name in names})


@dataclass(frozen=True)
class _Joined:
    """All trees' inner nodes in one numbering, and all leaves in another; children below 0 are leaves."""

    tree: Ints
    left: Ints
    right: Ints
    roots: Ints

    def spans(self, leaves: int) -> tuple[Ints, Ints, Ints, Ints]:
        """Of each node the first leaf of its left and right branch and the end, and each leaf's place in its tree,
        leaves counted from left to right."""
        levels = []
        level = self.roots[self.roots >= 0]
        while len(level):
            levels.append(level)
            children = np.concatenate([self.left[level], self.right[level]])
            level = children[children >= 0]
        count, left_count = np.ones(len(self.left), np.int64), np.ones(len(self.left), np.int64)
        for level in reversed(levels):
            counts = [
                np.where(side < 0, 1, count[np.maximum(side, 0)]) for side in (self.left[level], self.right[level])
            ]
            left_count[level], count[level] = counts[0], counts[0] + counts[1]
        first, place = np.zeros(len(self.left), np.int64), np.zeros(leaves, np.int64)
        for level in levels:
            for side, begin in ((self.left, first[level]), (self.right, first[level] + left_count[level])):
                child = side[level]
                inner = child >= 0
                first[child[inner]] = begin[inner]
                place[~child[~inner]] = begin[~inner]
        return first, first + left_count, first + count, place


def nodes_of(totals: Sequence[Sequence[Walk]], first_words: Sequence[int], bits: int) -> Nodes:
    """The nodes of some sums of trees.

    Args:
        totals: trees of each sum.
        first_words: where each sum's words begin.
        bits: of a word, 32 or 64.
    """
    trees = [tree for total in totals for tree in total]
    inner, leaf = np.array([len(t.feature) for t in trees]), np.array([len(t.leaves) for t in trees])
    first_inner, first_leaf = np.cumsum([0, *inner[:-1]]), np.cumsum([0, *leaf[:-1]])
    tree = np.repeat(np.arange(len(trees)), inner)

    def children(sides: list[Ints]) -> Ints:
        side = np.concatenate([*sides, np.empty(0, np.int64)]).astype(np.int64)
        return np.where(side < 0, side - first_leaf[tree], side + first_inner[tree])

    joined = _Joined(
        tree,
        children([t.left for t in trees]),
        children([t.right for t in trees]),
        np.where(inner > 0, first_inner, -1),
    )
    begin, middle, end, place = joined.spans(int(leaf.sum()))
    width = np.where(leaf <= bits, bits, bits - 1)  # leaves in a word
    spare = np.where(leaf <= bits, 0, 1)  # the lowest bit says "elsewhere"
    words = -(-leaf // width)
    first_word = np.concatenate(
        [
            [],
            *(
                start + np.cumsum([0, *count[:-1]])
                for start, count in zip(first_words, _by(totals, words), strict=True)
            ),
        ]
    ).astype(np.int64)
    # Each node once for every word of its tree.
    again = np.repeat(np.arange(len(tree)), words[tree])
    window = np.arange(len(again)) - np.repeat(np.cumsum(words[tree]) - words[tree], words[tree])
    of = tree[again]
    kind: Any = np.uint32 if bits == 32 else np.uint64

    def without(low: Ints, high: Ints) -> npt.NDArray[Any]:
        start, stop = (np.clip(side[again] - window * width[of], 0, width[of]) + spare[of] for side in (low, high))
        return (~(_lowest(stop) ^ _lowest(start))).astype(kind)

    every = np.repeat(np.arange(len(trees)), words)
    number = np.arange(len(every)) - np.repeat(np.cumsum(words) - words, words)
    held = np.minimum(leaf[every] - number * width[every], width[every]) + spare[every]
    values, starts = _values(trees, leaf, place, width, spare, words)
    sets = {
        int(first_inner[i]) + node: np.sort(codes).astype(np.float64)
        for i, t in enumerate(trees)
        for node, codes in t.sets.items()
    }
    left, right = without(middle, end), without(begin, middle)
    # Nodes of which neither answer rules out a leaf of the word are left out.
    full = np.iinfo(kind).max
    matters = np.flatnonzero((left != full) | (right != full))
    return Nodes(
        bits,
        first_word[of] + window,
        np.concatenate([*(t.feature for t in trees), np.empty(0, np.int64)]).astype(np.int64)[again],
        np.concatenate([*(t.threshold for t in trees), np.empty(0)])[again],
        np.concatenate([*(t.missing_left for t in trees), np.empty(0, bool)]).astype(bool)[again],
        left,
        right,
        again,
        sets,
        first_word[every] + number,
        _lowest(held).astype(kind),
        starts,
        values,
    ).take(matters)


def _lowest(count: Ints) -> npt.NDArray[np.uint64]:
    """Words of so many of the lowest bits, up to 64."""
    below = (np.uint64(1) << np.minimum(count, 63).astype(np.uint64)) - np.uint64(1)
    return np.where(count > 63, np.uint64(2**64 - 1), below)


def _by(totals: Sequence[Sequence[Walk]], words: Ints) -> list[Ints]:
    return np.split(words, np.cumsum([len(total) for total in totals])[:-1])


def _values(
    trees: Sequence[Walk], leaf: Ints, place: Ints, width: Ints, spare: Ints, words: Ints
) -> tuple[Floats, Ints]:
    """Leaves' values in the order of the words' bits, and where each word begins."""
    of = np.repeat(np.arange(len(trees)), leaf)
    size = leaf + words * spare
    first = np.cumsum([0, *size[:-1]])
    window = place // width[of]
    values = np.zeros(int(size.sum()))
    # The value of "elsewhere" is nothing.
    values[first[of] + place + (window + 1) * spare[of]] = np.concatenate([t.leaves for t in trees])
    every = np.repeat(np.arange(len(trees)), words)
    number = np.arange(len(every)) - np.repeat(np.cumsum(words) - words, words)
    return values, first[every] + number * (width + spare)[every]
