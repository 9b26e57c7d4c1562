"""From the profile in a bundle to the bins that live rows are counted in, and the training rows' counts in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.core.dataset import Kind, Schema
from sevenfold.monitoring.sketches import Bins, CategoryBins, NumberBins, PresenceBins

if TYPE_CHECKING:
    from sevenfold.data.profile import ColumnProfile

_LEAST_LABEL_ROWS = 10  # rarer labels are the most frequent ones of their column by luck as much as by nature


@dataclass(frozen=True)
class Watched:
    """One column that is watched.

    Args:
        bins: where its values fall.
        counts: (cells,) training values in each.
    """

    bins: Bins
    counts: Ints


def watched(profile: Mapping[str, Any], schema: Schema) -> dict[str, Watched]:
    """The watched columns of a profile, in its order; a profile without columns gives none.

    Numbers, lengths of texts and of sequences fall into the profile's bins, categories and flags into their frequent
    values. Of dates, keys and pictures only their absence is watched: their values always move on.

    Raises:
        BundleError: the profile is damaged.
    """
    from sevenfold.data.profile import Profile

    if not profile:
        return {}
    columns = Profile.from_json(profile).columns
    return {name: _watched(column, schema) for name, column in columns.items() if name in schema}


def _watched(column: ColumnProfile, schema: Schema) -> Watched:
    present = column.rows - column.missing
    if column.kind in (Kind.NUMBER, Kind.TEXT, Kind.SEQUENCE) and column.edges:
        counts = np.array([column.missing, 0, *column.counts, 0], dtype=np.int64)
        return Watched(NumberBins(column.edges), counts)
    if column.kind in (Kind.CATEGORY, Kind.FLAG) and column.top:
        return _labels(column, schema[column.name].levels)
    return Watched(PresenceBins(), np.array([column.missing, present], dtype=np.int64))


def _labels(column: ColumnProfile, levels: tuple[str, ...]) -> Watched:
    """Training rows as they would be counted had each been a new row beside the others.

    A label that occurs once would then be an unseen one: without that, every column with many rare labels would seem
    to drift. Labels too rare to be watched by themselves are counted with the rest.
    """
    top = [(label, rows) for label, rows in column.top if rows >= _LEAST_LABEL_ROWS]
    complete = len(levels) >= (column.distinct or 0)
    unseen = column.singles if complete else 0
    rest = column.rows - column.missing - sum(rows for _, rows in top) - unseen
    counts = np.array([column.missing, *(rows for _, rows in top), rest, unseen], dtype=np.int64)
    return Watched(CategoryBins(tuple(label for label, _ in top), levels if complete else None), counts)
