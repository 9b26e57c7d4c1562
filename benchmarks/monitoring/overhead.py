"""What counting and logging add to a request, in processor time of the whole server process.

    python benchmarks/monitoring/overhead.py [--requests 8000] [--rounds 6]

The model and the records of `benchmarks/serving` (LightGBM of 100 trees, 20 columns, one record a request), compiled,
over real connections of this machine: two servers in processes of their own, one with a store and one without, are
asked by the same client in turns, A B B A, so that what drifts slowly on the machine falls out. Each counts until the
store has everything: all threads and the writing are in.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "serving"))

import bundle
from client import Connection
from rows import records
from servers import Sevenfold

_WARM_REQUESTS = 2_000
_SETTLE_SECONDS = 3.5  # longer than the log's pause: what is asked has been written
_SURE = 0.95


class Stored(Sevenfold):
    """`sevenfold serve --store`."""

    name = "stored"

    def command(self) -> list[str]:
        return [*super().command(), "--store", str(self.folder / f"store-{self.port}")]


def asked(server: Sevenfold, bodies: list[bytes], count: int) -> float:
    """Processor microseconds of the server for each of so many requests, the writing included."""
    connection = Connection(server.url)
    prepared = [connection.prepared(body) for body in bodies]
    before = server.cpu_seconds()
    for number in range(count):
        connection.ask(prepared[number % len(prepared)])
    connection.close()
    time.sleep(_SETTLE_SECONDS)
    return (server.cpu_seconds() - before) / count * 1e6


def median_with_interval(values: list[float]) -> tuple[float, float, float]:
    """The median, and the order statistics that hold the true one in 95 % of cases, whatever the distribution."""
    ordered, count = sorted(values), len(values)
    cut = 0
    while 2 * cut + 2 < count and 2 * sum(math.comb(count, k) for k in range(cut + 2)) / 2**count <= 1 - _SURE:
        cut += 1
    return statistics.median(ordered), ordered[cut], ordered[-1 - cut]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--requests", default=8_000, type=int)
    options.add_argument("--rounds", default=6, type=int, help="each asks without, with, with, without a store")
    given = options.parse_args()
    bodies = records(500)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle.make(folder)
        plain, stored = Sevenfold(sys.executable, folder), Stored(sys.executable, folder)
        with plain, stored:
            for server in (plain, stored):
                server.wait_until_it_answers(bodies[0])
                asked(server, bodies, _WARM_REQUESTS)
            pairs: list[tuple[float, float]] = []
            for _ in range(given.rounds):
                a, b, c, d = (asked(server, bodies, given.requests) for server in (plain, stored, stored, plain))
                pairs += [(a, b), (d, c)]
                print(f"without {a:.1f}, with {b:.1f}, with {c:.1f}, without {d:.1f}", flush=True)
    without, with_store = (statistics.median(side) for side in zip(*pairs, strict=True))
    share, low, high = median_with_interval([(b - a) / a for a, b in pairs])
    more, least, most = median_with_interval([b - a for a, b in pairs])
    print(f"CPU µs a request, {len(pairs)} pairs of {given.requests:,} requests each:")
    print(f"medians: {without:.1f} without, {with_store:.1f} with a store")
    print(f"paired: {more:+.1f} ({least:+.1f} to {most:+.1f}), {share:+.1%} ({low:+.1%} to {high:+.1%})")


if __name__ == "__main__":
    main()
