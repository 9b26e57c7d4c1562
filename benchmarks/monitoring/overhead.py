"""What counting and logging add to a request, in processor time of the whole server process.

    python benchmarks/monitoring/overhead.py [--requests 2000] [--rounds 5]

A LightGBM of one trial on 20 columns answers one record a request, through the service without a network: the least
that a request can cost, so the share is the largest that monitoring can take. Rounds with and without a log take turns.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

import sevenfold
from sevenfold.deployment.service import Service
from sevenfold.monitoring.log import Log


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--requests", default=2000, type=int)
    options.add_argument("--rounds", default=5, type=int)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        stream = np.random.default_rng(0)
        data = {f"n{i}": stream.normal(size=3000) for i in range(14)}
        data |= {f"c{i}": stream.choice(list("abcdef"), 3000) for i in range(6)}
        table = pl.DataFrame(data).with_columns(y=pl.Series(data["n0"] + stream.normal(size=3000) > 0))
        run = sevenfold.train(table, target="y", trials=1, models=["lightgbm"], folds=2, out=str(Path(scratch) / "run"))
        records = table.drop("y")[: given.requests].to_dicts()
        bodies = [json.dumps(record).encode() for record in records]
        plain, logged, recording = [], [], []
        for number in range(given.rounds):
            plain.append(_seconds(Service(run.model), bodies)[0])
            log = Log(Path(scratch) / f"store-{number}", run.model)
            seconds, answering = _seconds(Service(run.model, recorder=log), bodies, log)
            logged.append(seconds)
            recording.append(answering)
            assert log.dropped == 0
        each = 1e6 / len(bodies)
        without, with_log = statistics.median(plain) * each, statistics.median(logged) * each
        pairs = [(b - a) / a for a, b in zip(plain, logged, strict=True)]
        print(
            f"CPU µs a request: {without:.0f} without, {with_log:.0f} with a log, all threads and the last write "
            f"included: +{statistics.median(pairs):.1%} (rounds: {', '.join(f'{p:+.1%}' for p in sorted(pairs))})"
        )
        print(f"of which on the request's own path: {statistics.median(recording) * each:.1f} µs")


def _seconds(service: Service, bodies: list[bytes], log: Log | None = None) -> tuple[float, float]:
    """Processor seconds of all requests, the log's closing included, and of the recording alone."""
    spent = [0.0]
    if log is not None:
        record = log.record

        def timed(request, answer):
            begun = time.thread_time()
            record(request, answer)
            spent[0] += time.thread_time() - begun

        service._recorder = type("Timed", (), {"record": staticmethod(timed), "dropped": 0})()
    begun = time.process_time()
    asyncio.run(_ask(service, bodies))
    if log is not None:
        log.close()
    return time.process_time() - begun, spent[0]


async def _ask(service: Service, bodies: list[bytes]) -> None:
    scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b""}
    for body in bodies:
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        status = []

        async def receive(body=body):
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message, status=status):
            if message["type"] == "http.response.start":
                status.append(message["status"])

        await service({**scope, "headers": headers}, receive, send)
        assert status == [200], status


if __name__ == "__main__":
    main()
