"""Work off the event loop, and bounds on how many requests may wait and how much memory their bodies may take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

from sevenfold.deployment.request import HttpError, Limits

T = TypeVar("T")


class Workers:
    """A few threads, and a count of the requests under way. Used from one event loop."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.threads = ThreadPoolExecutor(limits.threads, thread_name_prefix="sevenfold-predict")
        self.under_way = 0
        self._held = 0

    def place(self) -> Workers:
        """A place for one request, as a block of `with` from when its body has come until it is answered.

        Raises:
            HttpError: 503, all places are taken.
        """
        if self.under_way >= self._limits.waiting:
            raise HttpError(503, "The server is full; try again.", {"retry-after": "1"})
        return self

    def __enter__(self) -> Workers:
        self.under_way += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.under_way -= 1

    def hold(self, size: int) -> None:
        """Account for bytes of bodies that are in memory; `release` them in the end.

        Raises:
            HttpError: 503, there are too many.
        """
        if self._held + size > self._limits.held_bytes:
            raise HttpError(503, "The server is full; try again.", {"retry-after": "1"})
        self._held += size

    def admit(self, size: int) -> None:
        """Whether a request that is answered before anything else happens has a place, and its body room.

        Raises:
            HttpError: 503.
        """
        if self._held + size > self._limits.held_bytes or self.under_way >= self._limits.waiting:
            raise HttpError(503, "The server is full; try again.", {"retry-after": "1"})

    def release(self, size: int) -> None:
        """So many bytes are no longer held."""
        self._held -= size

    async def run(self, work: Callable[[], T]) -> T:
        """The result of `work`, done in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)

    def close(self) -> None:
        """End the threads once their work is done."""
        self.threads.shutdown(wait=True)
