"""What counting and logging add to a request, in processor time of the whole server process.

    python benchmarks/monitoring/overhead.py [--requests 20000] [--rounds 7]

The model and the records of `benchmarks/serving` (LightGBM of 100 trees, 20 columns, one record a request), compiled,
over real connections of this machine: two servers in processes of their own, one with a store and one without, are
asked by the same client in turns. A round counts until the store has everything: all threads and the writing are in.
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
from client import Connection
from rows import records
from servers import Sevenfold

_WARM_REQUESTS = 2_000
_SETTLE_SECONDS = 6.0  # longer than the log's pause: what is asked has been written


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


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--requests", default=20_000, type=int)
    options.add_argument("--rounds", default=7, type=int)
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
            pairs = []
            for number in range(given.rounds):
                order = (plain, stored) if number % 2 == 0 else (stored, plain)
                found = {server.name: asked(server, bodies, given.requests) for server in order}
                pairs.append((found[plain.name], found[stored.name]))
                print({key: round(value, 1) for key, value in found.items()}, flush=True)
    without, with_store = (statistics.median(side) for side in zip(*pairs, strict=True))
    shares = sorted((b - a) / a for a, b in pairs)
    print(f"CPU µs a request, medians of {given.rounds} paired rounds of {given.requests:,} requests:")
    print(f"{without:.0f} without, {with_store:.0f} with a store; median of pairs {statistics.median(shares):+.1%}")
    print("rounds: " + ", ".join(f"{share:+.1%}" for share in shares))


if __name__ == "__main__":
    main()
