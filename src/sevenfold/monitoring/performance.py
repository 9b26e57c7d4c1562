"""Real performance, once labels have come: which logged row each belongs to, and the metrics of those rows."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.context import Streams
from sevenfold.core.dataset import Kind
from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.metric import Metric, Needs
from sevenfold.core.report import Score
from sevenfold.core.task import Goal
from sevenfold.monitoring.coverage import coverage_of
from sevenfold.monitoring.store import Reference

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.core.arrays import Floats, Ints
    from sevenfold.monitoring.drift import ColumnDrift
    from sevenfold.monitoring.rows import LoggedRows

_LEAST_MEASURED = 30
_LEAST_SLICED = 200
REQUEST = "request_id"
ROW = "row"


@dataclass(frozen=True)
class Performance:
    """How the model has done on the rows whose labels have come.

    Args:
        joined_by: "request_id", the id column's name, "inputs" or "order".
        rows: logged rows with a label.
        unlabelled: logged rows without one.
        unmatched: labels that belong to no logged row.
        contradictory: rows left out because their labels contradict each other.
        metrics: value with its 95 % interval.
        slices: parts of the rows on which the task's metric is clearly worse, luck allowed for over all parts.
        coverage: how often sets or intervals held the truth, see `monitoring.coverage`; empty where there are none.
    """

    joined_by: str
    rows: int
    unlabelled: int
    unmatched: int
    contradictory: int
    metrics: Mapping[str, Score] = field(default_factory=dict)
    slices: tuple[Mapping[str, Any], ...] = ()
    coverage: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "joined_by": self.joined_by,
            "rows": self.rows,
            "unlabelled": self.unlabelled,
            "unmatched": self.unmatched,
            "contradictory": self.contradictory,
            "metrics": {name: score.to_json() for name, score in self.metrics.items()},
            "slices": [dict(piece) for piece in self.slices],
            "coverage": dict(self.coverage),
        }


@dataclass(frozen=True)
class Joined:
    """Labels beside logged rows.

    Args:
        by: how they were joined.
        places: (rows,) number of the label row for each logged row, -1 for none, -2 where labels contradict.
        unmatched: labels without a logged row.
    """

    by: str
    places: Ints
    unmatched: int


def performance(labels: Any, logged: LoggedRows, reference: Reference) -> tuple[Performance, Floats]:
    """Join labels to logged rows and measure; also (rows,) the true value of each logged row, NaN where unknown.

    Args:
        labels: anything that `data.readers` reads, with the target's column and: `request_id` (and `row`, for requests
            of several rows), or the id column, or all inputs, or as many rows as were logged, in their order.
        logged: rows of the log.
        reference: of the model that predicted them.
    Raises:
        RequestError: nothing tells which label belongs to which row.
        DataError: the labels lack the target, or none of them can be read.
    """
    from sevenfold.data.clean import conform
    from sevenfold.data.target import EVENT, encode
    from sevenfold.monitoring.rows import with_digests

    raw = _read(labels, reference)
    task = reference.task
    if task.target not in raw.columns and task.target != EVENT:
        raise DataError(
            "The labels lack the target.", f"a column '{task.target}'", ", ".join(raw.columns), "Name the column so."
        )
    table = with_digests(conform(raw, reference.schema).table, reference.schema)
    target, rows = encode(table, task)
    truth = np.full(table.height, np.nan)
    truth[rows] = target.values
    joined = join(raw, table, truth, logged, reference)
    known = np.flatnonzero(joined.places >= 0)
    known = known[~np.isnan(truth[joined.places[known]])]
    contradictory = int((joined.places == -2).sum())
    measured = _metrics(truth[joined.places[known]], logged, known, reference) if len(known) else {}
    unlabelled = logged.rows - len(known) - contradictory
    of_rows = np.full(logged.rows, np.nan)
    of_rows[known] = truth[joined.places[known]]
    slices = _slices(of_rows, logged, known, reference) if len(known) >= _LEAST_SLICED else ()
    covered = coverage_of(of_rows, logged, known, reference)
    made = Performance(joined.by, len(known), unlabelled, joined.unmatched, contradictory, measured, slices, covered)
    return made, of_rows


def score_of(truth: Floats, logged: LoggedRows, places: Ints, reference: Reference) -> Score | None:
    """The task's metric on some logged rows; None where they are too few or do not define it."""
    from sevenfold.evaluation.intervals import interval
    from sevenfold.evaluation.metrics.catalogue import metric_for

    metric = metric_for(reference.task, None)
    if len(places) < _LEAST_MEASURED:
        return None
    predicted = _form(metric, logged, reference)
    if predicted is None:
        return None
    stream = Streams(0).generator("monitor", "window")
    try:
        return interval(metric, truth[places], predicted[places], stream, draws=100)
    except DataError:
        return None


def label_drift(
    truth: Floats, reference: Reference, *, alpha: float, least_effect: float, least_rows: int
) -> list[ColumnDrift]:
    """Whether the target itself is distributed otherwise than in training."""
    import polars as pl

    from sevenfold.data.classes import spelled
    from sevenfold.monitoring.drift import drift
    from sevenfold.monitoring.reference import watched

    task = reference.task
    found = watched(reference.profile, reference.schema).get(task.target)
    known = truth[~np.isnan(truth)]
    if found is None or not len(known):
        return []
    if task.classes:
        names = spelled(task.classes)
        series = pl.Series([names[int(code)] for code in known], dtype=pl.String)
    else:
        series = pl.Series(known, dtype=pl.Float64)
    counts = found.bins.count(series)
    counts[0] = 0  # rows whose label has not come are not missing
    return drift(
        {task.target: found.counts * (np.arange(len(counts)) > 0)}, {task.target: counts},
        {task.target: found.bins.names}, alpha=alpha, least_effect=least_effect, least_rows=least_rows,
        ordered=[task.target] if found.bins.ordered else (),
    )  # fmt: skip


def _slices(truth: Floats, logged: LoggedRows, known: Ints, reference: Reference) -> tuple[Mapping[str, Any], ...]:
    from sevenfold.evaluation.evaluate import slice_columns
    from sevenfold.evaluation.metrics.catalogue import metric_for
    from sevenfold.evaluation.slices import score_slices

    metric = metric_for(reference.task, None)
    predicted = _form(metric, logged, reference)
    if predicted is None:
        return ()
    schema = reference.schema
    table = logged.inputs[known].select(n for n in logged.inputs.columns if n in schema)
    table = table.select(n for n in table.columns if schema[n].kind not in (Kind.IMAGE, Kind.ID))
    columns = slice_columns(schema, reference.task, table)
    stream = Streams(0).generator("monitor", "slices")
    try:
        found = score_slices(metric, truth[known], predicted[known], table, schema, columns, stream)
    except DataError:
        return ()
    return tuple(piece.to_json() for piece in found if piece.significant and piece.worse > 0)[:10]


def join(raw: pl.DataFrame, table: pl.DataFrame, truth: Floats, logged: LoggedRows, reference: Reference) -> Joined:
    """Which label belongs to which logged row; the surest way that the columns allow."""
    task = reference.task
    if REQUEST in raw.columns:
        return _by_request(raw, truth, logged)
    if task.id is not None and task.id in raw.columns and task.id in logged.inputs.columns:
        keys = table.get_column(task.id).to_list()
        return _by_key(task.id, keys, logged.inputs.get_column(task.id).to_list(), truth)
    inputs = [c for c in logged.inputs.columns if c in raw.columns and c != task.target and reference.schema[c].used]
    wanted = [c.name for c in reference.schema if c.used and c.name in logged.inputs.columns and c.name != task.target]
    if inputs and len(inputs) == len(wanted):
        found = _by_content(table.select(inputs).rows(), logged.inputs.select(inputs).rows())
        if table.height != logged.rows or (found.places >= 0).mean() > 0.5:
            return found
    if table.height == logged.rows:
        return Joined("order", np.arange(logged.rows), 0)
    raise RequestError(
        "Nothing tells which label belongs to which logged row.",
        f"a column '{REQUEST}', the id column, all input columns, or exactly {logged.rows} rows in the log's order",
        f"{table.height} rows with " + ", ".join(raw.columns),
        "Add one of these to the labels.",
    )


def _read(labels: Any, reference: Reference) -> pl.DataFrame:
    from sevenfold.data.readers.read import read

    try:
        return read(labels, target=reference.task.target, like=dict(reference.source) or None).frame
    except DataError:  # labels may well be written in another way than the training data
        return read(labels, target=reference.task.target).frame


def _by_request(raw: pl.DataFrame, truth: Floats, logged: LoggedRows) -> Joined:
    import polars as pl

    requests = raw.get_column(REQUEST).cast(pl.String).to_list()
    if ROW in raw.columns:
        numbers = raw.get_column(ROW).cast(pl.Int64, strict=False).to_list()
        return _by_key(REQUEST, list(zip(requests, numbers, strict=True)), logged.keys, truth)
    if len(set(logged.requests)) == logged.rows:
        return _by_key(REQUEST, requests, logged.requests, truth)
    # Requests of several rows: the first label of a request is that of its first row.
    return _by_key(REQUEST, _counted(requests), logged.keys, truth)


def _counted(keys: Iterable[Hashable]) -> list[Hashable]:
    """Each key with how often it has come before."""
    seen: dict[Hashable, int] = defaultdict(int)
    counted: list[Hashable] = []
    for key in keys:
        counted.append((key, seen[key]))
        seen[key] += 1
    return counted


def _by_key(by: str, given: Sequence[Hashable], wanted: Sequence[Hashable], truth: Floats) -> Joined:
    """Join by equal keys: a label twice counts once; labels that contradict each other count not at all."""
    places: dict[Hashable, int] = {}
    for place, key in enumerate(given):
        if key is None or np.isnan(truth[place]):
            continue
        if key in places and (places[key] == -2 or truth[places[key]] != truth[place]):
            places[key] = -2
        else:
            places.setdefault(key, place)
    unmatched = len(places.keys() - set(wanted))
    return Joined(by, np.array([places.get(key, -1) for key in wanted], dtype=np.int64), unmatched)


def _by_content(given: Sequence[tuple[Any, ...]], wanted: Sequence[tuple[Any, ...]]) -> Joined:
    """Join rows of equal inputs, the first with the first, the second with the second."""
    waiting: dict[Hashable, deque[int]] = defaultdict(deque)
    for place, row in enumerate(given):
        waiting[_hashable(row)].append(place)
    places = np.full(len(wanted), -1, dtype=np.int64)
    for place, row in enumerate(wanted):
        queue = waiting.get(_hashable(row))
        if queue:
            places[place] = queue.popleft()
    return Joined("inputs", places, sum(map(len, waiting.values())))


def _hashable(row: tuple[Any, ...]) -> Hashable:
    return tuple(tuple(value) if isinstance(value, list) else value for value in row)


def _metrics(truth: Floats, logged: LoggedRows, places: Ints, reference: Reference) -> dict[str, Score]:
    from sevenfold.evaluation.evaluate import USUAL
    from sevenfold.evaluation.intervals import interval
    from sevenfold.evaluation.metrics.catalogue import metric_for

    task = reference.task
    scores: dict[str, Score] = {}
    for name in dict.fromkeys([task.metric, *USUAL.get(task.goal, ())]):
        metric = metric_for(task, name)
        predicted = _form(metric, logged, reference)
        if predicted is None:
            continue
        try:
            scores[name] = interval(metric, truth, predicted[places], Streams(0).generator("monitor", name))
        except DataError:  # undefined for these rows, say one class only
            continue
    return scores


def _form(metric: Metric, logged: LoggedRows, reference: Reference) -> Floats | None:
    """What the metric looks at, of every logged row; None where the log does not hold it."""
    needs = metric.spec.needs
    if needs is Needs.PROBABILITIES:
        return logged.probabilities
    if needs is Needs.LABELS:
        return logged.codes(reference.task.classes)
    # Scores that rank items are no ratings, unless it is ratings that the model was trained to hit.
    if needs is Needs.VALUES and (reference.task.goal is Goal.REGRESSION or metric.spec.name == reference.task.metric):
        return logged.values()
    return None
