"""What counting and logging add to a request, in processor time of each thread of the server.

    python benchmarks/monitoring/overhead.py [--requests 20000] [--block 400]

The model and the records of `benchmarks/serving` (LightGBM of 100 trees, 20 columns, one record a request), compiled,
over real connections of this machine: two servers in processes of their own, one with a store and one without, are
asked by the same client in turns, some hundred requests at a time, so that what slows the machine slows both. Linux
counts the nanoseconds of each thread: the one that answers is compared block by block, and those of the log, with its
libraries' helpers, are counted until the store has everything.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "serving"))

import bundle
from rows import records
from servers import Sevenfold

_WARM_REQUESTS = 2_000
_SETTLE_SECONDS = 6.0  # longer than the log's pauses: what was asked has been written


class Stored(Sevenfold):
    """`sevenfold serve --store`."""

    name = "stored"

    def command(self) -> list[str]:
        return [*super().command(), "--store", str(self.folder / f"store-{self.port}")]


class Asked:
    """A server, and one connection to it."""

    def __init__(self, server: Sevenfold, bodies: list[bytes]) -> None:
        self._connection = server.connection()
        self._requests = [self._connection.prepared(body) for body in bodies]
        self._tasks = Path(f"/proc/{server.process.pid}/task")
        self._main = str(server.process.pid)
        self._number = 0

    def seconds(self, count: int) -> float:
        """Of the thread that answers, for so many requests."""
        before = self._of(self._main)
        for _ in range(count):
            self._connection.ask(self._requests[self._number % len(self._requests)])
            self._number += 1
        return self._of(self._main) - before

    def others(self) -> float:
        """Seconds of all other threads so far."""
        return sum(self._of(task.name) for task in self._tasks.iterdir() if task.name != self._main)

    def _of(self, task: str) -> float:
        return int((self._tasks / task / "schedstat").read_text().split()[0]) / 1e9


def measured(ways: list[Asked], total: int, block: int) -> tuple[list[tuple[float, float]], list[float]]:
    """Seconds of the answering threads, block by block, and of all others; without and with a store."""
    time.sleep(_SETTLE_SECONDS)
    before = [way.others() for way in ways]
    pairs: list[tuple[float, float]] = []
    for number in range(total // block):
        taken = {place: ways[place].seconds(block) for place in ((0, 1), (1, 0))[number % 2]}
        pairs.append((taken[0], taken[1]))
    time.sleep(_SETTLE_SECONDS)
    return pairs, [way.others() - had for way, had in zip(ways, before, strict=True)]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--requests", default=20_000, type=int)
    options.add_argument("--block", default=400, type=int)
    given = options.parse_args()
    bodies = records(500)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle.make(folder)
        plain, stored = Sevenfold(sys.executable, folder), Stored(sys.executable, folder)
        with plain, stored:
            for server in (plain, stored):
                server.wait_until_it_answers(bodies[0])
            ways = [Asked(server, bodies) for server in (plain, stored)]
            for way in ways:
                way.seconds(_WARM_REQUESTS)
            pairs, others = measured(ways, given.requests, given.block)
    count = len(pairs) * given.block
    one = 1e6 / given.block
    without, with_store = (statistics.median(side) * one for side in zip(*pairs, strict=True))
    cuts = [cut * one for cut in statistics.quantiles([b - a for a, b in pairs], n=4)]
    log = (others[1] - others[0]) / count * 1e6
    print(f"CPU µs a request, {count:,} requests each, in blocks of {given.block}:")
    print(f"the thread that answers: {without:.1f} without, {with_store:.1f} with a store")
    print(f"paired: {cuts[1]:+.2f}, half of the blocks within {cuts[0]:+.2f} to {cuts[2]:+.2f}")
    print(f"other threads: {log:+.2f}; together {cuts[1] + log:+.1f}, {(cuts[1] + log) / without:+.1%}")


if __name__ == "__main__":
    main()
