"""Trees of all members walked together, where that is quicker than each model by itself and gives the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sevenfold.core.inputs import Form
from sevenfold.deployment.compiled.predict import ModelAt
from sevenfold.deployment.compiled.steps import Program, Row, same
from sevenfold.models.trees.bank import Total, TreeBank
from sevenfold.models.trees.summed import SummedTrees, Sums

MOST_BYTES = 64e6
LEAST_SECONDS = 15e-6  # for one row: what a bank takes at least
MOST_TRIES = 2

_Place: TypeAlias = tuple[int, int]
"""Slot and place within its list."""


@dataclass(frozen=True)
class Tried:
    """A model that has been tried by itself.

    Args:
        model: in its quickest form.
        expected: what it predicts for the sample rows.
        seconds: for one row; infinite in its frame form.
    """

    model: ModelAt
    expected: Sequence[list[float]]
    seconds: float


def share_trees(
    program: Program, tried: Sequence[Tried], rows: Sequence[Row], seconds: Callable[[Any, Sequence[Any]], float]
) -> None:
    """Have the trees of several models walked together, if the models then predict the same in less time.

    Args:
        program: gets one more computation.
        tried: all models.
        rows: working sets of the sample rows.
        seconds: what a function takes for one of some arguments.
    """
    chosen = _chosen(tried)
    tries = 0
    while sum(one.seconds for one, _ in chosen) > LEAST_SECONDS and tries < MOST_TRIES:
        made = _bank([one for one, _ in chosen], [sums for _, sums in chosen])
        # Tables grow with leaves: the model goes that gains least for its own.
        fewer = sorted(chosen, key=lambda pair: pair[0].seconds / _leaves(pair[1]))[1:]
        if made is None:
            chosen = [pair for pair in chosen if pair in fewer]
            continue
        tries += 1
        found = [made(row) for row in rows]
        good = [
            all(same(sums.finish(row[number]), wanted) for row, wanted in zip(found, one.expected, strict=True))
            for number, (one, sums) in enumerate(chosen)
        ]
        if not all(good):
            chosen = [pair for pair, right in zip(chosen, good, strict=True) if right]
            continue
        finishes = [sums.finish for _, sums in chosen]

        def together(row: Row, made: Any = made, finishes: Any = finishes) -> Any:
            return [finish(sums) for finish, sums in zip(finishes, made(row), strict=True)]

        if seconds(together, rows) < seconds(_apart([one.model for one, _ in chosen]), rows):
            slot = program.add_late(made)
            for number, (one, sums) in enumerate(chosen):
                one.model.take_sums(slot, number, sums.finish)
            return
        chosen = [pair for pair in chosen if pair in fewer]


def _apart(models: Sequence[ModelAt]) -> Callable[[Row], Any]:
    """Each model by itself, one after the other: they take each other's place in the nearest caches, so that all
    together take more time than each that is asked again and again."""
    own = [(model.predict, model.gather) for model in models]
    return lambda row: [predict(gather(row)) for predict, gather in own]


def _leaves(sums: Sums) -> int:
    return sum(len(tree.leaves) for trees in sums.totals for tree in trees)


def _chosen(tried: Sequence[Tried]) -> list[tuple[Tried, Sums]]:
    pairs = []
    for one in tried:
        model = one.model.pipeline.model
        dense = all(at.block.form is not Form.SPARSE for at in one.model.outputs)
        sums = model.row_sums() if isinstance(model, SummedTrees) and dense else None
        if sums is not None:
            pairs.append((one, sums))
    return pairs


def _bank(models: Sequence[Tried], sums: Sequence[Sums]) -> Callable[[Row], list[list[float]]] | None:
    """From the working set to each model's sums; None where the tables would be too large."""
    columns = [_columns(one.model) for one in models]
    slots = {form: sorted({slot for of in columns for at, (slot, _) in of if at is form}) for form in _FORMS}
    widths = {at.slot: int(at.block.values.shape[1]) for one in models for at in one.model.outputs}
    begin: dict[int, int] = {}
    for slot in (*slots[Form.NUMBERS], *slots[Form.CATEGORIES]):
        begin[slot] = sum(widths[earlier] for earlier in begin)
    totals: list[Total] = []
    for of, made in zip(columns, sums, strict=True):
        place = [begin[slot] + number for _, (slot, number) in of]
        for trees in made.totals:
            moved = (replace(tree, feature=_moved(tree.feature, place)) for tree in trees)
            totals.append(Total(tuple(moved), made.single))
    bank = TreeBank.of(totals, MOST_BYTES)
    if bank is None:
        return None
    ask, numbers, codes = bank.asker(), slots[Form.NUMBERS], slots[Form.CATEGORIES]
    counts = [len(made.totals) for made in sums]
    ends = [sum(counts[: number + 1]) for number in range(len(counts))]
    spans = [(end - count, end) for end, count in zip(ends, counts, strict=True)]

    def compute(row: Row) -> list[list[float]]:
        values: list[float] = []
        for slot in numbers:
            values += row[slot]
        for slot in codes:
            values += [code if code >= 0 else math.nan for code in row[slot]]
        found = ask(values)
        return [found[start:end] for start, end in spans]

    return compute


_FORMS = (Form.NUMBERS, Form.CATEGORIES)


def _columns(model: ModelAt) -> list[tuple[Form, _Place]]:
    """Where each column of the model's table comes from: numbers first, then codes, as `table.tree_table` has them."""
    return [
        (form, (at.slot, number))
        for form in _FORMS
        for at in model.outputs
        if at.block.form is form
        for number in range(int(at.block.values.shape[1]))
    ]


def _moved(feature: Any, place: Sequence[int]) -> Any:
    import numpy as np

    return np.array(place, dtype=np.int64)[feature]
