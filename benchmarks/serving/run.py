"""CPU time a request and latency of one client, for Sevenfold and others, in one run.

    python benchmarks/serving/run.py [--mlserver PYTHON] [--bentoml PYTHON] [--seconds 5] [--rounds 3]

A rival is measured where the interpreter of a virtual environment is given in which it is installed:
`pip install mlserver mlserver-lightgbm`, `pip install bentoml lightgbm`. Every server has one worker and answers the
same records with the same trees; servers take turns, several rounds, and the median round counts.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import bundle
from client import latencies
from rows import COLUMNS, LEAVES, TREES, records
from servers import OURS, RIVALS, THIS_PYTHON, Server

RESULTS = Path(__file__).parent / "RESULTS.md"
_WARM_SECONDS = 1.0


def measured(server: Server, bodies: list[bytes], seconds: float) -> dict[str, float]:
    """One round: CPU microseconds a request, latencies in milliseconds, memory in MB."""
    asked = [server.body(body) for body in bodies]
    latencies(server.connection(), asked, _WARM_SECONDS)
    before = server.cpu_seconds()
    taken = latencies(server.connection(), asked, seconds)
    cpu = server.cpu_seconds() - before
    cuts = statistics.quantiles(taken, n=100)
    return {
        "cpu": cpu / len(taken) * 1e6,
        "p50": statistics.median(taken) * 1e3,
        "p99": cuts[98] * 1e3,
        "memory": server.memory_bytes() / 2**20,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in RIVALS:
        parser.add_argument(f"--{name}", metavar="PYTHON", help=f"interpreter of an environment with {name}")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    bodies = records(500)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle.make(folder)
        servers: list[Server] = [kind(THIS_PYTHON, folder) for kind in OURS]
        servers += [kind(getattr(arguments, n), folder) for n, kind in RIVALS.items() if getattr(arguments, n)]
        rounds: dict[str, list[dict[str, float]]] = {}
        for _ in range(arguments.rounds):
            for server in servers:
                with server:
                    server.wait_until_it_answers(bodies[0])
                    found = measured(server, bodies, arguments.seconds)
                rounds.setdefault(server.name, []).append(found)
                print(server.name, {key: round(value, 3) for key, value in found.items()}, flush=True)
    arguments.out.write_text(table(rounds, servers), encoding="utf-8")


def table(rounds: dict[str, list[dict[str, float]]], servers: list[Server]) -> str:
    middle = {name: {k: statistics.median(r[k] for r in found) for k in found[0]} for name, found in rounds.items()}
    ours = middle["sevenfold"]["cpu"]
    lines = [
        "# One record a request, one client, one worker",
        "",
        f"LightGBM of {TREES} trees with {LEAVES} leaves, a JSON record of {len(COLUMNS)} columns; made by",
        "`python benchmarks/serving/run.py` on " + datetime.now(UTC).strftime("%Y-%m-%d") + ", median of "
        f"{len(next(iter(rounds.values())))} rounds. CPU time is of the server's processes; latencies are as the",
        "client sees them, on a shared machine: compare within this table only.",
        "",
        "| server | CPU µs a request | times Sevenfold | p50 ms | p99 ms | memory MB |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for server in servers:
        row = middle[server.name]
        numbers = (
            f"{row['cpu']:,.0f} | {row['cpu'] / ours:.2f} | {row['p50']:.2f} | {row['p99']:.2f} | {row['memory']:.0f}"
        )
        lines.append(f"| {server.name} | {numbers} |")
    lines += ["", *(f"- {server.name}: {(server.__doc__ or '').strip()}" for server in servers), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
