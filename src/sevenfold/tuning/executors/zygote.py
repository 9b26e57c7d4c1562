"""A process that has imported the heavy libraries once, and forks a worker of itself on demand.

A worker is ready in milliseconds instead of seconds, shares the libraries' memory, and can be killed without
loss. The zygote itself starts no threads: neither polars' nor OpenMP's pools exist before the fork.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import sys

from sevenfold.core.registry import installed_points
from sevenfold.training.memory import give_back
from sevenfold.tuning.executors import keeper
from sevenfold.tuning.executors.imports import load
from sevenfold.tuning.executors.lean import keep_lean

NEEDED = (
    "numpy",
    "scipy.sparse",
    "lightgbm",
    "polars",
    "scipy.optimize",
    "safetensors.numpy",
    "threadpoolctl",
    "sevenfold.tuning.objective",
    "sevenfold.tuning.worker",
)
"""What every trial needs; whoever asks for a worker waits for it. What some models need besides, a worker loads with
its first job of that kind: loaded here, each process would hold it."""


def main() -> None:
    """Read lines from standard input: "import MODULE" loads a library for all later workers, "fork ADDRESS" makes a
    worker, "settle" makes a keeper of this process, the end of input ends everything."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    keep_lean()
    for name in NEEDED:
        load(name)
    installed_points()  # read once for all workers
    give_back()
    gc.freeze()  # a collection marks what it looks at: each worker would get its own copy of every page
    children: list[int] = []
    lines = b""
    while True:
        read = os.read(0, 4096)
        if not read:
            break
        *whole, lines = (lines + read).split(b"\n")
        for line in whole:
            verb, _, argument = line.decode().strip().partition(" ")
            if verb == "import":
                load(argument)
                continue
            if verb == "settle":
                # The same process goes on, so that its workers do not lose their parent.
                os.execv(sys.executable, [sys.executable, "-I", "-S", keeper.__file__, *map(str, children)])
            child = os.fork()
            if child == 0:
                _become_worker(argument)
            children.append(child)
    keeper.end(children)


def _become_worker(address: str) -> None:
    die_with_parent()
    os.close(0)
    from sevenfold.tuning.worker import serve

    status = 1
    try:
        serve(address)
        status = 0
    finally:
        os._exit(status)


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent ends (Linux; elsewhere the socket's end does it)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)


if __name__ == "__main__":
    main()
