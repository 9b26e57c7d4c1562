"""Trees of any number of models, walked together for one row by a few array operations.

A walk from node to node waits for memory and guesses wrong at every other node; thousands of trees take hundreds of
microseconds. Here each tree's leaves are bits of a word, and what a column's value rules out is tabled in advance:
for every interval between neighbouring thresholds the leaves that are still possible. The words that a row's columns
give are joined by "and"; one bit is left, its place is the leaf. Trees stand in blocks, so that a table has as many
intervals as the block's own thresholds make; trees of more leaves than a word has bits are cut into several words.

Idea of bits for leaves: Lucchese et al., QuickScorer, SIGIR 2015. Sums are added up in the trees' order, as the
libraries do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sevenfold.core.arrays import Floats, Ints
from sevenfold.models.trees.as_lightgbm import Walk
from sevenfold.models.trees.bank_nodes import Nodes, nodes_of
from sevenfold.models.trees.bank_places import Column, Places

Ask: TypeAlias = Callable[[Sequence[float]], list[float]]
"""From the columns of one row, NaN where missing, to the sums."""

BLOCK_TREES = 64
_EXPONENT_BIAS = 1023  # of float64: the exponent of a word with one bit is the bit's place


@dataclass(frozen=True)
class Total:
    """One sum.

    Args:
        trees: in order of addition, at least one; their columns are the bank's.
        single: added up in float32.
    """

    trees: tuple[Walk, ...]
    single: bool


@dataclass(frozen=True)
class _Group:
    """Sums of about the same length, which are added up together.

    Args:
        start, end: their places among all trees' leaves.
        sums: how many.
        single: added up in float32.
    """

    start: int
    end: int
    sums: int
    single: bool


@dataclass(frozen=True)
class TreeBank:
    """Tables of all trees. Threads may share it.

    Args:
        columns: that are asked about.
        table: (rows, BLOCK_TREES) leaves that are still possible; the last row rules nothing out.
        start: (blocks, BLOCK_TREES) all leaves of each tree.
        order: (steps, blocks) places among the columns' rows.
        offset: (blocks, BLOCK_TREES) first leaf's place in `leaves`, less the exponent's bias.
        leaves: values.
        groups: of sums.
        sums: place of each sum among those of all groups.
    """

    columns: tuple[Column, ...]
    table: npt.NDArray[Any]
    start: npt.NDArray[Any]
    order: Ints
    offset: Ints
    leaves: Floats
    groups: tuple[_Group, ...]
    sums: tuple[int, ...]

    @classmethod
    def of(cls, totals: Sequence[Total], most_bytes: float) -> TreeBank | None:
        """The bank of some sums; None where its tables would be larger than so many bytes."""
        blocks = [-(-_words(total) // BLOCK_TREES) for total in totals]
        # Long sums first, so that neighbours are of about the same length and few places are left empty.
        by_length = sorted(range(len(totals)), key=lambda i: (totals[i].single, -blocks[i]))
        groups: list[_Group] = []
        first: list[int] = [0] * len(totals)
        sums = [0] * len(totals)
        end = 0
        at = 0
        while at < len(by_length):
            longest, single = blocks[by_length[at]], totals[by_length[at]].single
            members = [i for i in by_length[at:] if totals[i].single == single and 4 * blocks[i] >= 3 * longest]
            for number, i in enumerate(members):
                first[i], sums[i] = end + number * longest, at + number
            size = len(members) * longest
            groups.append(_Group(end * BLOCK_TREES, (end + size) * BLOCK_TREES, len(members), single))
            end, at = end + size, at + len(members)
        nodes = nodes_of([total.trees for total in totals], [place * BLOCK_TREES for place in first], _bits(totals))
        made = _tables(nodes, end, most_bytes)
        if made is None:
            return None
        columns, table, order = made
        start = np.ones(end * BLOCK_TREES, dtype=table.dtype)
        offset = np.full(end * BLOCK_TREES, len(nodes.leaves), dtype=np.int64)  # places without a tree add nothing
        start[nodes.words], offset[nodes.words] = nodes.possible, nodes.first_leaf
        shape = (end, BLOCK_TREES)
        return cls(
            columns,
            table,
            start.reshape(shape),
            order,
            offset.reshape(shape) - _EXPONENT_BIAS,
            np.append(nodes.leaves, 0.0),
            tuple(groups),
            tuple(sums),
        )

    def asker(self) -> Ask:
        """A function from one row's columns to the sums; each thread gets arrays of its own."""
        found_in, order = Places.of(self.columns, len(self.table) - 1), self.order.ravel()
        places_of = found_in.asker(order)
        start, leaves, groups = self.start.ravel(), self.leaves, self.groups
        offset, sums, kind, table = self.offset.ravel(), self.sums, self.start.dtype, self.table
        steps, words = len(self.order), len(start)
        local = threading.local()
        every, both, take, moved = np.bitwise_and.reduce, np.bitwise_and, table.take, np.int64
        in_turn = np.add.accumulate

        def ask(values: Sequence[float]) -> list[float]:
            try:
                found, left, by_step = local.own
            except AttributeError:
                found, left = np.empty((steps * len(self.start), BLOCK_TREES), kind), np.empty(words, kind)
                by_step = found.reshape(steps, words)
                local.own = found, left, by_step
            take(places_of(values), 0, found, "clip")
            every(by_step, 0, None, left)
            both(left, start, left)
            places = left.astype(np.float64).view(moved)
            places >>= 52
            places += offset
            reached = leaves.take(places)
            made: list[float] = []
            for group in groups:
                part = reached[group.start : group.end].reshape(group.sums, -1)
                if group.single:
                    part = part.astype(np.float32)
                made += in_turn(part, axis=1)[:, -1].tolist()
            return [made[place] for place in sums]

        return ask


def _bits(totals: Sequence[Total]) -> int:
    """Leaves in a word."""
    return 32 if all(len(tree.leaves) <= 32 for total in totals for tree in total.trees) else 64


def _words(total: Total) -> int:
    # Of a tree in several words each needs a bit that says "elsewhere".
    return sum(1 if len(tree.leaves) <= 64 else -(-len(tree.leaves) // 63) for tree in total.trees)


def _tables(nodes: Nodes, blocks: int, most_bytes: float) -> tuple[tuple[Column, ...], npt.NDArray[Any], Ints] | None:
    """Columns with their rows, the table, and which of the rows each step takes for each block."""
    kind: Any = np.uint32 if nodes.bits == 32 else np.uint64
    block = nodes.word // BLOCK_TREES
    by_cell = np.lexsort((nodes.bound, block, nodes.column))
    nodes, block = nodes.take(by_cell), block[by_cell]
    changes = (np.diff(nodes.column) != 0) | (np.diff(block) != 0)
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1]) if len(block) else np.empty(0, np.int64)
    distinct = int((changes | (np.diff(nodes.bound) != 0)).sum()) + len(starts)
    # Sets of categories have two bounds for each run of codes; others have none of their own.
    distinct += 2 * sum(len(codes) + 1 for codes in nodes.sets.values())
    if (distinct + 3 * len(starts)) * BLOCK_TREES * np.dtype(kind).itemsize > most_bytes:
        return None
    parts: list[npt.NDArray[Any]] = []
    height = 0
    columns: list[Column] = []
    steps: list[list[int]] = [[] for _ in range(blocks)]
    ends = np.append(starts[1:], len(block))
    place = cell = 0
    while cell < len(starts):
        column = int(nodes.column[starts[cell]])
        cells = [cell]
        while cells[-1] + 1 < len(starts) and nodes.column[starts[cells[-1] + 1]] == column:
            cells.append(cells[-1] + 1)
        own = [_cell(nodes, int(starts[c]), int(ends[c]), kind) for c in cells]
        bounds = np.unique(np.concatenate([of_cell for of_cell, _ in own]))
        rows = np.empty((len(bounds) + 2, len(own)), dtype=np.int32)
        for number, (of_cell, table) in enumerate(own):
            rows[0, number] = height
            rows[1:-1, number] = height + of_cell.searchsorted(bounds, side="right")
            rows[-1, number] = height + len(table) - 1
            height += len(table)
            parts.append(table)
            steps[int(block[starts[cells[number]]])].append(place + number)
        columns.append(Column(column, bounds.tolist(), rows))
        place += len(own)
        cell = cells[-1] + 1
    parts.append(np.full((1, BLOCK_TREES), np.iinfo(kind).max, dtype=kind))
    deepest = max(map(len, steps), default=0)
    order = np.array([own + [place] * (deepest - len(own)) for own in steps], dtype=np.int64)
    return tuple(columns), np.concatenate(parts), np.ascontiguousarray(order.T)


def _cell(nodes: Nodes, start: int, end: int, kind: Any) -> tuple[Floats, npt.NDArray[Any]]:
    """Bounds of one block's questions about one column, and the leaves left possible in each interval and by NaN."""
    lane = nodes.word[start:end] % BLOCK_TREES
    if_left, if_right = nodes.if_left[start:end], nodes.if_right[start:end]
    sets = {number: nodes.sets[int(of)] for number, of in enumerate(nodes.asked[start:end]) if int(of) in nodes.sets}
    plain = np.array([number not in sets for number in range(end - start)]) if sets else np.ones(end - start, bool)
    own = nodes.bound[start:end]
    edges = [np.concatenate([codes - 0.5, codes + 0.5]) for codes in sets.values()]
    bounds = np.unique(np.concatenate([own[plain], *edges]))
    full = np.iinfo(kind).max
    below = np.full((len(bounds) + 1, BLOCK_TREES), full, dtype=kind)
    above = below.copy()
    # In interval b the value is at most bound b: nodes of this and higher bounds go left, those of lower ones right.
    at = bounds.searchsorted(own[plain])
    np.bitwise_and.at(below, (at, lane[plain]), if_left[plain])
    np.bitwise_and.at(above, (at + 1, lane[plain]), if_right[plain])
    table = np.bitwise_and.accumulate(below[::-1], axis=0)[::-1] & np.bitwise_and.accumulate(above, axis=0)
    missing = np.full((1, BLOCK_TREES), full, dtype=kind)
    goes_left = nodes.missing_left[start:end] & plain
    np.bitwise_and.at(missing[0], lane, np.where(goes_left, if_left, if_right))
    if sets:
        highest = np.append(bounds, np.max(bounds, initial=0.0) + 1.0)
        inside = np.floor(highest)  # the one code, or one of the alike codes, that lies in the interval
        for number, codes in sets.items():
            into = np.isin(inside, codes)
            table[:, lane[number]] &= np.where(into, if_left[number], if_right[number])
    return bounds, np.concatenate([table, missing])
