"""Split by chance: units (rows, groups, copies) dealt to test and folds, each class in its proportion."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Flags, Ints
from sevenfold.core.context import Streams
from sevenfold.core.errors import DataError
from sevenfold.core.task import Target, Task
from sevenfold.data.split.base import Fold, Notes, Split
from sevenfold.data.split.count import Count, count_folds
from sevenfold.data.split.deal import deal
from sevenfold.data.split.units import rarest_stratum, strata_of

_QUANTILE_STRATA_ROWS = 20_000
_SINGLE_VALID_SHARE = 0.1


def split_by_chance(
    units: Ints, task: Task, target: Target, rows: Ints, streams: Streams, notes: Notes, folds: int | None, share: float
) -> Split:
    """The split of `units` (a number for each of `rows`; equal ones stay together); `share` of the rows test.

    Raises:
        DataError: too few units.
    """
    classification = target.goal.is_classification
    stratified = classification or len(rows) < _QUANTILE_STRATA_ROWS
    if stratified:
        strata = strata_of(target.values, classification, len(rows))
    else:
        strata = np.zeros(len(rows), dtype=np.int64)
    sizes = np.bincount(units).astype(np.int64)
    if len(sizes) < 4:
        raise DataError(
            "There are too few groups to train, validate and test on.",
            "at least 4",
            str(len(sizes)),
            "Name no --group.",
        )
    of_unit = rarest_stratum(units, strata)
    in_train = np.ones(len(sizes), dtype=np.bool_)
    if share:
        free = _spare_units(units, target, of_unit)
        stream = streams.generator("split", "test")
        parts = deal(of_unit[free], sizes[free], np.array([1 - share, share]), stream)
        in_train[free[parts == 1]] = False
        in_train |= _sole_holders(units, target, ~in_train)
    train = np.flatnonzero(in_train[units])
    test = np.flatnonzero(~in_train[units])
    if share and not len(test):
        raise DataError("No rows are left to test on.", "more rows of each class", f"{len(rows)} rows", "Add rows.")
    count = count_folds(len(train), folds)
    made = _folds(units, sizes, of_unit, in_train, target, rows, streams, count, notes)
    word = {True: "stratified by class", False: "stratified by tenths of the target" if stratified else "shuffled"}
    strategy = "group" if task.group is not None else ("stratified" if classification else "shuffled")
    notes.reasons.append(f"{word[classification]}; {count.reason}")
    return Split(
        rows[train].astype(np.int64),
        rows[test].astype(np.int64),
        made,
        strategy,
        tuple(notes.reasons),
        tuple(notes.findings),
        count.repeats,
        task.group,
    )


def _folds(
    units: Ints,
    sizes: Ints,
    of_unit: Ints,
    in_train: Flags,
    target: Target,
    rows: Ints,
    streams: Streams,
    count: Count,
    notes: Notes,
) -> tuple[Fold, ...]:
    free = _spare_units(units, target, of_unit, in_train)
    number = min(count.folds, len(free))
    if (count.folds > 1 and number < 2) or number < 1:
        raise DataError(
            "There is nothing to validate on.",
            "several rows (or groups) of each class",
            f"{int(in_train.sum())} of them, hardly two alike",
            "Add rows, or name no --group.",
        )
    shares = np.full(number, 1 / number) if number > 1 else np.array([1 - _SINGLE_VALID_SHARE, _SINGLE_VALID_SHARE])
    folds: list[Fold] = []
    pinned = 0
    train_of_row = in_train[units]
    for repeat in range(count.repeats):
        fold_of = np.full(len(sizes), -1, dtype=np.int64)
        fold_of[free] = deal(of_unit[free], sizes[free], shares, streams.generator("split", "folds", repeat))
        for fold in range(number) if number > 1 else (1,):
            chosen = fold_of == fold
            chosen &= ~_sole_holders(units, target, chosen, in_train)
            valid = chosen[units]
            if valid.any():
                folds.append(Fold(rows[train_of_row & ~valid].astype(np.int64), rows[valid].astype(np.int64)))
        pinned = int(sizes[in_train].sum()) - int(sizes[free].sum())
    if pinned:
        notes.reasons.append(f"{pinned:,} rows of classes that occur only once are always in training")
    return tuple(folds)


def _spare_units(units: Ints, target: Target, of_unit: Ints, within: Flags | None = None) -> Ints:
    """Units that may leave training: not the only one of some class."""
    everything = np.ones(len(of_unit), dtype=np.bool_) if within is None else within
    if not target.goal.is_classification:
        return np.flatnonzero(everything)
    pairs = np.unique(units * target.classes + target.codes)
    unit, code = pairs // target.classes, pairs % target.classes
    inside = everything[unit]
    holders = np.bincount(code[inside], minlength=target.classes)
    only = np.zeros(len(of_unit), dtype=np.bool_)
    only[unit[inside & (holders[code] == 1)]] = True
    return np.flatnonzero(everything & ~only)


def _sole_holders(
    units: Ints,
    target: Target,
    chosen: Flags,
    within: Flags | None = None,
) -> Flags:
    """(units,) chosen units that must stay in training, since it would otherwise lack one of their classes."""
    none = np.zeros(len(chosen), dtype=np.bool_)
    if not target.goal.is_classification:
        return none
    everything = np.ones(len(chosen), dtype=np.bool_) if within is None else within
    present = np.bincount(target.codes[everything[units]], minlength=target.classes)
    left = np.bincount(target.codes[(everything & ~chosen)[units]], minlength=target.classes)
    lost = (present > 0) & (left == 0)
    if not lost.any():
        return none
    none[units[lost[target.codes] & chosen[units]]] = True
    return none
