"""Takes down what a server was asked and what it answered, off the request's path.

Every row is counted (see `counting`), a share of the requests is kept as rows (see `segments`). A request costs one
few doubles put side by side; a thread does the rest for many requests at once.
"""

from __future__ import annotations

import datetime
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np

from sevenfold.core.errors import RequestError
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.recorder import Recorder
from sevenfold.deployment.runtime import Answer
from sevenfold.monitoring.counting import Counter
from sevenfold.monitoring.entries import Entries
from sevenfold.monitoring.pages import Pages, Part
from sevenfold.monitoring.reference import Watchlist, watchlist
from sevenfold.monitoring.segments import Segment, pack_left_behind
from sevenfold.monitoring.store import Store, reference_of

if TYPE_CHECKING:
    import polars as pl

Clock = Callable[[], datetime.datetime]

_TOGETHER = 10_000  # requests that are read and counted at once
_PACKED_ROWS = 2_000  # rows of one pause that are worth a Parquet file of their own; fewer are appended as lines
_PENDING_ROWS = 50_000  # rows that wait for the end of the pause


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
        self._seconds = time.time if clock is utc_now else lambda: clock().timestamp()
        self._dropped = 0
        self._ending = False
        self._wake = threading.Event()
        self._many = max(1, min(_TOGETHER, self._settings.waiting // 2))
        self._most, self._most_rows = self._settings.waiting, self._settings.waiting_rows
        self._pending: dict[str, list[pl.DataFrame]] = {}
        self._pending_requests = self._pending_rows = 0
        boot = os.urandom(6).hex()
        reference = reference_of(model)
        watched = without(watchlist(reference), self._settings.redact)
        pictures = {name: known for name, known in watched.remembered.items() if known.get("pictures")}
        self._entries = Entries(model, self._settings.redact, self._settings.sample, pictures)
        self._pages = Pages(self._many, self._entries.width)
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
        pages = self._pages
        if pages.put - pages.taken >= self._most or pages.put_rows - pages.taken_rows > self._most_rows:
            self._dropped += 1
            return
        rows = self._entries.put(pages.open(), request, self._seconds(), answer)
        pages.put += 1
        pages.put_rows += rows
        if pages.put - pages.taken == self._many:
            self._wake.set()

    @property
    def waiting(self) -> int:
        """Requests that nobody has begun to write."""
        return self._pages.put - self._pages.taken

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
            # What comes meanwhile waits for the next pause: many small batches would cost far more than few large ones.
            for part in self._pages.take():
                self._attempt(lambda taken=part: self._append(taken), len(part.requests))  # type: ignore[misc]
                if self._pending_rows >= _PENDING_ROWS:
                    self._attempt(self._flush, self._pending_requests)
            if not ending and time.monotonic() < until:
                continue
            until = time.monotonic() + pause
            self._attempt(self._flush, self._pending_requests)
            self._attempt(self._segment.sync, 0)
            self._attempt(lambda last=ending: self._counter.save(closed=last), 0)  # type: ignore[misc]
        self._attempt(self._segment.close, 0)

    def _attempt(self, work: Callable[[], object], lost: int) -> None:
        try:
            work()
        except Exception:  # a log that fails must not end the serving: the loss is counted and shown
            self._dropped += lost

    def _append(self, taken: Part) -> None:
        for window, day, part in self._by_window(taken):
            batch = self._entries.batch(part)
            self._counter.add(window, batch.table, batch.predictions, batch.values)
            frame = self._entries.frame(batch)
            if isinstance(frame, bytes):
                self._segment.append(day, frame)
            elif frame is not None:
                self._pending.setdefault(day, []).append(frame)
                self._pending_rows += frame.height
                self._pending_requests += len(part.requests)

    def _by_window(self, part: Part) -> Iterator[tuple[int, str, Part]]:
        """The requests of each window and day: almost always one."""
        times = part.times
        first, last = self._place(float(times.min())), self._place(float(times.max()))
        if first == last:
            yield *first, part
            return
        places: dict[tuple[int, str], list[int]] = {}
        for number, seconds in enumerate(times.tolist()):
            places.setdefault(self._place(seconds), []).append(number)
        for (window, day), of_place in places.items():
            yield window, day, part.at(np.array(of_place))

    def _place(self, seconds: float) -> tuple[int, str]:
        day = datetime.datetime.fromtimestamp(seconds, datetime.UTC).date()
        return self._counter.window_of(seconds), day.isoformat()

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


def without(watched: Watchlist, redact: frozenset[str]) -> Watchlist:
    """A watchlist less some columns; the digest stays that of the whole."""
    return replace(
        watched,
        columns={n: w for n, w in watched.columns.items() if w.column not in redact},
        remembered={n: r for n, r in watched.remembered.items() if n not in redact},
    )
