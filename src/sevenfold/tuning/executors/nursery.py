"""Zygotes from the executor's side: the one that makes workers, and those that only keep what they have made."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from sevenfold.core.errors import LimitError
from sevenfold.training.memory import EARLY


class Nursery:
    """Has workers made by a zygote process, which may shrink to a keeper of them; the next worker then comes from a new
    one.

    Args:
        log: file that receives what libraries print in workers.
    """

    def __init__(self, log: Path | None = None) -> None:
        self._log = log
        self._preloaded: list[str] = []
        self._retired: list[subprocess.Popen[bytes]] = []
        self.shrunk = False
        self.zygote = self._start()

    def preload(self, *modules: str) -> None:
        """Load libraries once for all workers that are made later."""
        self._preloaded.extend(modules)
        self._import(modules)

    def ask(self, address: str) -> None:
        """Have a worker made, which connects to that socket.

        Raises:
            LimitError: no process can be had.
        """
        if self.shrunk:
            self._retired.append(self.zygote)  # it keeps the workers that it forked
            self.zygote, self.shrunk = self._start(), False
            self._import(self._preloaded)
        self._tell(f"fork {address}\n")

    def shrink(self) -> None:
        """Let the libraries go: no further worker is expected soon."""
        if not self.shrunk:
            self._tell("settle\n")
            self.shrunk = True

    def forget(self, keeping: set[int]) -> None:
        """End the keepers of nobody.

        Args:
            keeping: process numbers of zygotes whose workers live.
        """
        for zygote in [old for old in self._retired if old.pid not in keeping]:
            self._retired.remove(zygote)
            _end(zygote)

    @property
    def ended(self) -> bool:
        """Whether the zygote is gone."""
        return self.zygote.poll() is not None

    def close(self) -> None:
        """End all of them."""
        for zygote in [*self._retired, self.zygote]:
            _end(zygote)

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "POLARS_MAX_THREADS": "1",
            "OMP_WAIT_POLICY": "PASSIVE",
            "PYTHONHASHSEED": "0",
            # Two workers would each keep their largest moment.
            **EARLY,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }
        with (self._log or Path(os.devnull)).open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "sevenfold.tuning.executors.zygote"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=True,
            )

    def _import(self, modules: list[str] | tuple[str, ...]) -> None:
        self._tell("".join(f"import {module}\n" for module in modules))

    def _tell(self, lines: str) -> None:
        assert self.zygote.stdin is not None
        try:
            self.zygote.stdin.write(lines.encode())
            self.zygote.stdin.flush()
        except OSError as error:
            raise LimitError(
                "No worker process can be started.",
                "a process to fork workers from",
                repr(error),
                "Run `sevenfold doctor`, and see whether memory is short.",
            ) from error


def _end(zygote: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        zygote.kill()
    with contextlib.suppress(OSError, ValueError):
        if zygote.stdin is not None:
            zygote.stdin.close()
    zygote.wait()
