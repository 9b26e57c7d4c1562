"""Takes down what a server was asked and what it answered, off the request's path.

Every row is counted (see `counting`), a share of the requests is kept as rows (see `segments`). A request costs one
append to a queue; a thread does the rest for many requests at once.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from sevenfold.core.dataset import Kind
from sevenfold.core.errors import RequestError
from sevenfold.data.aspects import with_aspects
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.people import plain_labels
from sevenfold.deployment.recorder import Recorder
from sevenfold.deployment.runtime import Answer, Reading
from sevenfold.monitoring.columns import ColumnReader
from sevenfold.monitoring.counting import Counter
from sevenfold.monitoring.reference import Watchlist, watchlist
from sevenfold.monitoring.rows import with_digests
from sevenfold.monitoring.segments import Segment, pack_left_behind
from sevenfold.monitoring.store import DIGITS, Store, reference_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from sevenfold.core.arrays import Floats

Clock = Callable[[], datetime.datetime]

_TOGETHER = 10_000  # requests that are read and counted at once
_PACKED_ROWS = 2_000  # rows of one pause that are worth a Parquet file of their own; fewer are appended as lines
_PENDING_ROWS = 50_000  # rows that wait for the end of the pause


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept of one answered request until it is written.

    Args:
        request: its id.
        time: at which it was answered.
        raw: the values of its records; None where `reading` holds its rows.
        reading: its rows, typed already.
        labels, values, has_classes: as in `Answer`.
        violations: of each row; empty for none at all.
    """

    request: str
    time: datetime.datetime
    raw: Sequence[tuple[Any, ...]] | None
    reading: Reading | None
    labels: npt.NDArray[Any]
    values: Floats
    has_classes: bool
    violations: Sequence[int]


@dataclass(frozen=True)
class LogSettings:
    """What is kept, and how long.

    Args:
        sample: share of requests whose rows are kept, drawn by a hash of the request's id; all rows are counted.
        redact: columns whose values are never written, and not counted either.
        keep_days: days after which a day's rows are deleted; None keeps them.
        segment_bytes: a file of lines is complete, and becomes Parquet, when it is larger.
        waiting: requests that may wait to be written; more are dropped and counted.
        waiting_rows: rows that may wait, all requests together.
        sync_seconds: at most so much is lost when the process is killed or the machine fails. Writing costs some
            milliseconds however few requests wait: longer pauses cost less.
        window_seconds: counts are kept for windows of this length.
        replica: name of this machine or pod among those that serve the same model; the host's name by default.
    """

    sample: float = 1.0
    redact: frozenset[str] = field(default_factory=frozenset)
    keep_days: int | None = 90
    segment_bytes: int = 16 * 2**20
    waiting: int = 20_000
    waiting_rows: int = 200_000
    sync_seconds: float = 5.0
    window_seconds: int = 3600
    replica: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.sample <= 1 or (self.keep_days is not None and self.keep_days < 1):
            raise RequestError("The log's settings are out of range.", "a share above 0, at least one day", repr(self))
        if self.window_seconds < 1 or self.sync_seconds <= 0:
            raise RequestError("The log's settings are out of range.", "windows of a second or more", repr(self))


def utc_now() -> datetime.datetime:
    """The time that is written."""
    return datetime.datetime.now(datetime.UTC)


@final
class Log(Recorder):
    """Counts every row and appends rows to a store, from a thread of its own.

    A row is one line: `id` (of the request), `row`, `time`, `model`, `inputs` (as they were read: null where they
    could not be, or are infinite), `prediction`, `probabilities`, `violations` (how many).
    """

    def __init__(
        self, path: Path, model: LoadedModel, settings: LogSettings | None = None, clock: Clock = utc_now
    ) -> None:
        self._store = Store.prepare(path, model)
        self._settings = settings or LogSettings()
        self._clock = clock
        self._dropped = 0
        self._queue: deque[Entry] = deque()
        self._waiting_rows = 0
        self._ending = False
        self._wake = threading.Event()
        self._many = max(1, min(_TOGETHER, self._settings.waiting // 2))
        self._pending: dict[str, list[pl.DataFrame]] = {}
        self._pending_requests = self._pending_rows = 0
        boot = os.urandom(6).hex()
        reference = reference_of(model)
        watched = without(watchlist(reference), self._settings.redact)
        self._writer = _Rows(model, self._settings, watched)
        self._counter = Counter(
            self._store.counts / reference.digest, reference.digest, watched, model.task,
            replica=self._settings.replica or socket.gethostname(), boot=boot,
            window_seconds=self._settings.window_seconds, now=lambda: self._clock().timestamp(),
        )  # fmt: skip
        start = f"{int(clock().timestamp() * 1000):013d}-{os.getpid()}-{boot}"
        self._segment = Segment(self._store.rows, start, self._settings.segment_bytes, self._settings.keep_days)
        self._thread = threading.Thread(target=self._write, name="sevenfold-log", daemon=True)
        self._thread.start()

    def record(self, request: str, answer: Answer) -> None:
        """Take down one request; never raises, never waits."""
        if len(self._queue) >= self._settings.waiting or self._waiting_rows > self._settings.waiting_rows:
            self._dropped += 1
            return
        self._waiting_rows += len(answer.labels)
        self._queue.append(self._writer.entry(request, self._clock(), answer))
        if len(self._queue) == self._many:
            self._wake.set()

    @property
    def dropped(self) -> int:
        """Requests that could not be taken down: the queue or the disk was full."""
        return self._dropped

    def close(self) -> None:
        """Write what is waiting, and stop. A second call does nothing."""
        self._ending = True
        self._wake.set()
        self._thread.join()

    def _write(self) -> None:
        self._attempt(lambda: pack_left_behind(self._store.rows), 0)
        ending = False
        pause = self._settings.sync_seconds / 2
        until = time.monotonic() + pause
        while not ending:
            self._wake.wait(max(0.0, until - time.monotonic()))
            self._wake.clear()
            ending = self._ending
            while self._queue:
                entries = self._taken()
                self._attempt(lambda taken=entries: self._append(taken), len(entries))  # type: ignore[misc]
                if self._pending_rows >= _PENDING_ROWS:
                    self._attempt(self._flush, self._pending_requests)
            if not ending and time.monotonic() < until:
                continue
            until = time.monotonic() + pause
            self._attempt(self._flush, self._pending_requests)
            self._attempt(self._segment.sync, 0)
            self._attempt(lambda last=ending: self._counter.save(closed=last), 0)  # type: ignore[misc]
        self._attempt(self._segment.close, 0)

    def _taken(self) -> list[Entry]:
        taken = [self._queue.popleft() for _ in range(min(_TOGETHER, len(self._queue)))]
        self._waiting_rows = max(0, self._waiting_rows - sum(len(entry.labels) for entry in taken))
        return taken

    def _attempt(self, work: Callable[[], object], lost: int) -> None:
        try:
            work()
        except Exception:  # a log that fails must not end the serving: the loss is counted and shown
            self._dropped += lost

    def _append(self, entries: Sequence[Entry]) -> None:
        for (window, day), part in self._by_window(entries).items():
            batch = self._writer.batch(part)
            self._counter.add(window, batch.table, batch.predictions, batch.values)
            frame = self._writer.frame(batch)
            if isinstance(frame, bytes):
                self._segment.append(day, frame)
            elif frame is not None:
                self._pending.setdefault(day, []).append(frame)
                self._pending_rows += frame.height
                self._pending_requests += len(part)

    def _by_window(self, entries: Sequence[Entry]) -> dict[tuple[int, str], list[Entry]]:
        """The requests of each window and day: almost always one."""
        moments = [entry.time for entry in entries]
        first, last = min(moments), max(moments)
        if self._place(first) == self._place(last):
            return {self._place(first): list(entries)}
        places: dict[tuple[int, str], list[Entry]] = {}
        for entry in entries:
            places.setdefault(self._place(entry.time), []).append(entry)
        return places

    def _place(self, moment: datetime.datetime) -> tuple[int, str]:
        utc = moment.astimezone(datetime.UTC)
        return self._counter.window_of(utc.timestamp()), utc.date().isoformat()

    def _flush(self) -> None:
        """Hand the rows of this pause to the system."""
        import polars as pl

        pending, self._pending = self._pending, {}
        self._pending_rows = self._pending_requests = 0
        for day, frames in pending.items():
            frame = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")
            if frame.height >= _PACKED_ROWS:
                self._segment.write_packed(day, frame)
            else:
                self._segment.append(day, frame.write_ndjson().encode())


@dataclass(frozen=True)
class _Batch:
    """Several requests as one table."""

    entries: Sequence[Entry]
    table: pl.DataFrame
    predictions: list[Any] | None
    values: Floats | None


class _Rows:
    """Answers as tables and lines."""

    def __init__(self, model: LoadedModel, settings: LogSettings, watched: Watchlist) -> None:
        self._digest = model.digest[:DIGITS]
        self._schema = model.inputs
        self._sample = settings.sample
        self._redact = settings.redact
        self._columns = ColumnReader(model.runtime, settings.redact)
        self._pictures = {n: r for n, r in watched.remembered.items() if r.get("pictures")}

    def entry(self, request: str, time: datetime.datetime, answer: Answer) -> Entry:
        """What to keep of an answer. Of records that were predicted without a frame it is their values only."""
        reading = answer.reading
        violations = [len(v) for v in reading.by_row()] if reading.violations else ()
        raw: list[tuple[Any, ...]] | None = None
        kept: Reading | None = reading
        if reading.records is not None and not reading.is_read:
            raw, kept = [self._columns.values(record) for record in reading.records], None
        return Entry(request, time, raw, kept, answer.labels, answer.values, answer.has_classes, violations)

    def batch(self, entries: Sequence[Entry]) -> _Batch:
        """The rows of some requests, one below the other, with the figures of pictures in them."""
        import numpy as np

        ranked = any(entry.labels.ndim == 2 for entry in entries)
        predictions = None if ranked else _predictions(entries)
        values = None
        if not ranked and entries[0].has_classes:
            values = np.concatenate([entry.values for entry in entries])
        return _Batch(entries, with_aspects(self._table(entries), self._pictures), predictions, values)

    def _table(self, entries: Sequence[Entry]) -> pl.DataFrame:
        """The typed rows of some requests; records are read together."""
        import polars as pl

        tables: list[pl.DataFrame] = []
        for as_records, part in groupby(entries, lambda entry: entry.reading is None):
            if as_records:
                tables.append(self._columns.table([row for entry in part for row in entry.raw or ()]))
            else:
                tables += [e.reading.table.drop(*self._redact, strict=False) for e in part if e.reading is not None]
        return tables[0] if len(tables) == 1 else pl.concat(tables, how="diagonal")

    def frame(self, batch: _Batch) -> pl.DataFrame | bytes | None:
        """The rows of the requests that are drawn: as a frame, or as lines where no frame holds them."""
        import polars as pl

        entries = batch.entries
        drawn = [self._sample >= 1 or _draw(entry.request) < self._sample for entry in entries]
        if not any(drawn):
            return None
        heights = [len(entry.labels) for entry in entries]
        repeated = [(entry, rows) for entry, rows in zip(entries, heights, strict=True)]
        ids = [entry.request for entry, rows in repeated for _ in range(rows)]
        numbers = [number for rows in heights for number in range(rows)]
        times = [time for entry, rows in repeated for time in [entry.time.isoformat()] * rows]
        violations = [many for entry, rows in repeated for many in entry.violations or (0,) * rows]
        mask = [keep for keep, rows in zip(drawn, heights, strict=True) for _ in range(rows)]
        table = self._plain(batch.table)
        frame = pl.DataFrame({"id": ids, "row": numbers, "time": times}).with_columns(
            pl.lit(self._digest).alias("model"),
            (table.to_struct("inputs") if table.width else pl.Series("inputs", [{}] * len(ids))),
        )
        predictions = batch.predictions
        if predictions is None:
            predictions = [label for entry in entries for label in plain_labels(entry.labels)]
        if table.width and len(set(map(type, predictions))) == 1 and not isinstance(predictions[0], list):
            made = [pl.Series("prediction", predictions)]
            if batch.values is not None:
                made.append(pl.Series("probabilities", batch.values).arr.to_list())
            frame = frame.with_columns(*made, pl.Series("violations", violations))
            return frame if all(drawn) else frame.filter(pl.Series(mask))
        return self._line_by_line(frame, predictions, batch.values, violations, mask)

    def _line_by_line(
        self,
        frame: pl.DataFrame,
        predictions: Sequence[Any],
        values: Floats | None,
        violations: Sequence[int],
        mask: Sequence[bool],
    ) -> bytes:
        """For predictions that have no single plain type: lists of items, labels of several types."""
        made: list[bytes] = []
        for place, row in enumerate(frame.iter_rows(named=True)):
            if not mask[place]:
                continue
            row["inputs"] = row["inputs"] or {}
            row["prediction"] = predictions[place]
            if values is not None:
                row["probabilities"] = values[place].tolist()
            row["violations"] = violations[place]
            made.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        return b"".join(made)

    def _plain(self, table: pl.DataFrame) -> pl.DataFrame:
        """Typed rows as JSON can hold them: dates in ISO form, of pictures a digest."""
        import polars as pl

        digests = with_digests(table, self._schema)
        dates = [c.name for c in self._schema.of_kind(Kind.DATE) if c.name in digests.columns]
        return digests.with_columns(pl.col(name).dt.to_string("iso:strict") for name in dates)


def _predictions(entries: Sequence[Entry]) -> list[Any]:
    """(rows,) what was predicted, as plain values."""
    import numpy as np

    if len({entry.labels.dtype.kind for entry in entries}) > 1:
        return [label for entry in entries for label in plain_labels(entry.labels)]
    return plain_labels(np.concatenate([entry.labels for entry in entries]))


def without(watched: Watchlist, redact: frozenset[str]) -> Watchlist:
    """A watchlist less some columns; the digest stays that of the whole."""
    return replace(
        watched,
        columns={n: w for n, w in watched.columns.items() if w.column not in redact},
        remembered={n: r for n, r in watched.remembered.items() if n not in redact},
    )


def _draw(request: str) -> float:
    """A number in [0, 1) that depends on the request's id alone."""
    return int.from_bytes(hashlib.sha256(request.encode()).digest()[:7], "big") / 2**56
