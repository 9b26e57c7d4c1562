"""Shadow traffic: another version answers what the served one has answered, and nobody waits for it."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, final

from sevenfold.core.task import Goal
from sevenfold.data.clean import polars_type
from sevenfold.deployment.hosting import Hosted
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.recorder import Recorder
from sevenfold.deployment.runtime import Answer

_LOG = logging.getLogger("sevenfold.serve")
WAITING = 1_000
WAITING_ROWS = 20_000  # in one request; larger ones are dropped: they would hold up all others


@dataclass(frozen=True)
class Pair:
    """One request as both versions answered it.

    Args:
        request: its id.
        served: who answered it.
        answer: what the client was told.
        shadow: the other version.
        other: what it would have told.
    """

    request: str
    served: Hosted
    answer: Answer
    shadow: Hosted
    other: Answer


Sink: TypeAlias = Callable[[Pair], None]


class Shadow:
    """Answers in a thread of its own what it is shown, and hands both answers to a sink.

    It reads rows as the served model has read them: columns that only the shadow knows count as missing.

    Args:
        hosted: the version that answers in the shadow; `swap` puts another in its place.
        sink: takes the pairs down.
        waiting: requests that may wait; more are dropped and counted.
    """

    def __init__(self, hosted: Hosted, sink: Sink, waiting: int = WAITING) -> None:
        self.hosted = hosted
        self.dropped = 0
        self.failed = 0
        self.answered = 0
        self._sink = sink
        self._queue: queue.Queue[tuple[str, Hosted, Answer] | None] = queue.Queue(waiting)
        self._thread = threading.Thread(target=self._work, name="sevenfold-shadow", daemon=True)
        self._thread.start()

    def show(self, request: str, served: Hosted, answer: Answer) -> None:
        """Show it one request; never raises, never waits."""
        if len(answer.labels) > WAITING_ROWS:
            self.dropped += 1
            return
        try:
            self._queue.put_nowait((request, served, answer))
        except queue.Full:
            self.dropped += 1

    def swap(self, hosted: Hosted) -> None:
        """Let another version answer in the shadow from now on."""
        self.hosted = hosted

    def close(self) -> None:
        """Answer what is waiting, and stop. A second call does nothing."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _work(self) -> None:
        while (entry := self._queue.get()) is not None:
            hosted = self.hosted
            try:
                request, served, answer = entry
                other = _answer(hosted.model, answer)
                self._sink(Pair(request, served, answer, hosted, other))
                self.answered += 1
            except Exception as error:  # whatever a version on trial does, the server goes on; the loss is counted
                self.failed += 1
                if self.failed == 1:
                    _LOG.warning('{"shadow": "failed", "error": "%s"}', type(error).__name__)


def _answer(model: LoadedModel, served: Answer) -> Answer:
    """What a model says of rows that another one has read."""
    table, runtime = served.reading.table, model.runtime
    alike = {column.name: polars_type(column.kind) for column in model.inputs} == dict(table.schema)
    if not alike or model.task.goal is Goal.RECOMMENDATION:
        return model.answer(table)
    values = runtime.predict(table)
    return Answer(served.reading, runtime.decide(values), values, model.task.goal.is_classification)


@final
class Mirrored(Recorder):
    """Takes down answers like another recorder, and shows them to a shadow.

    Args:
        recorder: takes them down; None for nobody.
        shadow: is shown them; it outlives this recorder, which does not close it.
    """

    def __init__(self, recorder: Recorder | None, shadow: Shadow) -> None:
        self._recorder = recorder
        self._shadow = shadow
        self.served: Hosted | None = None  # who answers: known once it is hosted

    def record(self, request: str, answer: Answer) -> None:
        """Take down one request, and show it."""
        if self._recorder is not None:
            self._recorder.record(request, answer)
        if self.served is not None:
            self._shadow.show(request, self.served, answer)

    @property
    def dropped(self) -> int:
        """Requests that could not be taken down, or that the shadow has missed."""
        missed = self._shadow.dropped + self._shadow.failed
        return missed + (0 if self._recorder is None else self._recorder.dropped)

    def close(self) -> None:
        """Write what is waiting."""
        if self._recorder is not None:
            self._recorder.close()
