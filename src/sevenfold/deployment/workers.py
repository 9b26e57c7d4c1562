"""Predictions off the event loop, with a bound on how many may wait."""

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
        self._threads = ThreadPoolExecutor(limits.threads, thread_name_prefix="sevenfold-predict")
        self.under_way = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for one request, from before its body is read until it is answered.

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

    async def run(self, work: Callable[[], T]) -> T:
        """The result of `work`, done in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """End the threads once their work is done."""
        self._threads.shutdown(wait=True)
