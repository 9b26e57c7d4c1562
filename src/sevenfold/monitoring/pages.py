"""Where answered requests wait to be written: pages of memory that are used again and again.

Of a usual request, one record of plain numbers, there are doubles side by side and nothing else. Objects would take
several times the memory, which the thread that answers would have to touch anew with every request.

One thread puts requests in, another takes them. Nothing is locked: a request is there once its id is, which is put in
last; each count is changed by one of the two only; and a page is used again only after a newer one has been begun.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sevenfold.deployment.runtime import Reading
from sevenfold.monitoring.columns import KeptRow

if TYPE_CHECKING:
    import numpy.typing as npt

    from sevenfold.core.arrays import Floats, Ints

Odd: TypeAlias = "tuple[tuple[KeptRow, ...] | Reading, npt.NDArray[Any], Floats, tuple[int, ...]]"
"""Of a request that is not usual: its rows as `ColumnReader.keep` gives them or typed already, labels and values as in
`Answer`, and how many violations each row has, empty for none at all."""

_MOST_BYTES = 16 * 2**20  # of a page
_SPARE = 2  # pages that are kept for later


class Page:
    """Some requests, one below the other.

    Args:
        requests: for how many there is room.
        width: doubles of a request.
    """

    __slots__ = ("buffer", "matrix", "odd", "others", "requests", "taken")

    def __init__(self, requests: int, width: int) -> None:
        self.buffer = bytearray(8 * requests * width)
        self.matrix: Floats = np.frombuffer(self.buffer).reshape(requests, width)
        self.clear()

    def clear(self) -> None:
        """Hold nothing any more."""
        self.requests: list[str] = []
        self.others: list[tuple[Any, ...]] = []  # values of a usual record that are no numbers; none where none can be
        self.odd: list[tuple[int, Odd]] = []
        self.taken = 0


@dataclass(frozen=True)
class Part:
    """Requests that were taken together.

    Args:
        requests: ids.
        matrix: (requests, width) seconds since 1970, then the numbers of a usual record and the values of its answer.
            It is used again soon.
        others: values of usual records that are no numbers, in the place of each request.
        odd: requests that are not usual, with their places, ascending.
    """

    requests: Sequence[str]
    matrix: Floats
    others: Sequence[tuple[Any, ...]]
    odd: Sequence[tuple[int, Odd]]

    @property
    def times(self) -> Floats:
        """(requests,) seconds since 1970."""
        return self.matrix[:, 0]

    @property
    def rows(self) -> int:
        """Rows of all requests."""
        return len(self.requests) + sum(len(labels) - 1 for _, (_, labels, _, _) in self.odd)

    def at(self, places: Ints) -> Part:
        """The requests at some places, which ascend."""
        found = {int(place): number for number, place in enumerate(places)}
        return Part(
            [self.requests[place] for place in found],
            self.matrix[places],
            [self.others[place] for place in found] if self.others else self.others,
            [(found[place], odd) for place, odd in self.odd if place in found],
        )


class Pages:
    """What one thread puts in and another takes.

    Args:
        requests: of a page; fewer where they are very wide.
        width: doubles of a request.
    """

    def __init__(self, requests: int, width: int) -> None:
        self.requests = max(1, min(requests, _MOST_BYTES // (8 * width)))
        self._width = width
        self._page = Page(self.requests, width)
        self._pages = deque([self._page])
        self._spare: deque[Page] = deque()
        self.put = self.put_rows = 0  # how many there ever were
        self.taken = self.taken_rows = 0

    def open(self) -> Page:
        """For who puts in: a page with room for a request."""
        page = self._page
        return page if len(page.requests) < self.requests else self._next()

    def _next(self) -> Page:
        page = self._spare.popleft() if self._spare else Page(self.requests, self._width)
        self._pages.append(page)
        self._page = page
        return page

    def take(self) -> Iterator[Part]:
        """For who takes: what is there now, and what comes into the last page until its turn."""
        for _ in range(len(self._pages)):
            page = self._pages[0]
            part = _taken(page)
            if part.requests:
                self.taken += len(part.requests)
                self.taken_rows += part.rows
                yield part
            if page.taken < self.requests or len(self._pages) == 1:
                return
            self._pages.popleft()
            page.clear()
            if len(self._spare) < _SPARE:
                self._spare.append(page)


def _taken(page: Page) -> Part:
    first, last = page.taken, len(page.requests)
    page.taken = last
    odd = [(place - first, found) for place, found in page.odd[:] if first <= place < last]
    return Part(page.requests[first:last], page.matrix[first:last], page.others[first:last], odd)
