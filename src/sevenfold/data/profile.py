"""What each column looks like in the training data, frozen: monitoring compares with it, the report shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.errors import BundleError
from sevenfold.data.aspects import NEW_IDS, aspect_name, learn
from sevenfold.data.profile_form import check_column

if TYPE_CHECKING:
    import polars as pl

BINS = 20
TOP = 50
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
EXAMPLES = 5
_SHARES = np.concatenate([np.array(QUANTILES), np.linspace(0.0, 1.0, BINS + 1)])


@dataclass(frozen=True)
class ColumnProfile:
    """One column of the training data.

    Args:
        name: the column.
        kind: what it is.
        rows: rows in all.
        missing: rows without a value.
        distinct: different values, None where they are not counted (pictures, sequences).
        examples: a few values as text, in the order in which they first occur.
        low, high, mean, deviation: of numbers; of dates in seconds since 1970; of text lengths in characters; of
            sequences in length. The deviation divides by the number of values.
        quantiles: at 1, 5, 25, 50, 75, 95 and 99 %, by linear interpolation.
        edges: ascending edges of up to 20 bins that hold about the same number of training values each. A bin holds
            its lower edge and not its upper one, but the last bin holds both.
        counts: training values in each bin, one less than edges.
        top: the 50 most frequent labels of categories, flags and ids, with their rows.
        rest: rows with any other label.
        singles: labels that occur once. Their share of the rows is about the share of new rows whose label has never
            been seen (Good 1953).
        aspects: profiles of numbers and flags derived from the values, see `data.aspects`.
        remembered: what aspects of new rows are computed with: frequent words, hashes of ids.
    """

    name: str
    kind: Kind
    rows: int
    missing: int
    distinct: int | None = None
    examples: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    deviation: float | None = None
    quantiles: tuple[float, ...] = ()
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    top: tuple[tuple[str, int], ...] = ()
    rest: int = 0
    singles: int = 0
    aspects: Mapping[str, ColumnProfile] = field(default_factory=dict)
    remembered: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data, the inverse of `from_json`."""
        plain = {**asdict(self), "kind": str(self.kind), "top": [list(pair) for pair in self.top]}
        plain["aspects"] = {name: aspect.to_json() for name, aspect in self.aspects.items()}
        return plain

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ColumnProfile:
        """The profile that `to_json` wrote.

        Raises:
            ValueError, KeyError, TypeError: it is another form; see `profile_form`.
        """
        values = dict(data)
        check_column(values)
        values["kind"] = Kind(values["kind"])
        for key in ("examples", "quantiles", "edges", "counts"):
            values[key] = tuple(values[key])
        values["top"] = tuple((label, count) for label, count in values["top"])
        aspects = values.get("aspects", {})  # bundles of older versions have none
        values["aspects"] = {name: cls.from_json(aspect) for name, aspect in aspects.items()}
        remembered = values.get("remembered", {})
        values["remembered"] = {n: tuple(v) if isinstance(v, list) else v for n, v in remembered.items()}
        return cls(**values)


@dataclass(frozen=True)
class Profile:
    """Every column's profile, in schema order.

    Args:
        rows: rows of the table.
        columns: profile by column.
    """

    rows: int
    columns: Mapping[str, ColumnProfile] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data, the inverse of `from_json`."""
        return {"rows": self.rows, "columns": [column.to_json() for column in self.columns.values()]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Profile:
        """The profile that `to_json` wrote."""
        try:
            columns = [ColumnProfile.from_json(column) for column in data["columns"]]
            return cls(int(data["rows"]), {column.name: column for column in columns})
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise BundleError("A stored profile is damaged.", "what Profile.to_json wrote", repr(error)) from error


def profile(table: pl.DataFrame, schema: Schema) -> Profile:
    """The profile of a typed table: exact, one pass or two a column."""
    return Profile(table.height, {c.name: profile_column(table.get_column(c.name), c) for c in schema})


def profile_column(series: pl.Series, column: Column) -> ColumnProfile:
    """The profile of one typed column, its aspects included."""
    remembered, derived = learn(series, column.kind) if column.used else ({}, {})
    made: dict[str, ColumnProfile] = {}
    for aspect, values in derived.items():
        kind = Kind.FLAG if aspect == NEW_IDS else Kind.NUMBER
        made[aspect] = _profile_values(values, Column(aspect_name(column.name, aspect), kind))
    plain = _profile_values(series, column)
    return replace(plain, aspects=made, remembered=remembered) if made else plain


def _profile_values(series: pl.Series, column: Column) -> ColumnProfile:
    import polars as pl

    present = series.drop_nulls() if series.null_count() else series
    basics: dict[str, Any] = {"rows": len(series), "missing": series.null_count()}
    if column.kind is Kind.IMAGE:
        return ColumnProfile(column.name, column.kind, **basics)
    if column.kind is Kind.SEQUENCE:
        return ColumnProfile(column.name, column.kind, **basics, **_numbers(present.list.len().cast(pl.Float64)))
    basics["examples"] = _examples(present)
    if column.kind is Kind.NUMBER:
        values = np.sort(present.to_numpy())
        basics["distinct"] = int(np.count_nonzero(values[1:] != values[:-1])) + 1 if len(values) else 0
        return ColumnProfile(column.name, column.kind, **basics, **_of_sorted(values))
    basics["distinct"] = present.n_unique() if len(present) else 0
    if column.kind is Kind.DATE:
        seconds = present.dt.epoch("us").cast(pl.Float64) / 1e6
        return ColumnProfile(column.name, column.kind, **basics, **_numbers(seconds))
    if column.kind is Kind.TEXT:
        return ColumnProfile(column.name, column.kind, **basics, **_numbers(present.str.len_chars().cast(pl.Float64)))
    return ColumnProfile(column.name, column.kind, **basics, **_labels(present.cast(pl.String)))


def bin_edges(values: Floats, bins: int = BINS) -> Floats:
    """Edges of quantile bins: at most `bins` + 1, ascending; two equal ones where there is one value only.

    `values` (rows,) has no missing ones and may be in any order.
    """
    if not len(values):
        return np.empty(0)
    return _edges(np.quantile(values, np.linspace(0.0, 1.0, bins + 1)))


def _edges(quantiles: Floats) -> Floats:
    edges = np.unique(quantiles)
    return np.repeat(edges, 2) if len(edges) == 1 else edges


def _quantiles(values: Floats, shares: Floats) -> Floats:
    """What `numpy.quantile` gives of sorted values, without its price for each column."""
    place = (len(values) - 1) * shares
    below = np.floor(place).astype(np.int64)
    low, high = values[below], values[np.minimum(below + 1, len(values) - 1)]
    part, step = place - below, high - low
    found: Floats = np.where(part >= 0.5, high - step * (1 - part), low + step * part)
    return found


def bin_counts(values: Floats, edges: Floats) -> Ints:
    """Values under the first edge, in each bin, and over the last: (edges + 1,), or (0,) without edges.

    NaN is not counted; infinities fall under or over.
    """
    if not len(edges):
        return np.empty(0, dtype=np.int64)
    given = values[~np.isnan(values)]
    place = np.searchsorted(edges, given, side="right")
    place[given == edges[-1]] = len(edges) - 1
    if len(edges) == 2 and edges[0] == edges[1]:
        place = np.where(given < edges[0], 0, np.where(given > edges[0], 2, 1))
    return np.bincount(place, minlength=len(edges) + 1).astype(np.int64)


def _numbers(present: pl.Series) -> dict[str, Any]:
    return _of_sorted(np.sort(present.to_numpy()))


def _of_sorted(values: Floats) -> dict[str, Any]:
    """Quantiles and bins of sorted values are cheap."""
    if not len(values):
        return {}
    found = _quantiles(values, _SHARES)
    edges = _edges(found[len(QUANTILES) :])
    return {
        "low": float(values.min()),
        "high": float(values.max()),
        "mean": float(values.mean()),
        "deviation": float(values.std()),
        "quantiles": tuple(found[: len(QUANTILES)].tolist()),
        "edges": tuple(edges.tolist()),
        "counts": tuple(bin_counts(values, edges)[1:-1].tolist()),
    }


def _labels(present: pl.Series) -> dict[str, Any]:
    import polars as pl

    counted = pl.DataFrame({"label": present}).group_by("label").len().sort(["len", "label"], descending=[True, False])
    head = counted.head(TOP)
    top = tuple((str(label), int(rows)) for label, rows in head.iter_rows())
    rest = int(len(present) - sum(rows for _, rows in top))
    return {"top": top, "rest": rest, "singles": int((counted.get_column("len") == 1).sum())}


def _examples(present: pl.Series) -> tuple[str, ...]:
    """The first few different values."""
    for rows in (4 * EXAMPLES, 1_000):
        different = list(dict.fromkeys(present.head(rows).to_list()))[:EXAMPLES]
        if len(different) == EXAMPLES:
            break
    return tuple(_short(value) for value in different)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"
