"""Takes down what a server was asked and what it answered, off the request's path."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import queue
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, final

from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.errors import RequestError
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.people import to_plain
from sevenfold.deployment.recorder import Recorder
from sevenfold.deployment.runtime import Answer
from sevenfold.monitoring.rows import with_digests
from sevenfold.monitoring.store import DIGITS, Store

Clock = Callable[[], datetime.datetime]


@dataclass(frozen=True)
class LogSettings:
    """What is kept, and how long.

    Args:
        sample: share of requests that are taken down, drawn by a hash of the request's id.
        redact: columns whose values are never written.
        keep_days: days after which a day's rows are deleted; None keeps them.
        segment_bytes: a file is closed when it is larger.
        waiting: requests that may wait to be written; more are dropped and counted.
        sync_seconds: at most so much is lost when the machine fails.
    """

    sample: float = 1.0
    redact: frozenset[str] = field(default_factory=frozenset)
    keep_days: int | None = 90
    segment_bytes: int = 64 * 2**20
    waiting: int = 10_000
    sync_seconds: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.sample <= 1 or (self.keep_days is not None and self.keep_days < 1):
            raise RequestError("The log's settings are out of range.", "a share above 0, at least one day", repr(self))


def utc_now() -> datetime.datetime:
    """The time that is written."""
    return datetime.datetime.now(datetime.UTC)


@final
class Log(Recorder):
    """Appends rows to a store from a thread of its own.

    A row is one line: `id` (of the request), `row`, `time`, `model`, `inputs` (as they were read: null where they
    could not be), `prediction`, `probabilities`, `violations` (how many).
    """

    def __init__(
        self, path: Path, model: LoadedModel, settings: LogSettings | None = None, clock: Clock = utc_now
    ) -> None:
        self._store = Store.prepare(path, model)
        self._model = model.digest[:DIGITS]
        self._schema = model.inputs
        self._settings = settings or LogSettings()
        self._clock = clock
        self._dropped = 0
        self._queue: queue.Queue[tuple[str, str, Answer] | None] = queue.Queue(self._settings.waiting)
        self._segment = _Segment(self._store.rows, self._settings)
        self._thread = threading.Thread(target=self._write, name="sevenfold-log", daemon=True)
        self._thread.start()

    def record(self, request: str, answer: Answer) -> None:
        """Take down one request; never raises, never waits."""
        if _draw(request) >= self._settings.sample:
            return
        try:
            self._queue.put_nowait((request, self._clock().isoformat(), answer))
        except queue.Full:
            self._dropped += 1

    @property
    def dropped(self) -> int:
        """Requests that could not be taken down: the queue or the disk was full."""
        return self._dropped

    def close(self) -> None:
        """Write what is waiting, and stop. A second call does nothing."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _write(self) -> None:
        running = True
        while running:
            try:
                entry = self._queue.get(timeout=self._settings.sync_seconds)
            except queue.Empty:
                self._attempt(lambda: self._segment.sync())
                continue
            if entry is None:
                running = False
            else:
                self._attempt(lambda entry=entry: self._append(*entry))  # type: ignore[misc]
        self._attempt(self._segment.close)

    def _attempt(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # a log that fails must not end the serving: the loss is counted and shown
            self._dropped += 1

    def _append(self, request: str, time: str, answer: Answer) -> None:
        lines = b"".join(self._lines(request, time, answer))
        self._segment.append(time[:10], lines)

    def _lines(self, request: str, time: str, answer: Answer) -> Iterator[bytes]:
        inputs = plain_rows(answer, self._schema, self._settings.redact)
        predictions = to_plain(answer)
        probabilities = None if answer.probabilities is None else answer.probabilities.tolist()
        violations = answer.reading.by_row()
        for row, values in enumerate(inputs):
            line: dict[str, Any] = {"id": request, "row": row, "time": time, "model": self._model, "inputs": values}
            line["prediction"] = predictions[row]
            if probabilities is not None:
                line["probabilities"] = probabilities[row]
            line["violations"] = len(violations[row])
            yield json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def plain_rows(answer: Answer, schema: Schema, redact: frozenset[str]) -> list[dict[str, Any]]:
    """Typed rows as JSON records, less the columns to redact: dates in ISO form, of pictures a digest."""
    import polars as pl

    table = with_digests(answer.reading.table, schema)
    kept = [column for column in schema if column.name not in redact and column.name in table.columns]
    if not kept:
        return [{} for _ in range(table.height)]
    return table.select(
        pl.col(column.name).dt.to_string("iso:strict") if column.kind is Kind.DATE else pl.col(column.name)
        for column in kept
    ).to_dicts()


def _draw(request: str) -> float:
    """A number in [0, 1) that depends on the request's id alone."""
    return int.from_bytes(hashlib.sha256(request.encode()).digest()[:7], "big") / 2**56


class _Segment:
    """The file that is being appended to: a new one each day, each start, and after so many bytes."""

    def __init__(self, rows: Path, settings: LogSettings) -> None:
        self._rows = rows
        self._settings = settings
        self._start = f"{int(utc_now().timestamp() * 1000):013d}-{os.getpid()}-{os.urandom(4).hex()}"
        self._number = 0
        self._day = ""
        self._file: IO[bytes] | None = None

    def append(self, day: str, lines: bytes) -> None:
        """Write whole lines, handed to the system before this returns."""
        file = self._current(day)
        file.write(lines)
        file.flush()

    def sync(self) -> None:
        """Make sure that what was written outlives a failure of the machine."""
        if self._file is not None:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Sync and close."""
        if self._file is not None:
            self.sync()
            self._file.close()
            self._file = None

    def _current(self, day: str) -> IO[bytes]:
        if self._file is not None and (day != self._day or self._file.tell() > self._settings.segment_bytes):
            self.close()
        if self._file is None:
            if day != self._day:
                self._forget(day)
            self._day = day
            folder = self._rows / day
            folder.mkdir(parents=True, exist_ok=True)
            self._number += 1
            self._file = (folder / f"{self._start}-{self._number:04d}.jsonl").open("ab")
        return self._file

    def _forget(self, today: str) -> None:
        """Delete the days that are past keeping."""
        if self._settings.keep_days is None:
            return
        first = datetime.date.fromisoformat(today) - datetime.timedelta(days=self._settings.keep_days - 1)
        for folder in self._rows.iterdir():
            try:
                old = datetime.date.fromisoformat(folder.name) < first
            except ValueError:
                continue  # not a day of ours
            if old:
                shutil.rmtree(folder, ignore_errors=True)
