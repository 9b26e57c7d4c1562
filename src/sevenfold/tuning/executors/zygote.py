"""A process that has imported the heavy libraries once, and forks a worker of itself on demand.

A worker is ready in milliseconds instead of seconds, shares the libraries' memory, and can be killed without
loss. The zygote itself starts no threads: neither polars' nor OpenMP's pools exist before the fork.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import signal
import sys

from sevenfold.tuning.executors.lean import keep_lean

# What every run needs, and no more: a worker loads the rest with the first job that asks for it.
PRELOADED = (
    "numpy",
    "scipy.sparse",
    "polars",
    "lightgbm",
    "safetensors.numpy",
    "sevenfold.tuning.worker",
)


def main() -> None:
    """Read lines from standard input: "import MODULE" loads a library for all later workers, "fork ADDRESS" makes a
    worker, the end of input ends everything."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    keep_lean()
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    children: list[int] = []
    for line in sys.stdin:
        verb, _, address = line.strip().partition(" ")
        if verb == "import":
            with contextlib.suppress(ImportError):
                importlib.import_module(address)
            continue
        child = os.fork()
        if child == 0:
            _become_worker(address)
        children.append(child)
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


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
