"""What a log keeps of answered requests until it writes them, and their rows as tables and lines."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from struct import Struct
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.dataset import Kind
from sevenfold.core.task import Goal
from sevenfold.data.aspects import with_aspects
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.people import plain_labels
from sevenfold.deployment.runtime import Answer, Reading
from sevenfold.monitoring.columns import ColumnReader, KeptRow, are_plain, as_doubles
from sevenfold.monitoring.pages import Page, Part
from sevenfold.monitoring.rows import with_digests
from sevenfold.monitoring.store import DIGITS

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from sevenfold.core.arrays import Floats, Ints

_TIME = "%Y-%m-%dT%H:%M:%S%.6f+00:00"


@dataclass(frozen=True)
class Batch:
    """Several requests as one table.

    Args:
        requests: (requests,) ids.
        heights: (requests,) rows of each.
        times: (requests,) seconds since 1970.
        table: (rows, ...) typed, one request below the other, with the figures of pictures.
        predictions: (rows,) plain values; None where items are ranked.
        ranked: (rows,) lists of items, where they are.
        values: (rows, classes) probabilities, or None.
        violations: (rows,) how many.
    """

    requests: Sequence[str]
    heights: Ints
    times: Floats
    table: pl.DataFrame
    predictions: list[Any] | None
    ranked: list[Any]
    values: Floats | None
    violations: Ints


class Entries:
    """Puts requests into pages, and makes tables of them.

    Args:
        model: whose answers.
        redact: columns that are never kept.
        sample: share of requests whose rows are written.
        pictures: columns of pictures whose figures are computed, as a watchlist remembers them.
    """

    def __init__(
        self, model: LoadedModel, redact: frozenset[str], sample: float, pictures: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self._digest = model.digest[:DIGITS]
        self._schema = model.inputs
        self._has_classes = model.task.goal.is_classification
        self._sample = sample
        self._redact = redact
        self._columns = ColumnReader(model.runtime, redact)
        self._decide = model.runtime.decide
        # Labels follow from the values, and are decided anew for many at once. A sum of costs may round otherwise then.
        ranks = model.task.goal is Goal.RECOMMENDATION
        self._has_usual = not ranks and model.runtime.predictor.decision.costs is None
        self._pictures = dict(pictures)
        self.width = 1 + self._columns.width + (len(model.task.classes) if self._has_classes else 1)
        self._bytes = 8 * self.width
        self._pack, self._pack_time = Struct(f"={self.width}d").pack_into, Struct("=d").pack_into

    def put(self, page: Page, request: str, seconds: float, answer: Answer) -> int:
        """Put an answer into a page that has room; how many rows it has.

        Of a record that was predicted without a frame it is its values only.
        """
        reading = answer.reading
        records = reading.records
        odd = reading.violations or reading.is_read or not self._has_usual
        if records is not None and len(records) == 1 and not odd:
            columns, record, values = self._columns, records[0], answer.values.tolist()
            if self._has_classes:
                values = values[0]
            place = self._bytes * len(page.requests)
            try:
                numbers = columns.numbers_of(record)
                others = columns.others_of(record) if columns.has_others else ()
                self._pack(page.buffer, place, seconds, *numbers, *values)
                usual = columns.are_numbers or are_plain(numbers)
            except (KeyError, struct.error, OverflowError):  # something lacks, or is no number
                numbers, others = columns.taken(record)
                doubles = as_doubles(numbers)
                usual = doubles is not None
                if doubles is not None:
                    self._pack(page.buffer, place, seconds, *doubles, *values)
            if usual:
                if others:
                    page.others.append(others)
                page.requests.append(request)
                return 1
        return self._put_odd(page, request, seconds, answer)

    def _put_odd(self, page: Page, request: str, seconds: float, answer: Answer) -> int:
        reading = answer.reading
        records = reading.records
        rows = reading if records is None or reading.is_read else tuple(map(self._columns.keep, records))
        violations = tuple(map(len, reading.by_row())) if reading.violations else ()
        place = len(page.requests)
        self._pack_time(page.buffer, self._bytes * place, seconds)
        page.odd.append((place, (rows, answer.labels, answer.values, violations)))
        if self._columns.has_others:
            page.others.append(())
        page.requests.append(request)
        return len(answer.labels)

    def batch(self, part: Part) -> Batch:
        """The rows of some requests, one below the other, with the figures of pictures in them."""
        if not part.odd:
            return self._of_usual(part)
        odd = np.array([place for place, _ in part.odd])
        if len(odd) == len(part.requests):
            return self._of_odd(part)
        usual = np.delete(np.arange(len(part.requests)), odd)
        made = self._of_usual(part.at(usual)), self._of_odd(part.at(odd))
        return _merged(*made, np.concatenate([usual, odd]))

    def _of_usual(self, part: Part) -> Batch:
        count, start = len(part.requests), 1 + self._columns.width
        table = with_aspects(self._columns.table_of_doubles(part.matrix[:, 1:start], part.others), self._pictures)
        values = (part.matrix[:, start:] if self._has_classes else part.matrix[:, start]).copy()
        return Batch(
            part.requests, np.ones(count, dtype=np.int64), part.times.copy(), table, plain_labels(self._decide(values)),
            [], values if self._has_classes else None, np.zeros(count, dtype=np.int64),
        )  # fmt: skip

    def _of_odd(self, part: Part) -> Batch:
        rows, labels, values, violations = zip(*(odd for _, odd in part.odd), strict=True)
        heights = np.fromiter(map(len, labels), np.int64, len(labels))
        table = with_aspects(self._table(rows, heights), self._pictures)
        ranked = any(of_request.ndim == 2 for of_request in labels)
        alike = len({of_request.dtype.kind for of_request in labels}) == 1
        if ranked or not alike:
            plain = [label for of_request in labels for label in plain_labels(of_request)]
        else:
            plain = plain_labels(np.concatenate(labels))
        chances = np.concatenate(values) if self._has_classes and not ranked else None
        return Batch(
            part.requests, heights, part.times.copy(), table, None if ranked else plain, plain if ranked else [],
            chances, _of_rows(violations, heights),
        )  # fmt: skip

    def _table(self, rows: Sequence[tuple[KeptRow, ...] | Reading], heights: Ints) -> pl.DataFrame:
        """The typed rows of some requests; records are read together, whatever came between them."""
        import polars as pl

        kept = [of_request for of_request in rows if isinstance(of_request, tuple)]
        records = self._columns.table(list(chain.from_iterable(kept))) if kept else None
        if records is not None and len(kept) == len(rows):
            return records
        tables = [] if records is None else [records]
        order = [place for place, of_request in enumerate(rows) if isinstance(of_request, tuple)]
        for place, of_request in enumerate(rows):
            if isinstance(of_request, Reading):
                tables.append(of_request.table.drop(*self._redact, strict=False))
                order.append(place)
        table = tables[0] if len(tables) == 1 else pl.concat(tables, how="diagonal")
        if order == sorted(order):
            return table
        starts = np.concatenate([[0], np.cumsum(heights)])
        return table[np.argsort(np.concatenate([np.arange(starts[place], starts[place + 1]) for place in order]))]

    def frame(self, batch: Batch) -> pl.DataFrame | bytes | None:
        """The rows of the requests that are drawn: as a frame, or as lines where no frame holds them."""
        import polars as pl

        drawn = None if self._sample >= 1 else np.array([draw(request) < self._sample for request in batch.requests])
        if drawn is not None and not drawn.any():
            return None
        table = self._plain(batch.table)
        heights = batch.heights
        requests, times = pl.Series("id", batch.requests, dtype=pl.String), written_times(batch.times)
        starts = np.cumsum(heights) - heights
        if len(heights) < heights.sum():
            of_request = np.repeat(np.arange(len(heights)), heights)
            requests, times = requests[of_request], times[of_request]
        numbers = np.arange(int(heights.sum())) - np.repeat(starts, heights)
        inputs = table.to_struct("inputs") if table.width else pl.Series("inputs", [{}] * len(requests))
        model = pl.Series("model", [self._digest]).new_from_index(0, len(requests))
        columns = [requests, pl.Series("row", numbers), times, model, inputs]  # put together without a query
        mask = None if drawn is None or drawn.all() else np.repeat(drawn, heights)
        predictions = batch.ranked if batch.predictions is None else batch.predictions
        if table.width and len(set(map(type, predictions))) == 1 and not isinstance(predictions[0], list):
            columns.append(pl.Series("prediction", predictions))
            if batch.values is not None:
                columns.append(pl.Series("probabilities", batch.values).arr.to_list())
            frame = pl.DataFrame([*columns, pl.Series("violations", batch.violations)])
            return frame if mask is None else frame.filter(pl.Series(mask))
        frame = pl.DataFrame(columns)
        return _line_by_line(frame, predictions, batch, mask)

    def _plain(self, table: pl.DataFrame) -> pl.DataFrame:
        """Typed rows as JSON can hold them: dates in ISO form, of pictures a digest."""
        import polars as pl

        dates = [c.name for c in self._schema.of_kind(Kind.DATE) if c.name in table.columns]
        if not dates and not self._schema.of_kind(Kind.IMAGE):
            return table
        digests = with_digests(table, self._schema)
        return digests.with_columns(pl.col(name).dt.to_string("iso:strict") for name in dates)


def _merged(first: Batch, second: Batch, places: Ints) -> Batch:
    """Two batches of a model that ranks nothing as one.

    Args:
        places: where the requests of the first, and then of the second, belong.
    """
    import polars as pl

    order = np.argsort(places)
    heights = np.concatenate([first.heights, second.heights])
    rows = np.argsort(np.repeat(places, heights), kind="stable")
    requests = [*first.requests, *second.requests]
    predictions = [*(first.predictions or ()), *(second.predictions or ())]
    chances = None
    if first.values is not None and second.values is not None:
        chances = np.concatenate([first.values, second.values])[rows]
    return Batch(
        [requests[place] for place in order], heights[order], np.concatenate([first.times, second.times])[order],
        pl.concat([first.table, second.table], how="diagonal")[rows], [predictions[row] for row in rows], [], chances,
        np.concatenate([first.violations, second.violations])[rows],
    )  # fmt: skip


def written_times(seconds: Floats) -> pl.Series:
    """(rows,) seconds since 1970 in ISO form, in UTC."""
    import polars as pl

    moments = pl.Series("time", np.round(seconds * 1e6).astype(np.int64)).cast(pl.Datetime("us"))
    return moments.dt.to_string(_TIME)


def draw(request: str) -> float:
    """A number in [0, 1) that depends on the request's id alone."""
    return int.from_bytes(hashlib.sha256(request.encode()).digest()[:7], "big") / 2**56


def _of_rows(violations: Sequence[tuple[int, ...]], heights: Ints) -> Ints:
    if not any(violations):
        return np.zeros(int(heights.sum()), dtype=np.int64)
    rows = zip(violations, heights.tolist(), strict=True)
    return np.array([many for of_request, count in rows for many in of_request or (0,) * count], dtype=np.int64)


def _line_by_line(
    frame: pl.DataFrame, predictions: Sequence[Any], batch: Batch, mask: npt.NDArray[np.bool_] | None
) -> bytes:
    """For predictions that have no single plain type: lists of items, labels of several types."""
    made: list[bytes] = []
    for place, row in enumerate(frame.iter_rows(named=True)):
        if mask is not None and not mask[place]:
            continue
        row["inputs"] = row["inputs"] or {}
        row["prediction"] = predictions[place]
        if batch.values is not None:
            row["probabilities"] = batch.values[place].tolist()
        row["violations"] = int(batch.violations[place])
        made.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    return b"".join(made)
