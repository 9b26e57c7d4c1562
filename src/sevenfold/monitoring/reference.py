"""From the profile in a bundle to the bins that live rows are counted in, and the training rows' counts in them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.errors import BundleError, SevenfoldError
from sevenfold.data.aspects import PICTURE_ASPECTS, aspect_name
from sevenfold.deployment.documents import canonical
from sevenfold.deployment.predictions import prediction_schema
from sevenfold.monitoring.sketches import AmongBins, Bins, CategoryBins, DateBins, NumberBins, PresenceBins
from sevenfold.monitoring.store import Reference

if TYPE_CHECKING:
    from sevenfold.data.profile import ColumnProfile

_LEAST_LABEL_ROWS = 10  # rarer labels are the most frequent ones of their column by luck as much as by nature
VALUES = "values"


@dataclass(frozen=True)
class Watched:
    """One thing that is watched: a column's values, or an aspect of them.

    Args:
        bins: where its values fall.
        counts: (cells,) training values in each.
        column: the column.
        aspect: "values", or what else is watched of them; see `data.aspects`.
    """

    bins: Bins
    counts: Ints
    column: str = ""
    aspect: str = VALUES


@dataclass(frozen=True)
class Watchlist:
    """Everything that is watched of one model.

    Args:
        columns: by the name that it is counted under.
        remembered: by column, what its aspects are computed with.
        digest: of the bins; counts in other bins are not added to these.
    """

    columns: Mapping[str, Watched]
    remembered: Mapping[str, Mapping[str, Any]]
    digest: str

    @property
    def bins(self) -> dict[str, Bins]:
        """Bins by name."""
        return {name: watched.bins for name, watched in self.columns.items()}


def watchlist(reference: Reference) -> Watchlist:
    """Inputs of the model, the target once it is known, and the predictions, with the training rows' counts.

    Raises:
        BundleError: a profile is damaged.
    """
    try:
        return _watchlist(reference)
    except SevenfoldError:
        raise
    except Exception as error:  # nothing that predicts depends on a profile: this is the first time that it is read
        raise BundleError(
            "A profile in the model file is damaged: live rows cannot be compared with it.",
            "a profile as Sevenfold writes it",
            repr(error)[:300],
            "Serve it without --store, or train again.",
        ) from error


def _watchlist(reference: Reference) -> Watchlist:
    from sevenfold.data.profile import Profile

    task, schema = reference.task, reference.schema
    everything = watched(reference.profile, schema)
    inputs = {
        name: found
        for name, found in everything.items()
        if schema[found.column].used and found.column not in task.apart
    }
    predictions = watched(reference.prediction_profile, prediction_schema(task))
    columns = {**inputs, **{name: found for name, found in predictions.items() if found.column not in schema}}
    remembered: dict[str, Mapping[str, Any]] = {}
    if reference.profile:
        for name, profile in Profile.from_json(reference.profile).columns.items():
            if any(found.column == name and found.aspect != VALUES for found in columns.values()):
                pictures = {"pictures": True} if profile.kind is Kind.IMAGE else {}
                remembered[name] = {**profile.remembered, **pictures}
    cells = {name: [*found.bins.names] for name, found in columns.items()}
    return Watchlist(columns, remembered, hashlib.sha256(canonical(cells)).hexdigest()[:16])


def watched(profile: Mapping[str, Any], schema: Schema) -> dict[str, Watched]:
    """What is watched of a profile's columns, in its order; a profile without columns gives nothing.

    Numbers, lengths of texts and of sequences fall into the profile's bins, categories and flags into their frequent
    values, dates into a range. Of ids and pictures it is the aspects that tell.

    Raises:
        BundleError: the profile is damaged.
    """
    from sevenfold.data.profile import Profile

    if not profile:
        return {}
    found: dict[str, Watched] = {}
    for name, column in Profile.from_json(profile).columns.items():
        if name not in schema:
            continue
        found[name] = _watched(column, schema[name].levels)
        for aspect, derived in column.aspects.items():
            full = aspect_name(name, aspect)
            if full not in schema:
                plain = _aspect(derived)
                among = plain.counts.copy()
                among[0] = 0
                found[full] = Watched(AmongBins(plain.bins), among, name, aspect)
    return found


def picture_aspects(reference: Reference) -> list[str]:
    """Names of the figures that a log keeps in the place of pictures."""
    return [aspect_name(c.name, a) for c in reference.schema.of_kind(Kind.IMAGE) for a in PICTURE_ASPECTS]


def _aspect(derived: ColumnProfile) -> Watched:
    if derived.kind is Kind.FLAG:
        rows = dict(derived.top)
        counts = np.array([derived.missing, rows.get("false", 0), rows.get("true", 0), 0, 0], dtype=np.int64)
        return Watched(CategoryBins(("false", "true")), counts)
    return _watched(derived, ())


def _watched(column: ColumnProfile, levels: tuple[str, ...]) -> Watched:
    present = column.rows - column.missing
    if column.kind in (Kind.NUMBER, Kind.TEXT, Kind.SEQUENCE) and column.edges:
        counts = np.array([column.missing, 0, *column.counts, 0], dtype=np.int64)
        return Watched(NumberBins(column.edges), counts, column.name)
    if column.kind is Kind.DATE and column.low is not None and column.high is not None:
        return Watched(
            DateBins(column.low, column.high), np.array([column.missing, 0, present, 0], dtype=np.int64), column.name
        )
    if column.kind in (Kind.CATEGORY, Kind.FLAG) and column.top:
        return _labels(column, levels)
    return Watched(PresenceBins(), np.array([column.missing, present], dtype=np.int64), column.name)


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
    bins = CategoryBins(tuple(label for label, _ in top), levels if complete else None)
    return Watched(bins, counts, column.name)
