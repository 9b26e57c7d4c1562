"""Work off the event loop, and bounds on how many requests may wait and how much memory their bodies may take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for one request, from when its body has come until it is answered.

        Raises:
            HttpError: 503, all places are taken.
        """
        if self.under_way >= self._limits.waiting:
            raise HttpError(503, "The server is full; try again.", {"retry-after": "1"})
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1

    def hold(self, size: int) -> None:
        """Account for bytes of bodies that are in memory; `release` them in the end.

        Raises:
            HttpError: 503, there are too many.
        """
        if self._held + size > self._limits.held_bytes:
            raise HttpError(503, "The server is full; try again.", {"retry-after": "1"})
        self._held += size

    def release(self, size: int) -> None:
        """So many bytes are no longer held."""
        self._held -= size

    async def run(self, work: Callable[[], T]) -> T:
        """The result of `work`, done in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)

    def close(self) -> None:
        """End the threads once their work is done."""
        self.threads.shutdown(wait=True)
