"""One lane for each hosted model: answers at once where that is quick, else in a thread, together with those waiting.

A prediction that takes less than a hop to a thread and back is made where it stands. Others queue, and whenever a
thread is free it takes everything that waits and is alike as one batch: nobody waits for company, so that one client
alone loses nothing, and under load the fixed cost of a call is shared. A row's answer is the same in any batch.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

from sevenfold.core.task import Goal
from sevenfold.deployment.batching import Job, joined, likeness_of, parts_of
from sevenfold.deployment.hosting import Hosted
from sevenfold.deployment.request import HttpError, Limits
from sevenfold.deployment.runtime import Answer

if TYPE_CHECKING:
    from sevenfold.deployment.workers import Workers

_FEW_ROWS = 4  # so many rows count as "one record" where speed is measured
_SHARED_ROWS = 64  # a request of more rows is predicted alone: its fixed cost is shared already
_WARMUPS = 5
_WAY = 0.05  # of a client's patience


class Lane:
    """The way to one hosted model. Used from one event loop.

    Args:
        hosted: the model.
        workers: threads.
        limits: how many rows a batch may hold, and how late an answer may come.
    """

    def __init__(self, hosted: Hosted, workers: Workers, limits: Limits) -> None:
        self._model = hosted.model
        self._workers = workers
        self._limits = limits
        self._queue: deque[Job] = deque()
        self._running = 0
        self._delay: asyncio.TimerHandle | None = None
        self.seconds: float | None = None  # of one small prediction, smoothed
        self._batch_seconds = 0.0
        self._slack_seconds = 0.0

    @property
    def quick(self) -> bool:
        """Whether a small prediction is made in the event loop."""
        return self.seconds is not None and self.seconds < self._limits.inline_seconds and not self._queue

    def warm(self) -> None:
        """Predict the model's example a few times: whatever is made late is made now, and the speed is known."""
        _ = self._model.compiled
        taken = []
        for _ in range(_WARMUPS):
            started = time.perf_counter()
            try:
                self._model.answer([dict(self._model.example)], every_violation=True)
            except Exception:  # an example that cannot be predicted says nothing about other rows
                return
            taken.append(time.perf_counter() - started)
        self.seconds = sorted(taken)[_WARMUPS // 2]

    def at_once(self, rows: Any, count: int) -> Answer:
        """The answer for a few rows, made here and now."""
        return self._timed(rows, count)

    async def answer(self, rows: Any, count: int, seconds: float | None = None) -> Answer:
        """The answer for some rows, from a thread.

        Args:
            seconds: that the client will wait; at most the server's own deadline.
        Raises:
            HttpError: 503, the answer would come too late.
        """
        patience = self._limits.deadline_seconds if seconds is None else min(seconds, self._limits.deadline_seconds)
        wait = self.wait_seconds()
        if wait > 0:  # a free thread is tried however long it took before
            way = _WAY * patience  # from the client and back to it
            patience -= self._batch_seconds + min(self._slack_seconds + way, patience / 2)
        if wait > patience:
            raise _too_late()
        future = asyncio.get_running_loop().create_future()
        self._queue.append(Job(rows, count, self._likeness(rows, count), time.monotonic() + patience, future))
        if self._limits.batch_delay_seconds > 0:
            if self._delay is None:
                self._delay = asyncio.get_running_loop().call_later(self._limits.batch_delay_seconds, self._delayed)
        else:
            self._start()
        return await future

    def wait_seconds(self) -> float:
        """How long a request that comes now will wait before its turn, judged by the latest batches."""
        if self._running < self._limits.threads:
            return 0.0
        jobs_a_batch = max(1, self._limits.batch_rows // 2) if self._shares else 1
        return (1 + len(self._queue) // jobs_a_batch) * self._batch_seconds / self._limits.threads

    @property
    def _shares(self) -> bool:
        return self._limits.batch_rows > 1 and self._model.task.goal is not Goal.RECOMMENDATION

    def _likeness(self, rows: Any, count: int) -> Hashable:
        return likeness_of(rows) if self._shares and count <= _SHARED_ROWS else None

    def _delayed(self) -> None:
        self._delay = None
        self._start()

    def _start(self) -> None:
        while self._running < self._limits.threads and (batch := self._take()):
            self._running += 1
            working = asyncio.get_running_loop().run_in_executor(self._workers.threads, self._answers, batch)
            working.add_done_callback(lambda done, batch=batch: self._finish(batch, done))  # type: ignore[misc]

    def _take(self) -> list[Job]:
        """The oldest job, and all that may go with it."""
        now = time.monotonic()
        batch: list[Job] = []
        kept: list[Job] = []
        rows = 0
        while self._queue:
            job = self._queue.popleft()
            if job.future.done():
                continue  # its client is gone
            if job.latest < now:
                job.future.set_exception(_too_late())
            elif not batch:
                batch.append(job)
                rows = job.count
                if job.likeness is None:
                    break
            elif job.likeness == batch[0].likeness and rows + job.count <= self._limits.batch_rows:
                batch.append(job)
                rows += job.count
            else:
                kept.append(job)
        self._queue.extendleft(reversed(kept))
        return batch

    def _answers(self, batch: Sequence[Job]) -> tuple[list[Answer | Exception], float, float]:
        """In a thread; with the moments when it began and when they were ready."""
        started = time.monotonic()
        answers = self._together(batch) if len(batch) > 1 else self._one_by_one(batch)
        return answers, started, time.monotonic()

    def _together(self, batch: Sequence[Job]) -> list[Answer | Exception]:
        try:
            return list(parts_of(self._model.answer(joined(batch), every_violation=True), batch))
        except Exception:  # one job spoils it for all: each by itself, so that each gets its own answer
            return self._one_by_one(batch)

    def _one_by_one(self, batch: Sequence[Job]) -> list[Answer | Exception]:
        answers: list[Answer | Exception] = []
        for job in batch:
            try:
                answers.append(self._timed(job.rows, job.count))
            except Exception as error:
                answers.append(error)
        return answers

    def _finish(
        self, batch: Sequence[Job], done: asyncio.Future[tuple[list[Answer | Exception], float, float]]
    ) -> None:
        self._running -= 1
        answers, started, ready = done.result()
        asyncio.get_running_loop().call_soon(self._learn, ready - started, ready)
        self._start()
        for job, answer in zip(batch, answers, strict=True):
            if job.future.done():
                continue
            if isinstance(answer, Exception):
                job.future.set_exception(answer)
            else:
                job.future.set_result(answer)

    def _learn(self, taken: float, ready: float) -> None:
        """How long batches take, and what comes on top of it at worst; the worst is forgotten with time.

        Args:
            taken: seconds of one batch.
            ready: when its answers were; they are sent now. A busy loop has read the requests as late as that.
        """
        late = max(0.0, taken - self._batch_seconds) if self._batch_seconds else 0.0
        lag = time.monotonic() - ready
        self._slack_seconds = max(late + 2 * lag, 0.97 * self._slack_seconds)
        self._batch_seconds = 0.7 * self._batch_seconds + 0.3 * taken

    def _timed(self, rows: Any, count: int) -> Answer:
        started = time.perf_counter()
        answer = self._model.answer(rows, every_violation=True)
        taken = time.perf_counter() - started
        if count <= _FEW_ROWS:
            known = taken if self.seconds is None else self.seconds
            # One long interruption by something else on the machine says nothing about the model: many do.
            self.seconds = 0.8 * known + 0.2 * min(taken, 2 * known)
        return answer


def _too_late() -> HttpError:
    return HttpError(503, "The server is full: an answer would come too late.", {"retry-after": "1"})
