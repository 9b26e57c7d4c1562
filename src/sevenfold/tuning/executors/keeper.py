"""What a zygote becomes once no further worker is expected: it waits for the end of its input, and ends the workers.

Run by its path, without site packages, in the process that the zygote was: some MB instead of the libraries' 70.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterable


def end(workers: Iterable[int]) -> None:
    """Kill these processes, those that are there."""
    for worker in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)


def main() -> None:
    """Wait for the end of standard input, then end the workers, whose numbers are the arguments."""
    while os.read(0, 4096):
        pass
    end(map(int, sys.argv[1:]))


if __name__ == "__main__":
    main()
