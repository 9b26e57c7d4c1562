"""What a store adds to a request, counted inside one process: processor time of the code alone.

    python benchmarks/monitoring/cost.py [--requests 40000] [--block 200]

The model and the records of `benchmarks/serving`. Whole requests are given to the server's own protocol as bytes, and
its answers are taken from a transport that keeps nothing: all of Sevenfold's path is in, sockets are not.
Blocks of some hundred requests go to a service without and one with a store in turns, milliseconds apart, so that a
busy machine slows both; the processor time of the thread that answers is compared block by block. The log's own thread
is counted by its own clock, from the first request until everything is written.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "serving"))

import bundle
from rows import records

from sevenfold.deployment.bundle import load
from sevenfold.deployment.hosting import Host, Hosted
from sevenfold.deployment.model import LoadedModel
from sevenfold.deployment.recorder import Recorder
from sevenfold.deployment.request import Limits
from sevenfold.deployment.server import config_of
from sevenfold.deployment.service import Service
from sevenfold.monitoring.log import Log, LogSettings

_MOST_WAITING = 10_000
_HEAD = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"


class Nowhere(asyncio.Transport):
    """Takes what is written and keeps nothing."""

    answered = 0

    def write(self, data: Any) -> None:
        self.answered += data.startswith(b"HTTP/1.1 200")

    def is_closing(self) -> bool:
        return False


class Way:
    """A service with one connection."""

    def __init__(self, model: LoadedModel, recorder: Recorder | None, loop: asyncio.AbstractEventLoop) -> None:
        from uvicorn.server import ServerState

        limits = Limits()
        self.service = Service(Host(Hosted(model, "model", "1", recorder)), limits=limits)
        config = config_of(self.service, limits)
        config.load()
        made: Any = config.http_protocol_class
        self.protocol = made(config, ServerState(), {}, loop)
        self.transport = Nowhere()
        self.protocol.connection_made(self.transport)

    def seconds(self, requests: list[bytes]) -> float:
        """Of this thread, for all of them."""
        ask = self.protocol.data_received
        started = time.thread_time()
        for request in requests:
            ask(request)
        return time.thread_time() - started


def thread_seconds(log: Log) -> float:
    """Processor time of the log's own thread so far."""
    thread = log._thread
    assert thread.ident is not None
    return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))


async def measured(model: LoadedModel, log: Log, total: int, block: int) -> None:
    loop = asyncio.get_running_loop()
    ways = [Way(model, None, loop), Way(model, log, loop)]
    for way in ways:
        await way.service.answering.warm()
    gc.collect()
    gc.freeze()  # as the server does
    requests = [_HEAD.format(len(body)).encode() + body for body in records(500)]
    for way in ways:
        way.seconds(requests)
    while log.waiting:
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)
    written, everything = thread_seconds(log), time.process_time()
    pairs: list[tuple[float, float]] = []
    for number in range(total // block):
        part = [requests[(number * block + k) % len(requests)] for k in range(block)]
        order = (0, 1) if number % 2 == 0 else (1, 0)
        taken = {place: ways[place].seconds(part) / block * 1e6 for place in order}
        pairs.append((taken[0], taken[1]))
        while log.waiting >= _MOST_WAITING:  # nothing is refused; asking without a rest leaves threads no turn
            await asyncio.sleep(0.05)
    asked = len(pairs) * block
    while log.waiting:
        await asyncio.sleep(0.1)
    await asyncio.sleep(3)  # longer than a pause: flushed and synced
    written = (thread_seconds(log) - written) / asked * 1e6
    everything = (time.process_time() - everything) / asked * 1e6 - sum(map(sum, pairs)) / len(pairs)
    assert ways[0].transport.answered == ways[1].transport.answered == asked + len(requests)
    assert log.dropped == 0
    without, with_store = (statistics.median(side) for side in zip(*pairs, strict=True))
    cuts = statistics.quantiles([b - a for a, b in pairs], n=4)
    more = cuts[1] + everything
    print(f"CPU µs a request, {asked:,} requests each, in blocks of {block}:")
    print(f"the thread that answers: {without:.1f} without, {with_store:.1f} with a store")
    print(f"paired: {cuts[1]:+.2f}, half of the blocks within {cuts[0]:+.2f} to {cuts[2]:+.2f}")
    quiet = [statistics.quantiles(side, n=10)[0] for side in zip(*pairs, strict=True)]
    print(f"quietest tenth of the blocks: {quiet[0]:.1f} without, {quiet[1]:.1f} with a store")
    print(f"other threads: {everything:.2f}, the log's own {written:.2f}; together {more:+.1f}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--requests", default=40_000, type=int)
    options.add_argument("--block", default=200, type=int)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle.make(folder)
        model = load(folder / "model.sevenfold")
        log = Log(folder / "store", model, LogSettings())
        try:
            asyncio.run(measured(model, log, given.requests, given.block))
        finally:
            log.close()


if __name__ == "__main__":
    main()
