"""What HTTP and gRPC have in common: places, lanes to the models, counting and taking down."""

from __future__ import annotations

import asyncio
from typing import Any

from sevenfold.deployment.hosting import Host, Hosted
from sevenfold.deployment.lanes import Lane
from sevenfold.deployment.metrics import Metrics
from sevenfold.deployment.request import Limits
from sevenfold.deployment.runtime import Answer
from sevenfold.deployment.workers import Workers

SMALL_BYTES = 16 * 2**10  # bodies up to this size are read where they arrive, larger ones in a thread
SMALL_ROWS = 4


class Answering:
    """Answers rows with hosted models.

    Args:
        host: the models.
        limits: what one request may cost.
    """

    def __init__(self, host: Host, limits: Limits) -> None:
        self.host = host
        self.limits = limits
        self.workers = Workers(limits)
        self.metrics = Metrics(host.all[0])
        self.draining = False

    @property
    def ready(self) -> bool:
        """Whether every model is loaded and the server is not ending."""
        return self.host.ready and not self.draining

    def lane(self, hosted: Hosted) -> Lane:
        """The way to a hosted model."""
        if hosted.way is None or hosted.way[0] is not self:
            hosted.way = self, Lane(hosted, self.workers, self.limits)
        lane: Lane = hosted.way[1]
        return lane

    async def warm(self) -> None:
        """Let every model predict once before the first client asks."""
        for hosted in self.host.all:
            await self.workers.run(self.lane(hosted).warm)

    async def answer(
        self, hosted: Hosted, rows: Any, count: int, request_id: str, *, seconds: float | None = None
    ) -> Answer:
        """The answer for `count` rows, counted and taken down.

        Args:
            hosted: who answers.
            rows: a list of records, or a frame.
            request_id: which later labels will bear.
            seconds: that the client will wait.
        Raises:
            HttpError: 503, the answer would come too late.
            DataError: more than half of the columns that the model uses are missing.
        """
        lane = self.lane(hosted)
        if count <= SMALL_ROWS and lane.quick:
            return self.at_once(hosted, rows, count, request_id)
        return self._counted(hosted, rows, await lane.answer(rows, count, seconds), request_id)

    def at_once(self, hosted: Hosted, rows: Any, count: int, request_id: str) -> Answer:
        """`answer` without waiting, where the lane is quick and the rows are few."""
        return self._counted(hosted, rows, self.lane(hosted).at_once(rows, count), request_id)

    def _counted(self, hosted: Hosted, rows: Any, answer: Answer, request_id: str) -> Answer:
        self.metrics.answered(hosted, answer)
        if hosted.recorder is not None:
            if type(rows) is list:
                answer.reading.records = rows
            hosted.recorder.record(request_id, answer)
        return answer

    @property
    def dropped(self) -> int:
        """Requests that the recorders could not take down."""
        return sum(hosted.recorder.dropped for hosted in self.host.all if hosted.recorder is not None)

    async def close(self) -> None:
        """End threads and recorders; nothing is answered afterwards."""
        self.draining = True
        await asyncio.to_thread(self.workers.close)
        await asyncio.to_thread(self.host.close)
