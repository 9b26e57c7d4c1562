"""The briefest way: one plain record, asked of a model without a canary, by who stays connected.

Nearly all requests of nearly all servers are of this kind, and what a request costs beside its prediction is mostly
calls from one small part to the next. Here the parts are asked in one go. Whatever is not as plain as can be is left to
the short way, before anything is counted; both give the same bytes.
"""

from __future__ import annotations

import time

from sevenfold.deployment.answering import Answering
from sevenfold.deployment.documents import flat
from sevenfold.deployment.hosting import Hosted
from sevenfold.deployment.replies import Heads

_JSON = "application/json"


class Briefly:
    """Answers single records. Used from the event loop only.

    Args:
        answering: the models.
        heads: of answers.
    """

    def __init__(self, answering: Answering, heads: Heads) -> None:
        self._answering = answering
        self._heads = heads

    def answer(
        self, name: str | None, content_type: str | None, body: bytes, request_id: str, started: float
    ) -> tuple[bytes, Hosted, float] | None:
        """The whole answer to a request that may be answered, counted and taken down; None, and nothing done, where it
        must go the short way.

        Args:
            name: of the model; None for the first.
            content_type: as the client says it.
            body: not packed, and no longer than the server's limits.
            request_id: for the answer and the record.
            started: when the request's first byte came, on the clock of `time.perf_counter`.
        Returns:
            head and body of the answer, who gave it, and how many seconds it took.
        """
        answering = self._answering
        hosted = answering.host.only(name)
        if content_type != _JSON or hosted is None or hosted.pictures or answering.draining:
            return None
        lane = answering.lane(hosted)
        if not lane.quick or (record := flat(body)) is None:
            return None
        hosted.uses += 1
        try:
            answer = lane.at_once([record], 1)
            whole = self._heads.whole(hosted.one_row.text(answer, request_id), request_id, hosted)
            if hosted.recorder is not None:
                answer.reading.records = [record]
                hosted.recorder.record(request_id, answer)
        except Exception:  # the short way meets it again, and tells the client
            return None
        finally:
            hosted.uses -= 1
        seconds = time.perf_counter() - started
        answering.metrics.one(hosted, len(answer.reading.violations), seconds)
        return whole, hosted, seconds
